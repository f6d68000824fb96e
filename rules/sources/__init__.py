"""Text to syntax with positions: terraform, shell, dockerfile, diff."""
