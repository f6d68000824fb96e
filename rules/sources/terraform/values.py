"""What a Terraform expression can be worth: a small set of alternatives, each with the way it came.

An expression has more than one alternative where a conditional, a choice of the user or a variable decides. What cannot
be known is an `Unknown` with its reason: neither true nor false, and never dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import product

from msgspec import Struct
from msgspec.structs import replace

from rules.model import Step
from rules.sources.text import Hole, Piece, Position, Text

MAX_ALTERNATIVES = 16
"""Alternatives kept of one value; more make it unknown."""

MAX_TRAIL = 8
"""Steps kept of the way a value came."""

MAX_ELEMENTS = 100_000
"""Scalars in one list or map, nested ones included; a larger one is unknown."""

MAX_CHARACTERS = 4 * 1024 * 1024
MAX_PARTS = 20_000
"""Characters, and pieces of different origin, in one string; a larger one is unknown."""


class Unknown(Struct, frozen=True):
    """`error` is True where Terraform would stop, so that `try()` moves on to its next argument."""

    expression: str
    reason: str
    error: bool = False


class ListData(Struct, frozen=True, dict=True):
    """A list, tuple or set. `open` is True where it may hold more than is known.

    The elements of a set are their own keys, those of a list have their index.
    """

    items: tuple[Value, ...]
    open: bool = False
    is_set: bool = False

    @cached_property
    def size(self) -> int:
        return 1 + sum(item.size for item in self.items)


class MapData(Struct, frozen=True, dict=True):
    """A map or object. `open` is True where it may hold more keys than are known."""

    items: tuple[tuple[str, Value], ...]
    open: bool = False

    @cached_property
    def size(self) -> int:
        return 1 + sum(item.size for _, item in self.items)

    def get(self, key: str) -> Value | None:
        return next((value for name, value in reversed(self.items) if name == key), None)


Data = bool | int | float | Text | ListData | MapData | Unknown | None


class Alternative(Struct, frozen=True):
    """One possible value.

    `at` is where it is written, `trail` how it came from there (nearest to `at` first); `made_of` is the way to `at`
    of what it was put together from. `variable` names a variable whose default it depends on: whoever pushes the
    template can set another value.
    """

    data: Data
    at: Position
    trail: tuple[Step, ...] = ()
    variable: str | None = None
    made_of: tuple[Step, ...] = ()

    def via(self, step: Step) -> Alternative:
        if self.trail and self.trail[-1] == step:
            return self
        return replace(self, trail=(*self.trail, step)[-MAX_TRAIL:])


class Value(Struct, frozen=True):
    alternatives: tuple[Alternative, ...]

    def __iter__(self) -> Iterator[Alternative]:
        return iter(self.alternatives)

    @property
    def size(self) -> int:
        """Scalars in it, so that what is built of shared parts over and over is seen to grow."""
        return sum(a.data.size if isinstance(a.data, ListData | MapData) else 1 for a in self.alternatives)

    @property
    def only(self) -> Alternative | None:
        """The alternative, if there is no other and no variable can change it."""
        first, *others = self.alternatives
        return first if not others and first.variable is None else None

    def via(self, step: Step) -> Value:
        return Value(tuple(alternative.via(step) for alternative in self.alternatives))

    def depending_on(self, variable: str | None) -> Value:
        if variable is None:
            return self
        return Value(tuple(replace(a, variable=a.variable or variable) for a in self.alternatives))

    def map(self, change: Callable[[Alternative], Value]) -> Value:
        return join(change(alternative).depending_on(alternative.variable) for alternative in self.alternatives)


def known(data: Data, at: Position, made_of: tuple[Step, ...] = ()) -> Value:
    """One possible value; unknown if it is too large to work with."""
    if _is_too_large(data):
        data = Unknown("", "is too large to be evaluated")
    return Value((Alternative(data, at, made_of=made_of[:MAX_TRAIL]),))


def _is_too_large(data: Data) -> bool:
    match data:
        case ListData() | MapData():
            return data.size > MAX_ELEMENTS
        case Text():
            return len(data.parts) > MAX_PARTS or len(data) > MAX_CHARACTERS
        case _:
            return False


def unknown(expression: str, reason: str, at: Position, *, error: bool = False) -> Value:
    return known(Unknown(expression, reason, error), at)


def join(values: Iterable[Value]) -> Value:
    """All alternatives of all values, equal ones once; unknown if there are too many."""
    found = tuple(alternative for value in values for alternative in value)
    if len(found) < 2:
        return Value(found)
    seen: dict[object, Alternative] = {}
    for alternative in found:
        seen.setdefault((fingerprint(alternative.data), alternative.variable), alternative)
    found = tuple(seen.values())
    if len(found) > MAX_ALTERNATIVES:
        return unknown("", f"has more than {MAX_ALTERNATIVES} possible values", found[0].at)
    return Value(found)


def combine(values: list[Value], change: Callable[[tuple[Alternative, ...]], Value], at: Position) -> Value:
    """`change` applied to every combination of alternatives; unknown if there are too many combinations."""
    total = 1
    for value in values:
        total *= len(value.alternatives)
        if total > MAX_ALTERNATIVES:
            return unknown("", f"has more than {MAX_ALTERNATIVES} possible values", at)
    return join(
        change(chosen).depending_on(next((a.variable for a in chosen if a.variable), None))
        for chosen in product(*(value.alternatives for value in values))
    )


def fingerprint(data: Data) -> object:
    """A hashable stand-in by which equal data are equal, wherever they are written."""
    match data:
        case Text():
            return ("text", data.show())
        case ListData(items, is_open):
            return ("list", is_open, tuple(_fingerprints(item) for item in items))
        case MapData(items, is_open):
            return ("map", is_open, tuple((key, _fingerprints(item)) for key, item in items))
        case Unknown(expression, _, error):
            return ("unknown", expression, error)
        case _:
            return (type(data).__name__, data)


def _fingerprints(value: Value) -> object:
    return tuple(fingerprint(alternative.data) for alternative in value)


def as_text(data: Data, at: Position) -> Text | None:
    """`data` as Terraform converts it to a string; None for collections and null. Unknown becomes a hole."""
    match data:
        case Text():
            return data
        case Unknown(expression, reason):
            return Text((Hole(expression, reason, at),))
        case bool():
            return Text.literal(str(data).lower(), at)
        case int() | float():
            return Text.literal(number_text(data), at)
        case _:
            return None


def number_text(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else repr(number)


def as_bool(data: Data) -> bool | None:
    """`data` as Terraform converts it to a boolean; None if it is not known or no boolean."""
    if isinstance(data, bool):
        return data
    if isinstance(data, Text):
        return {"true": True, "false": False}.get(data.known or "")
    return None


def as_number(data: Data) -> float | None:
    if isinstance(data, bool):
        return None
    if isinstance(data, int | float):
        return data
    if isinstance(data, Text) and data.known is not None:
        try:
            return float(data.known)
        except ValueError:
            return None
    return None


def computed(text: str, at: Position) -> Text:
    """A string made by a function: every line of it has the place of the expression that made it."""
    return Text(tuple(Piece(line, at) for line in text.splitlines(keepends=True)))


def show(data: Data) -> str:
    """`data` in Terraform's own spelling, for a person."""
    match data:
        case None:
            return "null"
        case bool():
            return str(data).lower()
        case int() | float():
            return number_text(data)
        case Text():
            return f'"{data.show()}"'
        case Unknown(expression, _):
            return expression or "(unknown)"
        case ListData(items):
            return "[" + ", ".join(show_value(item) for item in items) + "]"
        case MapData(items):
            return "{" + ", ".join(f"{key} = {show_value(item)}" for key, item in items) + "}"


def show_value(value: Value) -> str:
    return " or ".join(dict.fromkeys(show(alternative.data) for alternative in value))
