"""Small edits of the full-sized repository, each with what the review must say of it: ``python -m tests.mutations``."""
