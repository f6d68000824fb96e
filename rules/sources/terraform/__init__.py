"""Terraform: text to syntax (`parse`), syntax to values (`evaluate`)."""
