"""The workspace runtime contract and how it is checked.

Pure: trees of text go in, findings come out. Nothing in here talks to a network, a clock, GitHub or a configuration
file, and nothing in here imports `bot`.
"""
