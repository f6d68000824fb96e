"""python-hcl2's grammar and lexer, as a parser of our own that leaves out what python-hcl2 needs and we do not.

python-hcl2's parser works out where each node begins and ends while it reduces, which is a third of its time. Every
token knows its place, and no token is dropped: the few nodes that are asked for theirs have it from their tokens.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

from lark import Lark

if TYPE_CHECKING:
    from lark.lark import PostLex

CACHE = Path(__file__).with_name(".grammar.bin")
"""The compiled grammar. The first parse writes it, where the folder can be written: to compile takes 1.4 s."""


@lru_cache(maxsize=1)
def parser() -> Lark:
    package = find_spec("hcl2")
    assert package is not None
    assert package.origin is not None
    postlex = _post_lexer(Path(package.origin).with_name("postlexer.py"))
    return Lark.open("hcl2.lark", rel_to=package.origin, parser="lalr", postlex=postlex, cache=str(CACHE))


def _post_lexer(path: Path) -> PostLex:
    """python-hcl2's own, by its file: to import the package is to load all that writes HCL too, for 13 ms."""
    spec = spec_from_file_location("hcl2_postlexer", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    made: PostLex = module.PostLexer()
    return made
