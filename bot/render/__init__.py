"""A report in the formats that people and machines read: one module a format, each with `render(report) -> str`."""
