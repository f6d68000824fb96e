"""An abstract evaluator of Terraform modules: each attribute becomes the small set of values it can have.

Nothing is executed and no provider is asked. What only an apply could tell is `Unknown`, with the reason.
"""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Callable
from functools import cached_property
from math import prod

from msgspec.structs import replace

from rules.model import Step
from rules.sources.terraform import functions
from rules.sources.terraform.module import (
    MAX_ITEMS,
    BlockInstance,
    Module,
    Presence,
    Scope,
    Source,
    elements_of,
    expand,
    kept_in,
)
from rules.sources.terraform.operators import operate
from rules.sources.terraform.optional import completed
from rules.sources.terraform.parse import parse_expression, show
from rules.sources.terraform.syntax import (
    BadDirective,
    Binary,
    Block,
    Call,
    Conditional,
    Expr,
    ForDirective,
    ForExpr,
    GetAttr,
    IfDirective,
    Index,
    Interpolation,
    Literal,
    Name,
    ObjectExpr,
    Splat,
    Template,
    TemplatePart,
    TupleExpr,
    Unary,
)
from rules.sources.terraform.template import template_file
from rules.sources.terraform.values import (
    MAX_ALTERNATIVES,
    Alternative,
    Data,
    ListData,
    MapData,
    Unknown,
    Value,
    as_bool,
    as_number,
    as_text,
    combine,
    join,
    known,
    unknown,
)
from rules.sources.text import Hole, Piece, Position, Text
from rules.sources.tree import Tree, Unreadable, resolve
from rules.sources.watched import Watched

MAX_DEPTH = 60
"""References followed from one to the next before a value is given up as unknown."""

MAX_MODULE_DEPTH = 6
"""Local modules called from one another."""

MAX_EVALUATIONS = 200_000
"""Expression nodes evaluated for one template; more make what remains unknown."""

NO_NAME = "is no name that Terraform knows here"
NO_EXPRESSION = "is no expression that Terraform can read"
NO_DIRECTIVE = "is no directive that Terraform knows"
_AT_APPLY = "is known only when the template is applied"


class Evaluator:
    """Evaluates one template: its root module and the local modules that it calls."""

    def __init__(self, tree: Tree, root: str) -> None:
        self.source = Source(Watched(tree))
        self.root_path = root
        self._depth = 0
        self._values: dict[tuple[int, str], Value] = {}
        self._busy: set[tuple[int, str]] = set()

    @cached_property
    def root(self) -> Module:
        return Module(self, self.root_path, None, "")

    def call(self, parent: Module, name: str, block: Block) -> Module | None:
        path = parent.source_of(name)
        if not path.startswith(("./", "../")) or parent.address.count("module.") >= MAX_MODULE_DEPTH:
            return None
        self.source.asked.add(posixpath.normpath(posixpath.join(parent.path, path)))
        real = resolve(self.source.tree, posixpath.join(parent.path, path))
        if real is None or not self.source.tree.folder(real):
            self.source.problem(block.at.path, block.at.line, f"calls a module folder that does not exist: {path}")
            return None
        scope = self._block_scope(block, parent.scope)
        inputs = {
            key: self.evaluate(attribute.expr, scope).via(self.source.step(attribute.at))
            for key, attribute in block.body.attributes.items()
            if key not in {"source", "version", "count", "for_each", "providers", "depends_on"}
        }
        return Module(self, real, inputs, f"{parent.address}module.{name}.")

    def known_text(self, expr: Expr, scope: Scope) -> str | None:
        """The one string that an expression is sure to be."""
        only = self.evaluate(expr, scope).only
        return only.data.known if only is not None and isinstance(only.data, Text) else None

    def _block_scope(self, block: Block, scope: Scope) -> Scope:
        instance = next(iter(self.unroll(block, scope)), None)
        return instance.scope if instance is not None else scope

    def unroll(self, block: Block, scope: Scope) -> list[BlockInstance]:
        """A resource or module call over its `count` or `for_each`.

        An unknown count means that it exists: that is what ``data.coder_workspace.me.start_count`` is.
        """
        for_each, count = block.body.attributes.get("for_each"), block.body.attributes.get("count")
        if for_each is not None:
            return [
                BlockInstance(
                    block,
                    scope.with_names({"each": known(MapData((("key", e.key), ("value", e.value))), for_each.at)}),
                    self,
                    "certain" if e.presence == "unknown" else e.presence,
                    e.trail,
                )
                for e in expand(self.evaluate(for_each.expr, scope), for_each.at)
            ]
        if count is None:
            return [BlockInstance(block, scope, self)]
        value = self.evaluate(count.expr, scope)
        numbers = [as_number(alternative.data) for alternative in value]
        if all(n == 0 for n in numbers) and value.only is not None:
            return []
        presence: Presence = "certain" if 0 not in numbers else "conditional" if len(numbers) > 1 else "settable"
        index = unknown("count.index", "differs between instances", count.at)
        each = {"count": known(MapData((("index", index),)), count.at)}
        return [BlockInstance(block, scope.with_names(each), self, presence)]

    # Expressions.

    def evaluate(self, expr: Expr, scope: Scope) -> Value:
        """Every value that `expr` can have. Never raises."""
        self.source.evaluations += 1
        if self._depth >= MAX_DEPTH or self.source.evaluations > MAX_EVALUATIONS:
            return unknown(show(expr), "takes too many steps to evaluate", expr.at)
        self._depth += 1
        try:
            return self._evaluate(expr, scope)
        finally:
            self._depth -= 1

    def _evaluate(self, expr: Expr, scope: Scope) -> Value:
        match expr:
            case Literal(value, at):
                return known(value, at)
            case Template():
                return self.template(expr.parts, scope, expr.at)
            case Name() | GetAttr() | Index():
                return self.reference(expr, scope)
            case Splat():
                return self._splat(expr, scope)
            case Call():
                return self._call(expr, scope)
            case Conditional():
                return self._conditional(expr, scope)
            case Binary():
                return self._binary(expr, scope)
            case Unary():
                return self._unary(expr, scope)
            case TupleExpr(items, at):
                return known(ListData(tuple(self.evaluate(item, scope) for item in items)), at)
            case ObjectExpr():
                return self._object(expr, scope)
            case ForExpr():
                return self._for(expr, scope)

    def _memo(self, owner: object, name: str, at: Position, make: Callable[[], Value]) -> Value:
        key = (id(owner), name)
        if key in self._values:
            return self._values[key]
        if key in self._busy:
            return unknown(name, "refers to itself", at, error=True)
        self._busy.add(key)
        try:
            self._values[key] = make()
        finally:
            self._busy.discard(key)
        return self._values[key]

    def template(self, parts: tuple[TemplatePart, ...], scope: Scope, at: Position) -> Value:
        """A string or heredoc. One that is nothing but an interpolation is that value, as in Terraform."""
        if len(parts) == 1 and isinstance(parts[0], Interpolation) and parts[0].expr is not None:
            return self.evaluate(parts[0].expr, scope)
        pieces = [part for part in parts if isinstance(part, Piece) and _is_written_at(part.start, at)]
        if len(pieces) == len(parts):
            return known(Text(tuple(pieces)), at)
        values = [self._part(part, scope) for part in parts]
        if any(isinstance(part, Piece) and "\n" in part.text for part in parts):
            values = _with_choices(parts, values)
        values = _within_bounds(values)

        def concatenate(chosen: tuple[Alternative, ...]) -> Value:
            text = Text(tuple(piece for a in chosen for piece in _as_parts(a)))
            return known(text, at, self._ways(chosen, at))

        return combine(values, concatenate, at)

    def _ways(self, alternatives: tuple[Alternative, ...], at: Position) -> tuple[Step, ...]:
        return tuple(dict.fromkeys(step for alternative in alternatives for step in self._way(alternative, at)))

    def _way(self, alternative: Alternative, at: Position) -> tuple[Step, ...]:
        """The steps by which a part of what stands at `at` came, if it was not written there itself."""
        if _is_written_at(alternative.at, at) and not alternative.trail + alternative.made_of:
            return ()
        if isinstance(alternative.data, Unknown):
            return ()
        return (*alternative.made_of, self.source.step(alternative.at), *alternative.trail)

    def _part(self, part: TemplatePart, scope: Scope) -> Value:
        match part:
            case Piece(_, start):
                return known(Text((part,)), start)
            case Interpolation(None, source, at):
                return unknown(source, NO_EXPRESSION, at, error=True)
            case Interpolation(expr, source, at) if expr is not None:
                return self.evaluate(expr, scope).map(lambda a: self._interpolated(a, source, at))
            case IfDirective(condition, then, otherwise, at):
                arms = self._arms(self.evaluate(condition, scope))
                return join(self.template(then if arm else otherwise, scope, at) for arm in arms)
            case ForDirective():
                return self._for_directive(part, scope)
            case BadDirective(source, at):
                return unknown(source, NO_DIRECTIVE, at, error=True)
        raise AssertionError(part)

    def _interpolated(self, alternative: Alternative, source: str, at: Position) -> Value:
        text = as_text(alternative.data, at)
        if text is None:
            return unknown(source, "is not a string", at, error=True)
        if isinstance(alternative.data, Unknown):
            expression = alternative.data.expression or source
            return Value((replace(alternative, data=replace(alternative.data, expression=expression), at=at),))
        return Value((replace(alternative, data=text),))

    def _for_directive(self, part: ForDirective, scope: Scope) -> Value:
        elements = list(expand(self.evaluate(part.collection, scope), part.at))
        bodies = []
        for element in elements:
            names = {part.value: element.value} | ({part.key: element.key} if part.key else {})
            bodies.append(self.template(part.body, scope.with_names(names), part.at))
        if not bodies:
            return known(Text(()), part.at)
        return combine(
            _within_bounds(bodies),
            lambda made: known(Text(tuple(p for a in made for p in _as_parts(a))), part.at),
            part.at,
        )

    def _arms(self, condition: Value) -> tuple[bool, ...]:
        """Which arms of a conditional are possible. A variable's default does not settle it: it can be overridden."""
        only = condition.only
        settled = as_bool(only.data) if only is not None else None
        return (True, False) if settled is None else (settled,)

    def _conditional(self, expr: Conditional, scope: Scope) -> Value:
        arms = self._arms(self.evaluate(expr.condition, scope))
        return join(self.evaluate(expr.then if arm else expr.otherwise, scope) for arm in arms)

    def _binary(self, expr: Binary, scope: Scope) -> Value:
        sides = [self.evaluate(expr.left, scope), self.evaluate(expr.right, scope)]
        decisive = {"&&": False, "||": True}.get(expr.operator)
        if decisive is not None and any(side.only and as_bool(side.only.data) is decisive for side in sides):
            return known(decisive, expr.at)  # whatever the other side is, or a variable makes of it

        def apply(chosen: tuple[Alternative, ...]) -> Value:
            result = operate(expr.operator, chosen[0].data, chosen[1].data)
            if isinstance(result, Unknown):
                return unknown(show(expr), result.reason, expr.at)
            return known(result, expr.at)

        return combine(sides, apply, expr.at)

    def _unary(self, expr: Unary, scope: Scope) -> Value:
        def apply(alternative: Alternative) -> Value:
            data = alternative.data
            flag, number = as_bool(data), as_number(data)
            if expr.operator == "!" and flag is not None:
                return known(not flag, expr.at)
            if expr.operator == "-" and number is not None:
                return known(-number, expr.at)
            reason = data.reason if isinstance(data, Unknown) else "is not a value of the right type"
            return unknown(show(expr), reason, expr.at)

        return self.evaluate(expr.operand, scope).map(apply)

    def _object(self, expr: ObjectExpr, scope: Scope) -> Value:
        items: list[tuple[str, Value]] = []
        is_open = False
        for key, value in expr.items:
            name = self.evaluate(key, scope).only
            text = as_text(name.data, key.at) if name is not None else None
            if text is None or text.known is None:
                is_open = True
                continue
            items.append((text.known, self._named_at(value.at, self.evaluate(value, scope))))
        return known(MapData(tuple(items), is_open), expr.at)

    def _named_at(self, at: Position, value: Value) -> Value:
        """The value of a map's key: what comes from elsewhere comes over the line of the key."""
        step = self.source.step(at)
        return Value(tuple(a.via(step) if a.trail and a.at.path == at.path else a for a in value))

    def _for(self, expr: ForExpr, scope: Scope) -> Value:
        return self.evaluate(expr.collection, scope).map(lambda a: self._for_one(expr, a, scope))

    def _for_one(self, expr: ForExpr, collection: Alternative, scope: Scope) -> Value:
        if isinstance(collection.data, Unknown):
            return unknown(show(expr), collection.data.reason, expr.at)
        results: list[tuple[Value | None, Value]] = []
        is_open = False
        for element in elements_of(replace(collection, variable=None), expr.at, "certain"):
            names = {expr.value: element.value}
            if expr.key:
                names[expr.key] = element.key
            inner = scope.with_names(names)
            arms = self._arms(self.evaluate(expr.condition, inner)) if expr.condition else (True,)
            if True not in arms:
                continue
            is_open = is_open or False in arms or element.presence == "unknown"
            key = self.evaluate(expr.result_key, inner) if expr.result_key else None
            results.append((key, self.evaluate(expr.result, inner)))
        if expr.result_key is None:
            return known(ListData(tuple(value for _, value in results), is_open), expr.at)
        return known(_object_of(results, grouping=expr.grouping, is_open=is_open), expr.at)

    def _splat(self, expr: Splat, scope: Scope) -> Value:
        def apply(alternative: Alternative) -> Value:
            data = alternative.data
            if isinstance(data, Unknown):
                return unknown(show(expr), data.reason, expr.at)
            is_open = isinstance(data, ListData) and data.open
            items = data.items if isinstance(data, ListData) else () if data is None else (Value((alternative,)),)
            return known(ListData(tuple(self._follow(item, expr) for item in items), is_open), expr.at)

        return self.evaluate(expr.of, scope).map(apply)

    def _follow(self, value: Value, expr: Splat) -> Value:
        for step in expr.path:
            key: Data = Text.literal(step, expr.at) if isinstance(step, str) else None
            if isinstance(step, Literal):
                key = step.value
            value = value.map(lambda a, key=key: _member(a, key, show(expr), expr.at))  # type: ignore[misc]
        return value

    # References.

    def reference(self, expr: Expr, scope: Scope) -> Value:
        """A name with the attributes and indexes behind it."""
        root, steps = _chain(expr)
        if not isinstance(root, Name):
            return self._members(self.evaluate(root, scope), steps, scope, expr)
        if root.name in scope.names:
            return self._from_elsewhere(self._members(scope.names[root.name], steps, scope, expr))
        found, used = self._root(root, steps, scope, expr)
        return self._from_elsewhere(self._members(found, steps[used:], scope, expr))

    def _from_elsewhere(self, value: Value) -> Value:
        """What a reference gives has a trail, so that it can be told from what is written at the place itself."""
        return Value(tuple(a if a.trail else a.via(self.source.step(a.at)) for a in value))

    def _root(self, root: Name, steps: list[str | Expr], scope: Scope, expr: Expr) -> tuple[Value, int]:
        """The value that the first steps name, and how many steps that took."""
        module = scope.module
        first = steps[0] if steps and isinstance(steps[0], str) else None
        second = steps[1] if len(steps) > 1 and isinstance(steps[1], str) else None
        if module is None or first is None:
            return unknown(show(expr), NO_NAME, expr.at, error=True), len(steps)
        match root.name:
            case "var":
                return self._variable(module, first, expr), 1
            case "local":
                return self._local(module, first, expr), 1
            case "path":
                return self._path(module, first, expr), 1
            case "module":
                return self._module(module, first, steps, expr)
            case "data" if second is not None:
                return self._data(module, first, second, steps, expr)
            case "terraform" | "self" | "each" | "count":
                return unknown(show(expr), _AT_APPLY, expr.at), len(steps)
        return self._resource(module, root.name, first, steps, expr)

    def _variable(self, module: Module, name: str, expr: Expr) -> Value:
        block = module.variables.get(name)
        declared = block.body.attributes.get("type") if block is not None else None
        kind = declared.expr if declared is not None else None
        if module.inputs is not None and name in module.inputs:
            given = module.inputs[name]
            return self._memo(module, f"var.{name}", expr.at, lambda: self._of_type(given, kind))
        if block is None:
            return unknown(show(expr), "is not declared", expr.at, error=True)
        default = module.defaults.get(name) or block.body.attributes.get("default")
        if default is None:
            return unknown(f"var.{name}", "has no default: it is set when the template is pushed", block.at)

        def evaluate() -> Value:
            value = self._of_type(self.evaluate(default.expr, Scope(None)), kind)
            settable = name if module.inputs is None and name not in module.defaults else None
            if isinstance(kind, Call) and kind.function == "set":
                value = value.map(lambda a: Value((replace(a, data=functions.as_set(a.data)),)))
            return value.depending_on(settable)

        return self._memo(module, f"var.{name}", expr.at, evaluate)

    def _of_type(self, value: Value, kind: Expr | None) -> Value:
        return completed(value, kind, lambda expr: self.evaluate(expr, Scope(None))) if kind is not None else value

    def _local(self, module: Module, name: str, expr: Expr) -> Value:
        attribute = module.locals.get(name)
        if attribute is None:
            return unknown(show(expr), "is not declared", expr.at, error=True)
        return self._memo(
            module,
            f"local.{name}",
            expr.at,
            lambda: self.evaluate(attribute.expr, module.scope).via(self.source.step(attribute.at)),
        )

    def _path(self, module: Module, name: str, expr: Expr) -> Value:
        places = {"module": module.path, "root": self.root_path, "cwd": self.root_path}
        if name not in places:
            return unknown(show(expr), "is not declared", expr.at, error=True)
        return known(Text.literal(places[name] or ".", expr.at), expr.at)

    def _module(self, module: Module, name: str, steps: list[str | Expr], expr: Expr) -> tuple[Value, int]:
        if name not in module.calls:
            return unknown(show(expr), "is not declared", expr.at, error=True), len(steps)
        child = module.child(name)
        if child is None:
            return unknown(show(expr), "comes from a module outside this repository", expr.at), len(steps)
        used = 2 if len(steps) > 1 and not isinstance(steps[1], str) else 1  # module.x[0].out
        output = steps[used] if len(steps) > used else None
        if not isinstance(output, str):
            return unknown(show(expr), "is not a single value", expr.at), len(steps)
        block = child.outputs.get(output)
        value = block.body.attributes.get("value") if block is not None else None
        if value is None:
            return unknown(show(expr), "is not an output of that module", expr.at, error=True), len(steps)
        made = self._memo(child, f"output.{output}", expr.at, lambda: self.evaluate(value.expr, child.scope))
        return made.via(self.source.step(value.at)), used + 1

    def _resource(self, module: Module, kind: str, name: str, steps: list[str | Expr], expr: Expr) -> tuple[Value, int]:
        block = module.resources.get((kind, name))
        if block is None:
            return unknown(show(expr), "is not declared", expr.at, error=True), len(steps)
        return self._set_attribute(block, module, 1, steps, expr)

    def _data(self, module: Module, kind: str, name: str, steps: list[str | Expr], expr: Expr) -> tuple[Value, int]:
        block = module.data.get((kind, name))
        if block is None:
            return unknown(show(expr), "is not declared", expr.at, error=True), len(steps)
        if kind == "coder_parameter" and len(steps) > 2 and steps[2] == "value":
            return self._memo(module, f"parameter.{name}", expr.at, lambda: self._parameter(block, module, expr)), 3
        if kind == "local_file" and len(steps) > 2 and steps[2] == "content":
            filename = block.body.attributes.get("filename")
            if filename is not None:
                call = Call("file", (filename.expr,), expand=False, at=filename.at)
                return self.evaluate(call, module.scope), 3
        return self._set_attribute(block, module, 2, steps, expr)

    def _set_attribute(
        self, block: Block, module: Module, used: int, steps: list[str | Expr], expr: Expr
    ) -> tuple[Value, int]:
        """An attribute of a resource or data source, if the template sets it; else only an apply could tell."""
        if len(steps) > used and not isinstance(steps[used], str):
            used += 1
        name = steps[used] if len(steps) > used else None
        attribute = block.body.attributes.get(kept_in(block.labels[0], name)) if isinstance(name, str) else None
        if attribute is None:
            return unknown(show(expr), _AT_APPLY, expr.at), len(steps)
        scope = self._block_scope(block, module.scope)
        key = f"{'.'.join(block.labels)}.{name}"
        made = self._memo(module, key, expr.at, lambda: self.evaluate(attribute.expr, scope))
        return made.via(self.source.step(attribute.at)), used + 1

    def _parameter(self, block: Block, module: Module, expr: Expr) -> Value:
        """What the user of a workspace can choose: the options, either boolean, or anything at all."""
        kind = block.body.attributes.get("type")
        kind_only = self.evaluate(kind.expr, module.scope).only if kind else None
        if kind_only is not None and isinstance(kind_only.data, Text) and kind_only.data.known == "bool":
            return join(known(Text.literal(word, block.at), block.at) for word in ("false", "true"))
        instance = BlockInstance(block, module.scope, self)
        options = [value for option in instance.blocks("option") if (value := option.value("value")) is not None]
        if options:
            return join(options)
        return unknown(show(expr), "is what the user of the workspace enters", expr.at)

    def _members(self, value: Value, steps: list[str | Expr], scope: Scope, expr: Expr) -> Value:
        for step in steps:
            if isinstance(step, str):
                value = value.map(lambda a, s=step: _member(a, Text.literal(s, expr.at), show(expr), expr.at))  # type: ignore[misc]
            else:
                keys = self.evaluate(step, scope)
                value = combine([value, keys], lambda c: _member(c[0], c[1].data, show(expr), expr.at), expr.at)
        return value

    # Functions.

    def _call(self, expr: Call, scope: Scope) -> Value:
        special = _SPECIAL.get(expr.function)
        if special is not None:
            return special(self, expr, scope)
        function = functions.FUNCTIONS.get(expr.function)
        if function is None:
            return unknown(show(expr), f"uses {expr.function}(), which is not evaluated", expr.at)
        arguments = [self.evaluate(argument, scope) for argument in expr.arguments]
        return combine(arguments, lambda chosen: self._apply(function, expr, chosen), expr.at)

    def _apply(self, function: functions.Function, expr: Call, chosen: tuple[Alternative, ...]) -> Value:
        data = [alternative.data for alternative in chosen]
        failed = next((d for d in data if isinstance(d, Unknown) and d.error), None)
        if failed is not None:
            return unknown(show(expr), failed.reason, expr.at, error=True)
        if expr.expand and data:
            last = data.pop()
            if not isinstance(last, ListData) or last.open:
                return unknown(show(expr), "has arguments that cannot be known", expr.at)
            data.extend(item.alternatives[0].data for item in last.items)
        try:
            result = function(data, expr.at)
        except functions.NotKnown:
            reason = next((d.reason for d in data if isinstance(d, Unknown)), "depends on a value that is not known")
            return unknown(show(expr), reason, expr.at)
        except functions.Refused as error:
            return unknown(show(expr), str(error), expr.at, error=True)
        except (IndexError, ValueError, OverflowError, ArithmeticError, TypeError):
            return unknown(show(expr), f"calls {expr.function}() with arguments that do not fit", expr.at, error=True)
        if isinstance(result, Value):
            return result
        if expr.function in functions.PASS_THROUGH and chosen:
            return Value((replace(chosen[0], data=result),))
        return known(result, expr.at, self._ways(chosen, expr.at))

    def _try(self, expr: Call, scope: Scope) -> Value:
        """`try` and `coalesce`: the first argument that works; where that is not sure, the next ones are possible."""
        found: list[Value] = []
        for argument in expr.arguments:
            value = self.evaluate(argument, scope)
            kept = tuple(a for a in value if not self._skipped(expr.function, a.data))
            if kept:
                found.append(Value(kept))
            unsure = expr.function == "coalesce" and any(isinstance(a.data, Unknown) for a in kept)
            if len(kept) == len(value.alternatives) and not unsure:
                break
        return join(found) if found else unknown(show(expr), "has no argument that works", expr.at, error=True)

    @staticmethod
    def _skipped(function: str, data: Data) -> bool:
        if isinstance(data, Unknown):
            return data.error
        return function == "coalesce" and (data is None or (isinstance(data, Text) and not data.parts))

    def _can(self, expr: Call, scope: Scope) -> Value:
        return self.evaluate(expr.arguments[0], scope).map(
            lambda a: known(not (isinstance(a.data, Unknown) and a.data.error), expr.at)
        )

    def _file(self, expr: Call, scope: Scope) -> Value:
        def read(alternative: Alternative) -> Value:
            path, problem = self._repository_path(alternative, scope)
            if path is None:
                return unknown(show(expr), problem, expr.at)
            try:
                text = self.source.text(path)
            except Unreadable as error:
                return unknown(show(expr), f"reads {path}, which {error}", expr.at, error=True)
            if expr.function == "filebase64":
                return unknown(show(expr), "is the base64 form of a file", expr.at)
            return known(Text.literal(text, Position(path, 1, 1)), expr.at)

        return self._with_path(expr, scope, read)

    def _fileexists(self, expr: Call, scope: Scope) -> Value:
        def look(alternative: Alternative) -> Value:
            path, problem = self._repository_path(alternative, scope)
            if path is None:
                return unknown(show(expr), problem, expr.at)
            entry = self.source.tree.entries.get(path)
            return known(entry is not None and entry.kind == "file", expr.at)

        return self._with_path(expr, scope, look)

    def _fileset(self, expr: Call, scope: Scope) -> Value:
        def look(alternative: Alternative) -> Value:
            base, problem = self._repository_path(alternative, scope)
            pattern = self.evaluate(expr.arguments[1], scope).only if len(expr.arguments) > 1 else None
            if base is None or pattern is None or not isinstance(pattern.data, Text) or pattern.data.known is None:
                return unknown(show(expr), problem or "has a pattern that cannot be known", expr.at)
            tree, wanted = self.source.tree, pattern.data.known
            names = ((path, path.removeprefix(f"{base}/")) for path in tree.below(base))
            found = [name for path, name in names if _matches(name, wanted) and tree.entries[path].kind == "file"]
            items = tuple(known(Text.literal(name, expr.at), expr.at) for name in found[:MAX_ITEMS])
            return known(ListData(items), expr.at)

        return self._with_path(expr, scope, look)

    def _templatefile(self, expr: Call, scope: Scope) -> Value:
        values = self.evaluate(expr.arguments[1], scope).alternatives[0].data if len(expr.arguments) > 1 else None
        names = dict(values.items) if isinstance(values, MapData) else {}

        def render(alternative: Alternative) -> Value:
            path, problem = self._repository_path(alternative, scope)
            if path is None:
                return unknown(show(expr), problem, expr.at)
            try:
                text = self.source.text(path)
            except Unreadable as error:
                return unknown(show(expr), f"reads {path}, which {error}", expr.at, error=True)
            parts = template_file(text, path, parse_expression)
            return self.template(parts, Scope(None, names), Position(path, 1, 1))

        return self._with_path(expr, scope, render)

    def _with_path(self, expr: Call, scope: Scope, use: Callable[[Alternative], Value]) -> Value:
        if not expr.arguments:
            return unknown(show(expr), "has no arguments", expr.at, error=True)
        return self.evaluate(expr.arguments[0], scope).map(use)

    def _repository_path(self, alternative: Alternative, scope: Scope) -> tuple[str | None, str]:
        """The repository path that a path in Terraform means, or None and why it means none.

        `path.module` is the module's folder here; a bare relative path counts from the template's folder, where
        Terraform is run.
        """
        written = alternative.data.known if isinstance(alternative.data, Text) else None
        if written is None:
            return None, "reads a file whose path is not known"
        if written.startswith(("/", "~")):
            return None, f"reads {written}, which is outside the repository"
        tree = self.source.tree
        own = scope.module.path if scope.module is not None else self.root_path
        places = {place for place in (own, self.root_path) if place}
        under_root = any(written == place or written.startswith(f"{place}/") for place in places)
        path = posixpath.normpath(written if under_root else posixpath.join(self.root_path, written))
        if path.startswith("../"):
            return None, f"reads {written}, which is outside the repository"
        self.source.asked.add(path)
        return resolve(tree, path) or path, ""


_SPECIAL: dict[str, Callable[[Evaluator, Call, Scope], Value]] = {
    "try": Evaluator._try,
    "coalesce": Evaluator._try,
    "can": Evaluator._can,
    "file": Evaluator._file,
    "filebase64": Evaluator._file,
    "fileexists": Evaluator._fileexists,
    "fileset": Evaluator._fileset,
    "templatefile": Evaluator._templatefile,
}


def _matches(name: str, pattern: str) -> bool:
    """Terraform's glob: ``*`` stays within a folder, ``**`` does not."""
    if "**" in pattern:
        return fnmatch.fnmatchcase(name, pattern.replace("**/", "*")) or fnmatch.fnmatchcase(name, pattern)
    return name.count("/") == pattern.count("/") and fnmatch.fnmatchcase(name, pattern)


def _as_parts(alternative: Alternative) -> tuple[Piece | Hole, ...]:
    text = as_text(alternative.data, alternative.at)
    return text.parts if text is not None else ()


def _is_written_at(start: Position, at: Position) -> bool:
    """Whether what starts at `start` is a part of what stands at `at`, and not come from elsewhere."""
    return start.path == at.path and start.line >= at.line


def _within_bounds(values: list[Value]) -> list[Value]:
    """`values` with as many of them made unknown as it takes to keep the combinations within bounds.

    Single lines go first: what a script's argument may be matters less than which lines it has.
    """

    if prod(len(value.alternatives) for value in values) <= MAX_ALTERNATIVES:
        return values

    def lines(value: Value) -> int:
        return max(len(a.data.show().splitlines()) if isinstance(a.data, Text) else 1 for a in value)

    total = 1
    kept = list(values)
    order = sorted(range(len(values)), key=lambda i: -lines(values[i]))
    for index in order:
        choices = len(values[index].alternatives)
        if total * choices > MAX_ALTERNATIVES:
            first = values[index].alternatives[0]
            kept[index] = unknown("", "has several possible values", first.at)
        else:
            total *= choices
    return kept


def _with_choices(parts: tuple[TemplatePart, ...], values: list[Value]) -> list[Value]:
    """Values of a script's parts, where one that only chooses a part of a word is a hole with options.

    So a script with many choices stays one script. A part that stands where a word or command of its own could be keeps
    its alternatives: each of them may be another program.
    """
    kept = []
    for index, (part, value) in enumerate(zip(parts, values, strict=True)):
        if len(value.alternatives) < 2:
            kept.append(value)
            continue
        before = parts[index - 1] if index else None
        inside_word = isinstance(before, Piece) and before.text[-1:] not in " \t\n;|&(`"
        options = [a.data.known for a in value if isinstance(a.data, Text)]
        plain = all(option is not None and not set(option) & set("\n\"'`$\\") for option in options)
        if not inside_word or not plain or not isinstance(part, Interpolation):
            kept.append(value)
            continue
        known_options = tuple(option for option in options if option is not None)
        complete = len(options) == len(value.alternatives)
        hole = Hole(part.source, "has several possible values", part.at, known_options if complete else ())
        kept.append(known(Text((hole,)), part.at))
    return kept


def _chain(expr: Expr) -> tuple[Expr, list[str | Expr]]:
    """``a.b[0].c`` as its root and the steps behind it."""
    steps: list[str | Expr] = []
    while isinstance(expr, GetAttr | Index):
        steps.append(expr.name if isinstance(expr, GetAttr) else expr.key)
        expr = expr.of
    return expr, steps[::-1]


def _member(of: Alternative, key: Data, expression: str, at: Position) -> Value:
    """Element `key` of a list or map; with an unknown key, any of them."""
    data = of.data
    name = as_text(key, at)
    key_text = name.known if name is not None else None
    if isinstance(data, Unknown):
        return unknown(expression, data.reason, at, error=data.error)
    if isinstance(data, MapData):
        options = tuple(value for _, value in data.items)
        found = data.get(key_text) if key_text is not None else None
    elif isinstance(data, ListData):
        options = data.items
        index = as_number(key)
        found = options[int(index)] if index is not None and 0 <= index < len(options) else None
    else:
        return unknown(expression, "has no such element", at, error=True)
    if found is not None:
        return Value(tuple(replace(a, trail=(*a.trail, *of.trail)[-8:]) for a in found)) if of.trail else found
    if key_text is None or data.open:
        return join([*options, unknown(expression, "has a key that is not known", at)])
    return unknown(expression, "has no such element", at, error=True)


def _object_of(results: list[tuple[Value | None, Value]], *, grouping: bool, is_open: bool) -> MapData:
    items: dict[str, list[Value]] = {}
    for key, value in results:
        only = key.only if key is not None else None
        name = as_text(only.data, only.at) if only is not None else None
        if name is None or name.known is None:
            is_open = True
            continue
        items.setdefault(name.known, []).append(value)
    made = ((k, known(ListData(tuple(v)), v[0].alternatives[0].at) if grouping else v[-1]) for k, v in items.items())
    return MapData(tuple(made), is_open)
