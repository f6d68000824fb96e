"""What a variable's declared type adds to its value: the defaults of optional attributes.

See https://developer.hashicorp.com/terraform/language/expressions/type-constraints#optional-object-type-attributes
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from rules.sources.terraform.syntax import Call, Expr, ObjectExpr, Template
from rules.sources.terraform.values import Alternative, ListData, MapData, Value, known
from rules.sources.text import Piece

Evaluate = Callable[[Expr], Value]


def completed(value: Value, declared: Expr, evaluate: Evaluate) -> Value:
    """The value with a default wherever its type has one and it says nothing."""
    if not isinstance(declared, Call) or not declared.arguments:
        return value
    inner = declared.arguments[0]
    match declared.function:
        case "object" if isinstance(inner, ObjectExpr):
            return value.map(lambda each: Value((_object(each, inner, evaluate),)))
        case "list" | "set" | "map":
            return value.map(lambda each: Value((_collection(each, inner, evaluate),)))
        case "optional":
            return completed(value, inner, evaluate)
    return value


def _object(alternative: Alternative, attributes: ObjectExpr, evaluate: Evaluate) -> Alternative:
    data = alternative.data
    if not isinstance(data, MapData):
        return alternative
    given = dict(data.items)
    for key, kind in attributes.items:
        name = _name(key)
        if name is not None and name in given:
            given[name] = completed(given[name], kind, evaluate)
        elif name is not None and not data.open and isinstance(kind, Call) and kind.function == "optional":
            default = evaluate(kind.arguments[1]) if len(kind.arguments) > 1 else known(None, kind.at)
            given[name] = completed(default, kind, evaluate)
    return replace(alternative, data=replace(data, items=tuple(given.items())))


def _collection(alternative: Alternative, kind: Expr, evaluate: Evaluate) -> Alternative:
    data = alternative.data
    if isinstance(data, ListData):
        return replace(alternative, data=replace(data, items=tuple(completed(i, kind, evaluate) for i in data.items)))
    if isinstance(data, MapData):
        items = tuple((name, completed(value, kind, evaluate)) for name, value in data.items)
        return replace(alternative, data=replace(data, items=items))
    return alternative


def _name(key: Expr) -> str | None:
    part = key.parts[0] if isinstance(key, Template) and len(key.parts) == 1 else None
    return part.text if isinstance(part, Piece) else None
