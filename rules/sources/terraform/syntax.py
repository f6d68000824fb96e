"""Terraform text to a small syntax tree in which every node knows its place.

python-hcl2 is the parser (its Lark tree is the only output of it that carries positions). A heredoc is one opaque token
there; `template` takes it apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rules.sources.text import Piece, Position


@dataclass(frozen=True, slots=True)
class Literal:
    """null, a boolean or a number."""

    value: bool | int | float | None
    at: Position


@dataclass(frozen=True, slots=True)
class Template:
    """A quoted string or heredoc: literal pieces, interpolations and directives, in order."""

    parts: tuple[TemplatePart, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Interpolation:
    """``${expr}``. `source` is the expression as written; `expr` is None if Terraform could not parse it."""

    expr: Expr | None
    source: str
    at: Position


@dataclass(frozen=True, slots=True)
class IfDirective:
    condition: Expr
    then: tuple[TemplatePart, ...]
    otherwise: tuple[TemplatePart, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class ForDirective:
    key: str | None
    value: str
    collection: Expr
    body: tuple[TemplatePart, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class BadDirective:
    """``%{…}`` that Terraform refuses, such as curl's ``%{http_code}``."""

    source: str
    at: Position


@dataclass(frozen=True, slots=True)
class Name:
    name: str
    at: Position


@dataclass(frozen=True, slots=True)
class GetAttr:
    of: Expr
    name: str
    at: Position


@dataclass(frozen=True, slots=True)
class Index:
    of: Expr
    key: Expr
    at: Position


@dataclass(frozen=True, slots=True)
class Splat:
    """``of[*].a.b``; `path` holds the attribute names and indexes that follow."""

    of: Expr
    path: tuple[str | Expr, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Call:
    """`expand` is True for ``f(list...)``."""

    function: str
    arguments: tuple[Expr, ...]
    expand: bool
    at: Position


@dataclass(frozen=True, slots=True)
class Conditional:
    condition: Expr
    then: Expr
    otherwise: Expr
    at: Position


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Expr
    right: Expr
    at: Position


@dataclass(frozen=True, slots=True)
class Unary:
    operator: str
    operand: Expr
    at: Position


@dataclass(frozen=True, slots=True)
class TupleExpr:
    items: tuple[Expr, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class ObjectExpr:
    """A bare identifier as a key is a string in HCL and arrives here as a `Template`."""

    items: tuple[tuple[Expr, Expr], ...]
    at: Position


@dataclass(frozen=True, slots=True)
class ForExpr:
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


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    expr: Expr
    at: Position
    end_line: int


@dataclass(frozen=True, slots=True)
class Body:
    """Attributes by name (a repeated one is an error in Terraform; the last is kept) and blocks in order."""

    attributes: dict[str, Attribute]
    blocks: tuple[Block, ...]

    def of_type(self, kind: str) -> Iterator[Block]:
        return (block for block in self.blocks if block.type == kind)


@dataclass(frozen=True, slots=True)
class Block:
    type: str
    labels: tuple[str, ...]
    body: Body
    at: Position
    end_line: int


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """Text that Terraform would refuse; `start` to `end` are the lines left out of the analysis."""

    path: str
    line: int
    message: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class File:
    path: str
    body: Body
    problems: tuple[SyntaxProblem, ...]
