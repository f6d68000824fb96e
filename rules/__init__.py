"""The workspace runtime contract and how it is checked.

Pure: trees of text go in, findings come out. Nothing in here talks to a network, a clock, GitHub or a configuration
file, and nothing in here imports `bot`.

Its data are msgspec structs: a check makes tens of thousands, and a dataclass takes half a millisecond to define
besides. Their `replace` is `msgspec.structs.replace`.
"""
