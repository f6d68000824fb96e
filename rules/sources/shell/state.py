"""Where the walk stands: what the shell knows (`State`) and what surrounds the place (`Context`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field
from tree_sitter import Node

from rules.sources.shell.conditions import NOTHING, Outcome
from rules.sources.shell.parse import Parsed
from rules.sources.shell.program import Command, Frame, Guard, Loop, Redirect, Scope, Word
from rules.sources.shell.values import EMPTY, Value, union
from rules.sources.text import Text


class Function(Struct, frozen=True, eq=False):
    """A function as defined: its body, and the redirections that each call makes."""

    name: str
    body: Node
    redirects: tuple[Node, ...]
    parsed: Parsed

    @property
    def key(self) -> tuple[str, int]:
        return self.parsed.script.path, self.body.start_byte


class Parts(Struct, frozen=True):
    """What a simple command is made of, `name` among its `arguments`; characters `extent` of the script."""

    assigned: list[Node]
    name: Node | None
    arguments: list[Node]
    redirects: list[Node]
    extent: tuple[int, int]


class Element(Struct):
    """One command of a pipeline, with the redirections that bash gives it.

    `parts` are those of a simple command, once it has been reached.
    """

    node: Node
    redirects: Sequence[Node] = ()
    parts: Parts | None = None


class Context(Struct, frozen=True):
    """What surrounds a statement. `parsed` is the text it stands in."""

    parsed: Parsed
    guards: tuple[Guard, ...] = ()
    scope: tuple[Scope, ...] = ()
    frames: tuple[Frame, ...] = ()
    loops: tuple[Loop, ...] = ()
    outer: tuple[Redirect, ...] = ()

    def guarded(self, guards: tuple[Guard, ...]) -> Context:
        if not guards:
            return self
        return Context(self.parsed, self.guards + guards, self.scope, self.frames, self.loops, self.outer)

    def within(self, scope: Scope) -> Context:
        return Context(self.parsed, self.guards, (*self.scope, scope), self.frames, self.loops, self.outer)

    def reached(self, frame: Frame, parsed: Parsed, redirects: tuple[Redirect, ...]) -> Context:
        """Inside what `frame` leads to."""
        frames, outer = (*self.frames, frame), self.outer + redirects
        return Context(parsed, self.guards, self.scope, frames, self.loops, outer)


class State(Struct):
    """What the shell knows at one place. Branches and subshells work on a copy.

    `hidden` has, for each function call that is open, the values that its ``local`` variables hide. `arrays` have their
    elements by key, in order; `references` are the variables that stand for others (``declare -n``). Neither an array's
    elements nor `references` nor `aliases` are ever changed in place; a script's shell takes no notice of aliases
    unless `expands_aliases`. `left` are the folders that ``popd`` goes back to, `exported` the functions that a shell
    of its own knows too. `status` is the outcome of the statement before, which ``$?`` asks for, and `statuses` those
    that variables were given.
    """

    variables: dict[str, Value]
    cwd: Value
    arrays: dict[str, Mapping[str, Value]] = field(default_factory=dict)
    functions: dict[str, tuple[Function, ...]] = field(default_factory=dict)
    positional: tuple[Value, ...] | None = None
    hidden: list[dict[str, Value | None]] = field(default_factory=list)
    aliases: Mapping[str, Value] = field(default_factory=dict)
    expands_aliases: bool = False
    left: tuple[Value, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    exported: frozenset[str] = frozenset()
    status: Outcome = NOTHING
    statuses: Mapping[str, Outcome] = field(default_factory=dict)

    def copy(self) -> State:
        return State(
            dict(self.variables),
            self.cwd,
            dict(self.arrays),
            dict(self.functions),
            self.positional,
            [dict(names) for names in self.hidden],
            self.aliases,
            self.expands_aliases,
            self.left,
            self.references,
            self.exported,
            self.status,
            self.statuses,
        )

    def take(self, other: State) -> None:
        """Become `other`."""
        self.variables, self.arrays, self.functions = other.variables, other.arrays, other.functions
        self.cwd, self.positional, self.hidden = other.cwd, other.positional, other.hidden
        self.aliases, self.expands_aliases, self.left = other.aliases, other.expands_aliases, other.left
        self.references, self.exported = other.references, other.exported
        self.status, self.statuses = other.status, other.statuses

    def join(self, other: State) -> None:
        """Become what holds if either this or `other` is true. A variable that one side does not set may be empty."""
        if self.arrays or other.arrays:
            self.arrays = dict(_joined_arrays(self, other))
        if self.variables != other.variables:
            self._join_variables(other)
        if self.functions != other.functions:
            for name, functions in other.functions.items():
                self.functions[name] = tuple(dict.fromkeys((*self.functions.get(name, ()), *functions)))
        self.cwd = union(self.cwd, other.cwd)
        if self.aliases is not other.aliases:
            self.aliases = {**other.aliases, **self.aliases}
        self.expands_aliases = self.expands_aliases or other.expands_aliases
        self.exported |= other.exported
        if self.statuses is not other.statuses:
            self.statuses = {n: each for n, each in self.statuses.items() if other.statuses.get(n) is each}

    def _join_variables(self, other: State) -> None:
        mine = self.variables
        for name, value in [item for item in other.variables.items() if mine.get(item[0]) is not item[1]]:
            mine[name] = union(mine.get(name, EMPTY), value)
        for name in mine.keys() - other.variables.keys():
            mine[name] = union(mine[name], EMPTY)


def _joined_arrays(one: State, other: State) -> Iterator[tuple[str, Mapping[str, Value]]]:
    """The arrays of which all elements are known on both sides; what only one side has may be empty."""
    for name in dict.fromkeys((*one.arrays, *other.arrays)):
        first, second = (side.arrays.get(name, None if name in side.variables else {}) for side in (one, other))
        if first is second and first is not None:
            yield name, first
        elif first is not None and second is not None:
            keys = dict.fromkeys((*first, *second))
            yield name, {key: union(first.get(key, EMPTY), second.get(key, EMPTY)) for key in keys}


class Trap(Struct, frozen=True):
    """A handler to be walked when everything that it can call is known."""

    command: Command
    action: Word
    texts: tuple[Text, ...]
    signals: str
    context: Context
