"""A file is parsed block by block: what comes out is what the file as a whole says, and a block is parsed once."""

from __future__ import annotations

from collections.abc import Iterator

import hcl2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark import Token, Tree
from lark.exceptions import LarkError

from rules.sources.terraform import parse as parsing
from rules.sources.terraform.lalr import Node
from rules.sources.terraform.parse import parse
from rules.sources.terraform.syntax import File
from tests.rules.harness import repository

TEMPLATES = [path for path in repository().files if path.endswith(".tf")]

PIECES = (
    'variable "a" {\n  default = "}"\n}\n',
    'locals {\n  x = <<EOT\nresource "a" "b" {\nEOT\n}\n',
    "locals {\n  y = <<-EOT\n    locals {\n    EOT\n  z = 1\n}\n",
    "data {\n}\n",
    'resource "a" "b" { c = 1 }\n',
    "/* locals {\n*/\n",
    "# data {\n",
    "x = 1\n",
    "locals {\n",
    "}\n",
    "EOT\n",
    'output "o" {\n  value = [\n    for a in b : {\nmodule = "x" }\n  ]\n}\n',
    "\n",
)


@pytest.mark.parametrize("path", TEMPLATES)
def test_a_template_is_the_sum_of_its_blocks(path: str) -> None:
    text = repository().files[path]
    assert parse(text, path) == _as_a_whole(text, path)


@pytest.mark.parametrize("path", TEMPLATES)
def test_a_node_begins_where_python_hcl2_says(path: str) -> None:
    text = repository().files[path]
    for theirs, ours in _nodes(hcl2.parses_to_tree(text), parsing._tree(text)):
        assert theirs.data == ours.data
        if not theirs.meta.empty:
            first = parsing._first_token(ours)
            assert (first.line, first.column) == (theirs.meta.line, theirs.meta.column)


@pytest.mark.parametrize(
    "text",
    [
        'a = %s "b"\n',
        "a {\n  b = [for c in %s d : c]\n}\n",
        "a = b %s ? c : d\n",
        'a "b" %s "c" {\n}\n',
    ],
)
def test_a_comment_stands_anywhere(text: str) -> None:
    bare = parse(text % (" " * 7), "a.tf")
    assert not bare.problems
    assert parse(text % '/* " */', "a.tf") == bare


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join))
def test_any_file_is_the_sum_of_its_blocks(text: str) -> None:
    try:
        hcl2.parses_to_tree(text)
    except LarkError:
        assert parse(text, "a.tf").problems
    else:
        assert parse(text, "a.tf") == _as_a_whole(text, "a.tf")


def test_what_a_change_leaves_alone_is_not_parsed_again() -> None:
    path = "user-defined-web/template.tf"
    text = repository().files[path]
    # What another test has left in one of these may be gone from the next.
    for cache in (parse, parsing._piece, parsing._tree):
        cache.cache_clear()
    parse(text, path)
    before = parsing._tree.cache_info().misses
    parse(f"# one line more\n{text}\nlocals {{\n  added = 1\n}}\n", path)
    assert parsing._tree.cache_info().misses - before <= 3


def _as_a_whole(text: str, path: str) -> File:
    """What the same text gives where it is not taken apart."""
    tree = parsing._tree(text if text.endswith("\n") else text + "\n")
    return File(path, parsing._Reader(path).body(parsing._child(tree, "body")), ())


def _nodes(theirs: Tree[Token], ours: Node) -> Iterator[tuple[Tree[Token], Node]]:
    yield theirs, ours
    for their, our in zip(theirs.children, ours.children, strict=True):
        if isinstance(their, Tree):
            assert isinstance(our, Node)
            yield from _nodes(their, our)
