"""python-hcl2's grammar and lexer, as a parser of our own that leaves out what python-hcl2 needs and we do not.

python-hcl2's parser works out where each node begins and ends while it reduces, which is a third of its time. Every
token knows its place, and no token is dropped: the few nodes that are asked for theirs have it from their tokens.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from hcl2 import parser as original
from hcl2.postlexer import PostLexer
from lark import Lark

CACHE = Path(__file__).with_name(".grammar.bin")
"""The compiled grammar. The first parse writes it, where the folder can be written: to compile takes 1.4 s."""


@lru_cache(maxsize=1)
def parser() -> Lark:
    return Lark.open("hcl2.lark", rel_to=original.__file__, parser="lalr", postlex=PostLexer(), cache=str(CACHE))
