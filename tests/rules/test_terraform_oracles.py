"""Our Terraform against two others: tree-sitter-hcl for the syntax, HashiCorp's own HCL (in tfparse) for the values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import tfparse
import tree_sitter_hcl
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tree_sitter import Language, Node, Parser

from rules.sources.terraform.evaluate import Evaluator
from rules.sources.terraform.parse import parse
from rules.sources.terraform.syntax import Body
from rules.sources.terraform.values import Data, ListData, MapData, Unknown, Value, as_text, number_text
from rules.sources.text import Position
from rules.sources.tree import MemoryTree
from tests.rules.harness import repository

# Syntax

Outline = tuple[str, tuple[str, ...], int, int]

TERRAFORM = sorted(path for path in repository().files if path.endswith(".tf"))


@pytest.mark.parametrize("path", TERRAFORM)
def test_blocks_and_attributes_stand_where_tree_sitter_sees_them(path: str) -> None:
    text = repository().files[path]
    assert sorted(_ours(parse(text, path).body)) == sorted(_theirs(text))


def _ours(body: Body) -> Iterator[Outline]:
    for attribute in body.attributes.values():
        yield "attribute", (attribute.name,), attribute.at.line, attribute.end_line
    for block in body.blocks:
        yield "block", (block.type, *block.labels), block.at.line, block.end_line
        yield from _ours(block.body)


def _theirs(text: str) -> Iterator[Outline]:
    root = Parser(Language(tree_sitter_hcl.language())).parse(text.encode()).root_node
    assert not root.has_error
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type == "block":
            yield "block", tuple(_label(child) for child in node.children[:-1] if _label(child)), *_lines(node)
        elif node.type == "attribute":
            yield "attribute", (_text(node.children[0]),), *_lines(node)
        if node.type != "expression":
            stack.extend(node.children)


def _label(node: Node) -> str:
    return _text(node).strip('"') if node.type in ("identifier", "string_lit") else ""


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def _lines(node: Node) -> tuple[int, int]:
    """The lines of a node; the newline after a heredoc's end is no part of it."""
    last = node.start_point.row + 1 + _text(node).rstrip().count("\n")
    return node.start_point.row + 1, last


# Values: every value that Terraform has is among those that we hold possible


def terraform(source: str) -> dict[str, object]:
    """The locals of a file as HashiCorp's HCL evaluates them, variables at their defaults."""
    with TemporaryDirectory() as folder:
        Path(folder, "main.tf").write_bytes(source.encode())
        found = tfparse.load_from_path(folder)
    merged: dict[str, object] = {}
    for block in found.get("locals", []):
        merged.update(block)
    return merged


def ours(source: str) -> dict[str, Value]:
    evaluator = Evaluator(MemoryTree.of({"t/main.tf": source}), "t")
    root = evaluator.root
    assert evaluator.source.problems == []
    return {name: evaluator.evaluate(attribute.expr, root.scope) for name, attribute in root.locals.items()}


def covers(value: Value, true: object) -> bool:
    """Whether `true` is one of the alternatives, or an alternative is unknown."""
    return any(_is(alternative.data, true) for alternative in value)


def _is(data: Data, true: object) -> bool:
    match data:
        case Unknown(_, _, error):
            return not error
        case ListData(items, is_open):
            if not isinstance(true, list):
                return False
            same = len(items) == len(true) and all(map(covers, items, true))
            return is_open or same
        case MapData(items, is_open):
            if not isinstance(true, dict):
                return False
            same = {name for name, _ in items} == set(true) and all(covers(item, true[name]) for name, item in items)
            return is_open or same
        case None:
            return true is None
    text = as_text(data, Position("", 1, 1))  # the two arms of a conditional take the type of one of them
    assert text is not None
    return text.known is None or text.known == _written(true)


def _written(value: object) -> str | None:
    """A string, number or boolean as Terraform writes it into a string."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return number_text(value)
    return value if isinstance(value, str) else None


def sure(value: Value) -> bool:
    return len(value.alternatives) == 1 and not isinstance(value.alternatives[0].data, Unknown)


VARIABLES = """
variable "name" {
  default = "drupal"
}
variable "size" {
  default = 3
}
variable "flag" {
  default = true
}
variable "names" {
  default = ["b", "a", ""]
}
variable "table" {
  default = { one = "1", two = "zwei" }
}
"""

words = st.text(alphabet="ab-/. é", min_size=0, max_size=5)
plain = words.map(lambda word: f'"{word}"')
separators = st.sampled_from(['"-"', '"/"', '", "', '"a"'])
numbers_plain = st.integers(0, 20).map(str)


def strings(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return st.one_of(plain, st.just("var.name"), st.sampled_from(['"a\\tb"', '"$${x}"', '"%%{y}"', '"\\u00e9"']))
    one, number, flag, many, table = (kind(depth - 1) for kind in (strings, numbers, flags, lists, tables))
    return st.one_of(
        strings(0),
        st.builds('"{0}${{{1}}}{2}"'.format, words, one, words),
        st.builds('"{0}${{{1}}}"'.format, words, number),
        st.builds('"%{{ if {0} }}y{1}%{{ else }}n%{{ endif }}"'.format, flag, words),
        st.builds('"%{{ for x in {0} ~}} <${{x}}> %{{ endfor ~}}"'.format, many),
        st.builds('format("%s-%d", {0}, floor({1}))'.format, one, number),
        st.builds('format("%05d|%-6s|%q", ceil({1}), {0}, {0})'.format, one, number),
        st.builds("join({0}, {1})".format, separators, many),
        st.builds("replace({0}, {1}, {2})".format, one, separators, plain),
        st.builds('replace({0}, "/[ab]+/", "x")'.format, one),
        st.builds("{1}({0})".format, one, st.sampled_from(["lower", "upper", "trimspace", "chomp", "strrev", "title"])),
        st.builds("{2}({0}, {1})".format, one, separators, st.sampled_from(["trimprefix", "trimsuffix", "trim"])),
        st.builds("({0} ? {1} : {2})".format, flag, one, one),
        st.builds('lookup({0}, "one", {1})'.format, table, one),
        st.builds("try({0}.missing, {1})".format, table, one),
        st.builds('coalesce("", {0}, "z")'.format, one),
        st.builds("element(concat({0}, [{1}]), {2})".format, many, one, numbers_plain),
        st.builds("jsonencode({0})".format, st.one_of(many, table, number, flag, one)),
        st.builds("tostring({0})".format, st.one_of(number, flag, one)),
        st.builds("[{0}, {1}][{2}]".format, one, one, st.sampled_from("01")),
        st.builds("indent(2, {0})".format, one),
        st.builds("substr({0}, 0, 2)".format, one),
    )


def numbers(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return st.one_of(numbers_plain, st.just("var.size"))
    number, flag, many, table = (kind(depth - 1) for kind in (numbers, flags, lists, tables))
    return st.one_of(
        numbers(0),
        st.builds("({0} {1} {2})".format, number, st.sampled_from("+-*"), number),
        st.builds("({0} % 7)".format, number),
        st.builds("({0} / 4)".format, number),
        st.builds("(-{0} - 1)".format, numbers_plain.filter(lambda n: n != "0")),
        st.builds("length({0})".format, st.one_of(many, table)),
        st.builds("max({0}, {1}, 5)".format, number, number),
        st.builds("({0} ? {1} : {2})".format, flag, number, number),
        st.builds("{1}({0})".format, number, st.sampled_from(["abs", "ceil", "floor"])),
    )


def flags(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return st.sampled_from(["true", "false", "var.flag"])
    one, number, flag, many = (kind(depth - 1) for kind in (strings, numbers, flags, lists))
    return st.one_of(
        flags(0),
        st.builds("(!{0})".format, flag),
        st.builds("({0} {1} {2})".format, flag, st.sampled_from(["&&", "||", "==", "!="]), flag),
        st.builds("({0} {1} {2})".format, number, st.sampled_from(["<", ">", "<=", ">=", "==", "!="]), number),
        st.builds("({0} == {1})".format, one, one),
        st.builds("contains({0}, {1})".format, many, one),
        st.builds("{2}({0}, {1})".format, one, plain, st.sampled_from(["startswith", "endswith", "strcontains"])),
        st.builds('can(regex("^a", {0}))'.format, one),
    )


def lists(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return st.one_of(st.lists(plain, max_size=3).map(lambda items: f"[{', '.join(items)}]"), st.just("var.names"))
    one, flag, many, table = (kind(depth - 1) for kind in (strings, flags, lists, tables))
    return st.one_of(
        lists(0),
        st.builds("[{0}, {1}]".format, one, one),
        st.builds("concat({0}, {1})".format, many, many),
        st.builds("[for x in {0} : upper(x)]".format, many),
        st.builds('[for i, x in {0} : "${{i}}:${{x}}" if x != "a"]'.format, many),
        st.builds("[for k, v in {0} : k]".format, table),
        st.builds("[for x in {0} : x if {1}]".format, many, flag),
        st.builds("split({1}, {0})".format, one, separators),
        st.builds("{1}({0})".format, many, st.sampled_from(["reverse", "distinct", "compact", "sort"])),
        st.builds("{1}({0})".format, table, st.sampled_from(["keys", "values"])),
        st.builds("slice(concat({0}, [{1}, {1}]), 0, 2)".format, many, one),
        st.builds("flatten([{0}, [{1}]])".format, many, many),
        st.builds("coalescelist({0}, [{1}])".format, many, one),
        st.builds('formatlist("<%s>", {0})'.format, many),
        st.builds('[for k, v in {0} : "#${{k}}"]'.format, many),
        st.builds("tolist(toset({0}))".format, many),
        st.builds('[for k, v in toset({0}) : "#${{k}}"]'.format, many),
        st.builds(
            "tolist(set{1}({0}, {2}))".format, many, st.sampled_from(["union", "intersection", "subtract"]), many
        ),
        st.builds("[{{ n = {0} }}, {{ n = {1} }}][*].n".format, one, one),
    )


def tables(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return st.one_of(st.builds("{{ one = {0}, b = {1} }}".format, plain, plain), st.just("var.table"))
    one, many, table = (kind(depth - 1) for kind in (strings, lists, tables))
    return st.one_of(
        tables(0),
        st.builds("{{ one = {0}, c = {1} }}".format, one, one),
        st.builds('{{ (upper("x")) = {0}, "two" : {1} }}'.format, one, one),
        st.builds("merge({0}, {1})".format, table, table),
        st.builds("{{ for k, v in {0} : k => lower(v) }}".format, table),
        st.builds('{{ for x in {0} : "k${{x}}" => x... }}'.format, many).map(
            lambda text: f'{{ for k, v in {text} : k => join(",", v) }}'
        ),
        st.builds("jsondecode(jsonencode({0}))".format, table),
    )


def source_of(expressions: list[str]) -> str:
    lines = [f"  v{index} = {expression}" for index, expression in enumerate(expressions)]
    return VARIABLES + "locals {\n" + "\n".join(lines) + "\n}\n"


@settings(max_examples=80)
@given(st.lists(st.one_of(strings(2), numbers(2), flags(2), lists(2), tables(2)), min_size=4, max_size=8))
@example(["trimspace(<<-EOT\n\n   a\n  b $${x}\n\n EOT\n  )"])
@example(['"${var.name}"', "{ (var.name) = 1 }", "[for k, v in var.table : k]", "-var.size % 2", "1 / 3"])
def test_the_value_that_terraform_has_is_among_ours(expressions: list[str]) -> None:
    source = source_of(expressions)
    theirs, found = terraform(source), ours(source)
    for index, expression in enumerate(expressions):
        name = f"v{index}"
        if theirs.get(name) is None:
            continue  # Terraform refuses the expression, or tfparse does not know it
        assert covers(found[name], theirs[name]), (expression, found[name], theirs[name])


def test_the_oracle_is_not_vacuous() -> None:
    """Both sides have a value, and ours is one sure value, for a sample of what is generated."""
    sample = [
        '"a${1 + 2}"',
        'join("-", ["a", "b"])',
        "{ a = [1, true] }",
        'format("%s-%d", "x", 3)',
        "[for x in [1] : x]",
    ]
    theirs, found = terraform(source_of(sample)), ours(source_of(sample))
    for index in range(len(sample)):
        value = found[f"v{index}"]
        assert theirs[f"v{index}"] is not None
        assert sure(value)
        assert covers(value, theirs[f"v{index}"])
        assert not covers(value, "something else")
