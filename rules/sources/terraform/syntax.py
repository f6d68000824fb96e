"""Terraform text to a small syntax tree in which every node knows its place.

The grammar is python-hcl2's. A heredoc is one opaque token there; `template` takes it apart.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from rules.sources.text import Piece, Position


class Literal(Struct, frozen=True):
    """null, a boolean or a number."""

    value: bool | int | float | None
    at: Position


class Template(Struct, frozen=True):
    """A quoted string or heredoc: literal pieces, interpolations and directives, in order."""

    parts: tuple[TemplatePart, ...]
    at: Position


class Interpolation(Struct, frozen=True):
    """``${expr}``. `source` is the expression as written; `expr` is None if Terraform could not parse it."""

    expr: Expr | None
    source: str
    at: Position


class IfDirective(Struct, frozen=True):
    condition: Expr
    then: tuple[TemplatePart, ...]
    otherwise: tuple[TemplatePart, ...]
    at: Position


class ForDirective(Struct, frozen=True):
    key: str | None
    value: str
    collection: Expr
    body: tuple[TemplatePart, ...]
    at: Position


class BadDirective(Struct, frozen=True):
    """``%{…}`` that Terraform refuses, such as curl's ``%{http_code}``."""

    source: str
    at: Position


class Name(Struct, frozen=True):
    name: str
    at: Position


class GetAttr(Struct, frozen=True):
    of: Expr
    name: str
    at: Position


class Index(Struct, frozen=True):
    of: Expr
    key: Expr
    at: Position


class Splat(Struct, frozen=True):
    """``of[*].a.b``; `path` holds the attribute names and indexes that follow."""

    of: Expr
    path: tuple[str | Expr, ...]
    at: Position


class Call(Struct, frozen=True):
    """`expand` is True for ``f(list...)``."""

    function: str
    arguments: tuple[Expr, ...]
    expand: bool
    at: Position


class Conditional(Struct, frozen=True):
    condition: Expr
    then: Expr
    otherwise: Expr
    at: Position


class Binary(Struct, frozen=True):
    operator: str
    left: Expr
    right: Expr
    at: Position


class Unary(Struct, frozen=True):
    operator: str
    operand: Expr
    at: Position


class TupleExpr(Struct, frozen=True):
    items: tuple[Expr, ...]
    at: Position


class ObjectExpr(Struct, frozen=True):
    """A bare identifier as a key is a string in HCL and arrives here as a `Template`."""

    items: tuple[tuple[Expr, Expr], ...]
    at: Position


class ForExpr(Struct, frozen=True):
    """A `for` over a collection; `result_key` is None for the tuple form."""

    key: str | None
    value: str
    collection: Expr
    result_key: Expr | None
    result: Expr
    grouping: bool
    condition: Expr | None
    at: Position


Expr = (
    Literal
    | Template
    | Name
    | GetAttr
    | Index
    | Splat
    | Call
    | Conditional
    | Binary
    | Unary
    | TupleExpr
    | ObjectExpr
    | ForExpr
)
TemplatePart = Piece | Interpolation | IfDirective | ForDirective | BadDirective


class Attribute(Struct, frozen=True):
    name: str
    expr: Expr
    at: Position
    end_line: int


class Body(Struct, frozen=True):
    """Attributes by name (a repeated one is an error in Terraform; the last is kept) and blocks in order."""

    attributes: dict[str, Attribute]
    blocks: tuple[Block, ...]

    def of_type(self, kind: str) -> Iterator[Block]:
        return (block for block in self.blocks if block.type == kind)


class Block(Struct, frozen=True):
    type: str
    labels: tuple[str, ...]
    body: Body
    at: Position
    end_line: int


class SyntaxProblem(Struct, frozen=True):
    """Text that Terraform would refuse; `start` to `end` are the lines left out of the analysis."""

    path: str
    line: int
    message: str
    start: int
    end: int


class File(Struct, frozen=True):
    path: str
    body: Body
    problems: tuple[SyntaxProblem, ...]
