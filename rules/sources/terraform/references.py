"""What an expression is made from in the end: data, resources, root variables and calls, through locals and modules."""

from __future__ import annotations

from collections.abc import Iterator

from rules.sources.terraform.module import KEEPERS, Module, kept_in
from rules.sources.terraform.syntax import (
    Binary,
    Call,
    Conditional,
    Expr,
    ForDirective,
    ForExpr,
    GetAttr,
    IfDirective,
    Index,
    Interpolation,
    Name,
    ObjectExpr,
    Splat,
    Template,
    TemplatePart,
    TupleExpr,
    Unary,
)

MAX_REFERENCES = 500
"""References followed from one expression."""


def references(expr: Expr, module: Module) -> frozenset[str]:
    """Names such as ``data.coder_workspace.me.name``, ``var.docker_gid``, ``docker_image.web`` and ``timestamp()``.

    Locals, inputs and outputs of local modules are followed to what they are made of, and so is what a resource only
    keeps; a variable of the root module stays one, and so does any other resource.
    """
    found: dict[str, None] = {}
    seen: set[tuple[int, str]] = set()
    waiting: list[tuple[Expr, Module]] = [(expr, module)]
    while waiting and len(seen) < MAX_REFERENCES:
        current, where = waiting.pop()
        for name in written_names(current):
            if (id(where), name) in seen:
                continue
            seen.add((id(where), name))
            source = _source(name, where)
            if source is None:
                found[name] = None
            else:
                waiting.append(source)
    return frozenset(found)


def _source(name: str, module: Module) -> tuple[Expr, Module] | None:
    """The expression behind a name, and the module it stands in; None if the name stays as it is."""
    root, *rest = name.split(".")
    if not rest:
        return None
    if root == "local" and rest[0] in module.locals:
        return module.locals[rest[0]].expr, module
    if root == "module" and rest[0] in module.calls:
        child = module.child(rest[0])
        output = child.outputs.get(rest[1]) if child is not None and len(rest) > 1 else None
        value = output.body.attributes.get("value") if output is not None else None
        return (value.expr, child) if value is not None and child is not None else None
    if root == "var" and module.inputs is not None:
        return _input(rest[0], module)
    if root in KEEPERS and len(rest) > 1 and (root, rest[0]) in module.resources:
        kept = module.resources[root, rest[0]].body.attributes.get(kept_in(root, rest[1]))
        return (kept.expr, module) if kept is not None else None
    return None


def _input(name: str, module: Module) -> tuple[Expr, Module] | None:
    """What the call of a module passes for one of its variables, or the variable's default."""
    *parents, own = [part.rstrip(".") for part in module.address.split("module.")[1:]]
    caller = module.evaluator.root
    for parent in parents:
        child = caller.child(parent)
        if child is None:
            return None
        caller = child
    passed = caller.calls[own].body.attributes.get(name)
    if passed is not None:
        return passed.expr, caller
    block = module.variables.get(name)
    default = block.body.attributes.get("default") if block is not None else None
    return (default.expr, module) if default is not None else None


def written_names(expr: Expr) -> Iterator[str]:  # noqa: C901 (one arm a kind of node)
    """The references and calls written in an expression, names of loops and templates included."""
    match expr:
        case Name(name):
            yield name
        case GetAttr() | Index():
            yield from _in_chain(expr)
        case Splat(of):
            yield from written_names(of)
        case Template(parts):
            yield from _in_parts(parts)
        case Call(function, arguments):
            yield f"{function}()"
            for argument in arguments:
                yield from written_names(argument)
        case Conditional(condition, then, otherwise):
            for each in (condition, then, otherwise):
                yield from written_names(each)
        case Binary(_, left, right):
            yield from written_names(left)
            yield from written_names(right)
        case Unary(_, operand):
            yield from written_names(operand)
        case TupleExpr(items):
            for item in items:
                yield from written_names(item)
        case ObjectExpr(pairs):
            for key, value in pairs:
                yield from written_names(key)
                yield from written_names(value)
        case ForExpr(_, _, collection, result_key, result, _, condition):
            for part in (collection, result_key, result, condition):
                if part is not None:
                    yield from written_names(part)
        case _:
            return


def _in_chain(expr: Expr) -> Iterator[str]:
    """``a.b[c].d`` is one name, ``a.b.d``, and what stands in its brackets."""
    steps: list[str] = []
    keys: list[Expr] = []
    while isinstance(expr, GetAttr | Index):
        if isinstance(expr, GetAttr):
            steps.append(expr.name)
        else:
            keys.append(expr.key)
        expr = expr.of
    if isinstance(expr, Name):
        yield ".".join([expr.name, *reversed(steps)])
    else:
        yield from written_names(expr)
    for key in keys:
        yield from written_names(key)


def _in_parts(parts: tuple[TemplatePart, ...]) -> Iterator[str]:
    for part in parts:
        match part:
            case Interpolation(expr):
                if expr is not None:
                    yield from written_names(expr)
            case IfDirective(condition, then, otherwise):
                yield from written_names(condition)
                yield from _in_parts(then)
                yield from _in_parts(otherwise)
            case ForDirective(_, _, collection, body):
                yield from written_names(collection)
                yield from _in_parts(body)
            case _:
                pass
