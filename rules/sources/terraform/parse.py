"""Terraform text to the tree of `syntax`, through the tree of python-hcl2's grammar.

A syntax error costs the top-level block that it stands in, not the file: that block is reported and left out, the rest
is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import accumulate

from rules.sources.terraform import template
from rules.sources.terraform.grammar import parser
from rules.sources.terraform.lalr import Child, Node, Token, UnexpectedInput
from rules.sources.terraform.syntax import (
    Attribute,
    Binary,
    Block,
    Body,
    Call,
    Conditional,
    Expr,
    File,
    ForExpr,
    GetAttr,
    Index,
    Interpolation,
    Literal,
    Name,
    ObjectExpr,
    Splat,
    SyntaxProblem,
    Template,
    TemplatePart,
    TupleExpr,
    Unary,
)
from rules.sources.text import Piece, Position

MAX_BROKEN_BLOCKS = 20
"""Syntax errors after which the rest of a file is given up (and said to be)."""

MAX_DIGITS = 300
"""A whole number with more digits is taken for infinite: more than a float can hold."""

MAX_TREES = 1024
"""Parsed pieces of text that are kept: most of a file is the same at the base, at the head and in the next review."""

_TOP_LEVEL = re.compile(
    r"^(?:check|data|import|locals|module|moved|output|provider|removed|resource|terraform|variable)\b[^=\n]*\{",
    re.MULTILINE,
)
_BLOCK_START = re.compile(r"^[A-Za-z_][\w-]*[^=\n]*\{", re.MULTILINE)
_HEREDOC = re.compile(r"<<-?([A-Za-z][\w.-]*)\r?\n")
_APART = re.compile(
    r'"(?:\\.|[^"\\])*"|<<-?([A-Za-z][\w.-]*)\r?\n(?s:.*?)^\s*\1\r?$|(?:#|//)[^\n]*|/\*(?s:.*?)\*/', re.MULTILINE
)
"""What has its own rules inside: strings, heredocs and comments."""

_TRIVIA = "new_line_or_comment"
_MAX_DEPTH_SENTENCE = "nests expressions too deeply to be read"


class _Refused(UnexpectedInput):
    """Text that python-hcl2 takes and Terraform does not: a string in escaped quotes."""


@lru_cache(maxsize=256)
def parse(text: str, path: str) -> File:
    """The syntax tree of one ``.tf`` (or ``.tfvars``) file. Never raises: what is broken is in `problems`."""
    problems: list[SyntaxProblem] = []
    source = text if text.endswith("\n") else text + "\n"
    for _ in range(MAX_BROKEN_BLOCKS):
        try:
            return File(path, _body(source, path), tuple(problems))
        except RecursionError:
            return File(path, Body({}, ()), (SyntaxProblem(path, 1, _MAX_DEPTH_SENTENCE, 1, source.count("\n")),))
        except UnexpectedInput as error:
            problem, source = _without_broken_block(source, path, error)
            problems.append(problem)
    last = source.count("\n")
    problems.append(SyntaxProblem(path, 1, f"has more than {MAX_BROKEN_BLOCKS} syntax errors", 1, last))
    return File(path, Body({}, ()), tuple(problems))


@lru_cache(maxsize=MAX_TREES)
def _tree(source: str) -> Node:
    # The line more is python-hcl2's too: its grammar has no end of a file.
    try:
        return parser().parse(f"{source}\n")
    except UnexpectedInput:
        bare = _APART.sub(_bare, source)
        if bare == source:
            raise
        return parser().parse(f"{bare}\n")


def _bare(match: re.Match[str]) -> str:
    """A block comment as white space. Terraform takes one anywhere, python-hcl2 only where a line can end."""
    return re.sub("[^\n]", " ", match[0]) if match[0].startswith("/*") else match[0]


def _body(source: str, path: str) -> Body:
    """A file, parsed block by block where that can be told apart, so that an unchanged block is parsed once.

    A file is a sequence of blocks: where each piece is whole in itself, the pieces together are the file.
    """
    starts = [0, *(match.start() for match in _TOP_LEVEL.finditer(source) if match.start())]
    pieces = [source[start:end] for start, end in zip(starts, [*starts[1:], len(source)], strict=True)]
    lines = [0, *accumulate(piece.count("\n") for piece in pieces)]
    try:
        bodies = [_piece(piece, path, line) for piece, line in zip(pieces, lines, strict=False)]
    except UnexpectedInput:  # a heredoc has a line that looks like a block, or the file is broken
        bodies = [_piece(source, path, 0)]
    attributes = {name: attribute for body in bodies for name, attribute in body.attributes.items()}
    return Body(attributes, tuple(block for body in bodies for block in body.blocks))


@lru_cache(maxsize=MAX_TREES)
def _piece(source: str, path: str, line: int) -> Body:
    """A part of a file, after its first `line` lines."""
    return _Reader(path, line).body(_child(_tree(source), "body"))


def parse_expression(source: str, at: Position) -> Expr | None:
    """The expression inside ``${…}``, with positions of the file it stands in; None if it is no expression."""
    try:
        body = _child(_tree(f"_=({source}\n)\n"), "body")
        attribute = next(_trees(body, "attribute"), None)
        if attribute is None or len(_parts(body)) != 1:
            return None
        return _Reader(at.path, at.line - 1, at.column - 4).expression(_parts(attribute)[-1])
    except (UnexpectedInput, RecursionError):
        return None


def _without_broken_block(source: str, path: str, error: UnexpectedInput) -> tuple[SyntaxProblem, str]:
    """The problem that `error` tells of, and `source` with the top-level block around it blanked."""
    lines = source.count("\n")
    first, last = _block_around(source, min(error.line, lines))
    kept = source.split("\n")
    kept[first - 1 : last] = [""] * (last - first + 1)
    return SyntaxProblem(path, min(error.line, lines), _sentence(source, error.line), first, last), "\n".join(kept)


def _block_around(source: str, line: int) -> tuple[int, int]:
    """Lines of the top-level block that holds `line`, judged by its first column: robust where braces are broken."""
    lines = source.split("\n")
    heads = [number for number, text in enumerate(lines, 1) if _BLOCK_START.match(text)]
    first = max((head for head in heads if head <= line), default=1)
    following = min((head for head in heads if head > line), default=len(lines))
    closing = (number for number in range(line, following) if lines[number - 1].startswith("}"))
    last = next(closing, following - 1)
    return first, max(last, line)


def _sentence(source: str, line: int) -> str:
    text = source.split("\n")[line - 1].strip()
    return f"is not valid Terraform here: {text[:80]!r}" if text else "is not valid Terraform here"


def _child(tree: Node, data: str) -> Node:
    return next(_trees(tree, data))


def _trees(tree: Node, data: str) -> Iterator[Node]:
    return (child for child in tree.children if isinstance(child, Node) and child.data == data)


def _parts(tree: Node) -> list[Node]:
    return [child for child in tree.children if isinstance(child, Node) and child.data != _TRIVIA]


def _word(tree: Node) -> str:
    """The text of an identifier, keyword or literal_value node."""
    return _first_token(tree).text.strip()


def _number(text: str) -> float:
    whole = text.lstrip("-").isdecimal() and len(text) <= MAX_DIGITS
    return int(text) if whole else float(text)


def _first_token(node: Child) -> Token:
    """Where `node` begins; no node that is asked begins with a part that can be empty."""
    while isinstance(node, Node):
        node = node.children[0]
    return node


def _last_line(node: Child) -> int:
    """The line of the last character that belongs to `node`, without the newlines and comments that trail it."""
    while isinstance(node, Node):
        node = next(c for c in reversed(node.children) if isinstance(c, Token) or c.data != _TRIVIA)
    # A heredoc's token runs over the newline after its terminator.
    return node.line + node.text.rstrip().count("\n")


def _is_strip(node: Child) -> bool:
    return isinstance(node, Token) and node.kind == "STRIP_MARKER"


class _Reader:
    """Turns grammar nodes into those of `syntax`; a shift of lines, and of the first line's column, serves pieces."""

    def __init__(self, path: str, lines: int = 0, columns: int = 0) -> None:
        self.path, self.lines, self.columns = path, lines, columns

    def at(self, node: Child) -> Position:
        token = _first_token(node)
        column = token.column + self.columns if token.line == 1 else token.column
        return Position(self.path, token.line + self.lines, column)

    def body(self, tree: Node) -> Body:
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        for node in _parts(tree):
            if node.data == "attribute":
                attribute = self.attribute(node)
                attributes[attribute.name] = attribute
            elif node.data == "block":
                blocks.append(self.block(node))
        return Body(attributes, tuple(blocks))

    def attribute(self, tree: Node) -> Attribute:
        name, *_, value = _parts(tree)
        expr = self.expression(value)
        return Attribute(_word(name), expr, self.at(tree), _last_line(value) + self.lines)

    def block(self, tree: Node) -> Block:
        labels: list[str] = []
        for node in _parts(tree):
            if node.data == "body":
                body = self.body(node)
            elif node.data == "string":
                labels.append("".join(piece.text for piece in self.string(node) if isinstance(piece, Piece)))
            else:
                labels.append(_word(node))
        return Block(labels[0], tuple(labels[1:]), body, self.at(tree), _last_line(tree) + self.lines)

    def expression(self, tree: Node) -> Expr:
        while tree.data == "expr_term":  # the parenthesised form too
            (tree,) = _parts(tree)
        return _READERS[tree.data](self, tree)

    def string(self, tree: Node) -> tuple[TemplatePart, ...]:
        found: list[Piece | template.Stripping] = []
        for part in _trees(tree, "string_part"):
            child = part.children[0]
            if isinstance(child, Token):
                found.extend(template.unescape(child.text, self.at(child)))
            else:
                before, after = (_is_strip(child.children[index]) for index in (1, -2))
                found.append(template.Stripping(self.sequence(child), before, after))
        return template.assemble(template.stripped(found))

    def sequence(self, tree: Node) -> template.Token:
        at, inner = self.at(tree), _parts(tree)
        if tree.data == "interpolation":
            expr = self.expression(inner[0])
            return Interpolation(expr, show(expr), at)
        if tree.data == "template_if_start":
            return template.If(self.expression(inner[0]), at)
        if tree.data == "template_for_start":
            *names, collection = inner
            words = [_word(name) for name in names]
            return template.For(words[0] if len(words) > 1 else None, words[-1], self.expression(collection), at)
        return template.Keyword({"template_else": "else", "template_endif": "endif"}.get(tree.data, "endfor"), at)

    def heredoc(self, tree: Node) -> Template:
        raw = _first_token(tree).text
        head = _HEREDOC.match(raw)
        body_start = head.end() if head else 0
        body_end = raw.rstrip("\r\n").rfind("\n") + 1
        start = self.at(tree)
        first_line = Position(self.path, start.line + 1, 1)
        parts = template.heredoc(
            raw[body_start:body_end], first_line, trim=raw.startswith("<<-"), parse=parse_expression
        )
        return Template(parts, start)

    def call(self, tree: Node) -> Call:
        names, arguments, expand = [], [], False
        for node in _parts(tree):
            if node.data == "identifier":
                names.append(_word(node))
            else:
                arguments = [self.expression(argument) for argument in _parts(node)]
                expand = any(isinstance(child, Token) and child.kind == "ELLIPSIS" for child in node.children)
        return Call("::".join(names), tuple(arguments), expand, self.at(tree))

    def index(self, tree: Node) -> Expr:
        of, index = _parts(tree)
        return Index(self.expression(of), self.index_key(index), self.at(tree))

    def index_key(self, tree: Node) -> Expr:
        if tree.data == "short_index":
            return Literal(_number(_first_token(tree.children[-1]).text), self.at(tree))
        return self.expression(_parts(tree)[0])

    def get_attr(self, tree: Node) -> GetAttr:
        of, attr = _parts(tree)
        return GetAttr(self.expression(of), _word(_parts(attr)[0]), self.at(tree))

    def splat(self, tree: Node) -> Splat:
        of, rest = _parts(tree)
        path = tuple(
            _word(_parts(step)[0]) if step.data == "get_attr" else self.index_key(step) for step in _parts(rest)
        )
        return Splat(self.expression(of), path, self.at(tree))

    def binary(self, tree: Node) -> Binary:
        left, term = _parts(tree)
        operator, right = _parts(term)
        return Binary(_word(operator), self.expression(left), self.expression(right), self.at(tree))

    def unary(self, tree: Node) -> Unary:
        return Unary(_first_token(tree).text, self.expression(_parts(tree)[0]), self.at(tree))

    def conditional(self, tree: Node) -> Conditional:
        condition, then, otherwise = (self.expression(part) for part in _parts(tree))
        return Conditional(condition, then, otherwise, self.at(tree))

    def object(self, tree: Node) -> ObjectExpr:
        items = []
        for element in _trees(tree, "object_elem"):
            key, value = _parts(element)
            items.append((self.object_key(key), self.expression(value)))
        return ObjectExpr(tuple(items), self.at(tree))

    def object_key(self, tree: Node) -> Expr:
        inner = _parts(tree)[0]
        if inner.data == "keyword":
            return Template((Piece(_word(inner), self.at(inner)),), self.at(inner))
        key = self.expression(inner)
        parenthesised = isinstance(inner.children[0], Token)
        if isinstance(key, Name) and not parenthesised:
            return Template((Piece(key.name, key.at),), key.at)
        return key

    def for_expr(self, tree: Node) -> ForExpr:
        intro, *results = _parts(tree)
        condition = None
        if results[-1].data == "for_cond":
            condition = self.expression(_parts(results.pop())[-1])
        *names, collection = _parts(intro)
        words = [_word(name) for name in names]
        values = [self.expression(result) for result in results]
        grouping = any(isinstance(child, Token) and child.kind == "ELLIPSIS" for child in tree.children)
        return ForExpr(
            words[0] if len(words) > 1 else None,
            words[-1],
            self.expression(collection),
            values[0] if len(values) > 1 else None,
            values[-1],
            grouping,
            condition,
            self.at(tree),
        )

    def literal(self, tree: Node) -> Literal:
        return Literal({"true": True, "false": False}.get(_word(tree)), self.at(tree))

    def number(self, tree: Node) -> Literal:
        return Literal(_number(_first_token(tree).text), self.at(tree))

    def escaped_string(self, tree: Node) -> Expr:
        raise _Refused(_first_token(tree).line)


_READERS: dict[str, Callable[[_Reader, Node], Expr]] = {
    "string": lambda reader, tree: Template(reader.string(tree), reader.at(tree)),
    "heredoc_template": _Reader.heredoc,
    "heredoc_template_trim": _Reader.heredoc,
    "identifier": lambda reader, tree: Name(_word(tree), reader.at(tree)),
    "literal_value": _Reader.literal,
    "int_lit": _Reader.number,
    "float_lit": _Reader.number,
    "function_call": _Reader.call,
    "index_expr_term": _Reader.index,
    "get_attr_expr_term": _Reader.get_attr,
    "attr_splat_expr_term": _Reader.splat,
    "full_splat_expr_term": _Reader.splat,
    "binary_op": _Reader.binary,
    "unary_op": _Reader.unary,
    "conditional": _Reader.conditional,
    "template_string": _Reader.escaped_string,
    "tuple": lambda reader, tree: TupleExpr(tuple(map(reader.expression, _parts(tree))), reader.at(tree)),
    "object": _Reader.object,
    "for_tuple_expr": _Reader.for_expr,
    "for_object_expr": _Reader.for_expr,
}


def show(expr: Expr) -> str:
    """A short reading of an expression for a person: references as written, the rest by its kind."""
    match expr:
        case Name(name):
            return name
        case GetAttr(of, name):
            return f"{show(of)}.{name}"
        case Index(of, key):
            return f"{show(of)}[{show(key)}]"
        case Splat(of, path):
            return f"{show(of)}[*]" + "".join(f".{step}" for step in path if isinstance(step, str))
        case Call(function, arguments):
            return f"{function}({', '.join(map(show, arguments))})"
        case Literal(value):
            return "null" if value is None else str(value).lower()
        case Template(parts):
            first, *more = "".join(_show_part(part) for part in parts).split("\n", 1)
            return f'"{first} …"' if more else f'"{first}"'
        case Conditional(condition, then, otherwise):
            return f"{show(condition)} ? {show(then)} : {show(otherwise)}"
        case Binary(operator, left, right):
            return f"{show(left)} {operator} {show(right)}"
        case Unary(operator, operand):
            return f"{operator}{show(operand)}"
        case TupleExpr(items):
            return "[" + ", ".join(map(show, items)) + "]"
        case ObjectExpr(items):
            return "{" + ", ".join(f"{show(key)} = {show(value)}" for key, value in items) + "}"
        case ForExpr(_, value, collection):
            return f"[for {value} in {show(collection)} : …]"


def _show_part(part: TemplatePart) -> str:
    match part:
        case Piece(text):
            return text
        case Interpolation(_, source):
            return "${" + source + "}"
        case _:
            return "…"
