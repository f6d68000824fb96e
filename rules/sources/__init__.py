"""Text to syntax with positions: terraform, shell, dockerfile, diff.

What it is made of are msgspec structs: a check makes tens of thousands of them, which as dataclasses would take a tenth
of its time to define and to make. Their `replace` is `msgspec.structs.replace`.
"""
