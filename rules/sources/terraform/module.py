"""A Terraform module as declared: its blocks by name, and blocks unrolled as `dynamic`, `count` and `for_each` ask.

What attributes are worth is the evaluator's business; this is what it looks them up in.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from msgspec import Struct, field
from msgspec.structs import replace

from rules.model import Problem, Step
from rules.sources.terraform.parse import parse
from rules.sources.terraform.syntax import Attribute, Block, Body, Name
from rules.sources.terraform.values import (
    Alternative,
    ListData,
    MapData,
    Unknown,
    Value,
    fingerprint,
    known,
    unknown,
)
from rules.sources.text import Position, Text
from rules.sources.tree import Unreadable, read_text, resolve
from rules.sources.watched import Watched

if TYPE_CHECKING:
    from rules.sources.terraform.evaluate import Evaluator

MAX_ITEMS = 256
"""Elements of a collection that a `for`, `for_each` or `dynamic` is unrolled over."""

_JSON_FORM = "is Terraform's JSON form, which is not analysed"

Presence = OneOf["certain", "conditional", "settable", "unknown"]
"""How sure it is that a block exists.

conditional: a condition decides, and both ways are possible. settable: not by default, but a variable can make it
exist. unknown: what decides cannot be known.
"""


KEEPERS = frozenset({"null_resource", "terraform_data"})
"""Resources that do nothing with what they are given but keep it."""


def kept_in(kind: str, attribute: str) -> str:
    """The attribute that says what `attribute` of a resource is: ``terraform_data.x.output`` is its `input`."""
    return "input" if (kind, attribute) == ("terraform_data", "output") else attribute


class Source(Struct, dict=True):
    """Where the files of one template come from, and what was wrong with them."""

    tree: Watched
    problems: list[Problem] = field(default_factory=list)
    evaluations: int = 0
    lines: dict[str, list[str]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)

    def text(self, path: str) -> str:
        self.asked.add(path)
        text = read_text(self.tree, path)
        self.lines.setdefault(path, text.split("\n"))
        return text

    def step(self, at: Position) -> Step:
        lines = self.lines.get(at.path, [])
        text = lines[at.line - 1].strip() if 0 < at.line <= len(lines) else ""
        return Step(at.path, at.line, text[:160])

    def problem(self, path: str, line: int, message: str) -> None:
        found = Problem(path, line, message)
        if found not in self.problems:
            self.problems.append(found)


class Scope(Struct, frozen=True, dict=True):
    """Names an expression can see besides its module's: iterators, `each`, `count`, variables of a template file.

    `module` is None inside a template file.
    """

    module: Module | None
    names: Mapping[str, Value] = field(default_factory=dict)

    def with_names(self, names: Mapping[str, Value]) -> Scope:
        return Scope(self.module, {**self.names, **names})


class BlockInstance(Struct, frozen=True, dict=True):
    """One block as it exists after `dynamic`, `count` and `for_each` are unrolled. `trail` leads to its existence."""

    block: Block
    scope: Scope
    evaluator: Evaluator
    presence: Presence = "certain"
    trail: tuple[Step, ...] = ()
    header: Position | None = None

    @property
    def at(self) -> Position:
        return self.header or self.block.at

    @property
    def labels(self) -> tuple[str, ...]:
        return self.block.labels

    def attribute(self, name: str) -> Attribute | None:
        return self.block.body.attributes.get(name)

    def value(self, name: str) -> Value | None:
        """What attribute `name` can be; None if it is not set."""
        attribute = self.attribute(name)
        return None if attribute is None else self.evaluator.evaluate(attribute.expr, self.scope)

    def blocks(self, kind: str) -> list[BlockInstance]:
        """Nested blocks of type `kind`, static and `dynamic`, in the order of the file."""
        found: list[BlockInstance] = []
        for block in self.block.body.blocks:
            if block.type == kind:
                found.append(BlockInstance(block, self.scope, self.evaluator))
            elif block.type == "dynamic" and block.labels == (kind,):
                found.extend(self._dynamic(block))
        return found

    def _dynamic(self, block: Block) -> Iterator[BlockInstance]:
        for_each = block.body.attributes.get("for_each")
        content = next(block.body.of_type("content"), None)
        if for_each is None or content is None:
            return
        iterator = block.body.attributes.get("iterator")
        name = iterator.expr.name if iterator and isinstance(iterator.expr, Name) else block.labels[0]
        step = self.evaluator.source.step(for_each.at)
        for element in expand(self.evaluator.evaluate(for_each.expr, self.scope), for_each.at):
            each = known(MapData((("key", element.key), ("value", element.value))), for_each.at)
            yield BlockInstance(
                replace(content, type=block.labels[0], labels=()),
                self.scope.with_names({name: each}),
                self.evaluator,
                element.presence,
                (*element.trail, step),
                block.at,
            )


class Element(Struct, frozen=True):
    key: Value
    value: Value
    presence: Presence
    trail: tuple[Step, ...]


def expand(value: Value, at: Position) -> Iterator[Element]:
    """The elements that a `for_each` may unroll to, equal ones of several alternatives once."""
    seen: dict[object, Element] = {}
    sure: Presence = "certain" if len(value.alternatives) == 1 else "conditional"
    for alternative in value:
        for element in elements_of(alternative, at, sure):
            seen.setdefault((fingerprint_of(element.key), fingerprint_of(element.value)), element)
    yield from seen.values()


def fingerprint_of(value: Value) -> object:
    return tuple(fingerprint(alternative.data) for alternative in value)


def elements_of(alternative: Alternative, at: Position, presence: Presence) -> Iterator[Element]:
    """The elements of one possible collection."""
    data, trail = alternative.data, alternative.trail
    if isinstance(data, Unknown):
        missing = known(data, at)
        yield Element(missing, missing, "unknown", trail)
        return
    if isinstance(data, ListData):
        pairs = [(item if data.is_set else known(index, at), item) for index, item in enumerate(data.items)]
    elif isinstance(data, MapData):
        in_order = sorted(data.items, key=lambda entry: entry[0])
        pairs = [(known(Text.literal(key, at), at), item) for key, item in in_order]
    else:
        return
    for key, item in pairs[:MAX_ITEMS]:
        yield Element(key, item, presence, trail)
    if getattr(data, "open", False) or len(pairs) > MAX_ITEMS:
        more = unknown("", "may have more elements than can be known", at)
        yield Element(more, more, "unknown", trail)
    elif not pairs and alternative.variable is not None:
        set_later = unknown(f"var.{alternative.variable}", "is empty by default and can be set", at)
        yield Element(set_later, set_later, "settable", trail)


class Module:
    """One call of a module (or the root): its declarations by name, and the values passed in."""

    def __init__(self, evaluator: Evaluator, path: str, inputs: Mapping[str, Value] | None, address: str) -> None:
        self.evaluator, self.path, self.inputs, self.address = evaluator, path, inputs, address
        self.scope = Scope(self)
        self.variables: dict[str, Block] = {}
        self.locals: dict[str, Attribute] = {}
        self.resources: dict[tuple[str, str], Block] = {}
        self.data: dict[tuple[str, str], Block] = {}
        self.calls: dict[str, Block] = {}
        self.outputs: dict[str, Block] = {}
        self._children: dict[str, Module | None] = {}
        for block in self._blocks():
            self._declare(block)
        self.defaults = self._tfvars() if inputs is None else {}

    def _blocks(self) -> Iterator[Block]:
        normal: list[Block] = []
        overrides: list[Block] = []
        for path in self.evaluator.source.tree.folder(self.path):
            name = posixpath.basename(path)
            if name.endswith(".tf.json"):
                self.evaluator.source.problem(path, 1, _JSON_FORM)
            if not name.endswith(".tf"):
                continue
            overriding = name == "override.tf" or name.endswith("_override.tf")
            (overrides if overriding else normal).extend(self._read(path).blocks)
        for override in overrides:
            normal = [_merged(block, override) for block in normal]
        yield from normal

    def _read(self, path: str) -> Body:
        source = self.evaluator.source
        path = resolve(source.tree, path) or path  # what is behind a link is what can be changed
        try:
            file = parse(source.text(path), path)
        except Unreadable as error:
            source.problem(path, 1, str(error))
            return Body({}, ())
        for problem in file.problems:
            left_out = f" (lines {problem.start}-{problem.end} are left out)" if problem.end > problem.start else ""
            source.problem(path, problem.line, problem.message + left_out)
        return file.body

    def _declare(self, block: Block) -> None:
        match block.type, block.labels:
            case "variable", (name,):
                self.variables[name] = block
            case "output", (name,):
                self.outputs[name] = block
            case "module", (name,):
                self.calls[name] = block
            case "locals", _:
                self.locals.update(block.body.attributes)
            case "resource", (kind, name):
                self.resources[kind, name] = block
            case "data", (kind, name):
                self.data[kind, name] = block
            case _:
                pass

    def _tfvars(self) -> dict[str, Attribute]:
        """What the files give that Terraform reads by itself, the last one of those that give a variable a value."""
        found: dict[str, Attribute] = {}
        names = {path: posixpath.basename(path) for path in self.evaluator.source.tree.folder(self.path)}
        for path, name in sorted(names.items(), key=lambda each: (each[1] != "terraform.tfvars", each[1])):
            if name == "terraform.tfvars" or name.endswith(".auto.tfvars"):
                found.update(self._read(path).attributes)
            elif name == "terraform.tfvars.json" or name.endswith(".auto.tfvars.json"):
                self.evaluator.source.problem(path, 1, _JSON_FORM)
        return found

    def child(self, name: str) -> Module | None:
        """The local module that call `name` runs; None for one from a registry or a path that does not exist."""
        if name not in self._children:
            self._children[name] = None  # a module cannot call itself
            self._children[name] = self.evaluator.call(self, name, self.calls[name])
        return self._children[name]

    def source_of(self, name: str) -> str:
        """What call `name` gives as its source, as far as it is known."""
        source = self.calls[name].body.attributes.get("source")
        return self.evaluator.known_text(source.expr, self.scope) or "" if source is not None else ""

    def modules(self) -> Iterator[Module]:
        """This module and all that it calls, depth first."""
        yield self
        for name in self.calls:
            child = self.child(name)
            if child is not None:
                yield from child.modules()

    def instances(self, kind: str) -> list[BlockInstance]:
        """Resources of type `kind` declared here, unrolled over `count` and `for_each`."""
        found = []
        for (declared, _), block in self.resources.items():
            if declared == kind:
                found.extend(self.evaluator.unroll(block, self.scope))
        return found


def _merged(block: Block, override: Block) -> Block:
    """`block` as an override file changes it: attributes replace, nested blocks replace those of their type."""
    if block.type == "locals" and override.type == "locals":
        kept = {n: override.body.attributes.get(n, a) for n, a in block.body.attributes.items()}
        return replace(block, body=Body(kept, block.body.blocks))
    if (block.type, block.labels) != (override.type, override.labels):
        return block
    kinds = {_kind(nested) for nested in override.body.blocks}
    nested = tuple(own for own in block.body.blocks if _kind(own) not in kinds) + override.body.blocks
    return replace(block, body=Body({**block.body.attributes, **override.body.attributes}, nested))


def _kind(block: Block) -> str:
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type
