"""Programs that were read lately: a script that a change leaves as it is, with all it sources, is read once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable

from msgspec import Struct

from rules.sources.shell.program import Program
from rules.sources.text import Text

MAX_KEPT_COMMANDS = 8_000
"""Commands of all programs that are kept: some 25 MB. The boot script of a real template has a thousand."""

ResolveSource = Callable[[str], Text | None]
ExpandGlob = Callable[[str], Iterable[str]]


class Surroundings:
    """What a script can see of the files around it, and what it asked for."""

    def __init__(self, resolve_source: ResolveSource, expand_glob: ExpandGlob) -> None:
        self._resolve_source, self._expand_glob = resolve_source, expand_glob
        self.sourced: dict[str, Text | None] = {}
        self.globbed: dict[str, tuple[str, ...]] = {}

    def resolve(self, path: str) -> Text | None:
        if path not in self.sourced:
            self.sourced[path] = self._resolve_source(path)
        return self.sourced[path]

    def expand(self, pattern: str) -> tuple[str, ...]:
        if pattern not in self.globbed:
            self.globbed[pattern] = tuple(self._expand_glob(pattern))
        return self.globbed[pattern]


class _Read(Struct, frozen=True):
    program: Program
    sourced: dict[str, Text | None]
    globbed: dict[str, tuple[str, ...]]

    def is_the_same_in(self, surroundings: Surroundings) -> bool:
        """Whether all that the script asked for has the same answer. Everything is asked: who answers takes notes."""
        patterns = [surroundings.expand(pattern) == paths for pattern, paths in self.globbed.items()]
        files = [surroundings.resolve(path) == text for path, text in self.sourced.items()]
        return all(patterns) and all(files)


class Memory:
    """Programs by what they were read from; the least recently used leave first. Safe to use from several threads."""

    def __init__(self, max_commands: int = MAX_KEPT_COMMANDS) -> None:
        self._max_commands = max_commands
        self._commands = 0
        self._programs: OrderedDict[Hashable, _Read] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, surroundings: Surroundings) -> Program | None:
        with self._lock:
            known = self._programs.get(key)
            if known is not None:
                self._programs.move_to_end(key)
        return known.program if known is not None and known.is_the_same_in(surroundings) else None

    def put(self, key: Hashable, program: Program, surroundings: Surroundings) -> None:
        with self._lock:
            self._forget(self._programs.pop(key, None))
            self._programs[key] = _Read(program, surroundings.sourced, surroundings.globbed)
            self._commands += _weight(program)
            while self._commands > self._max_commands:
                self._forget(self._programs.popitem(last=False)[1])

    def _forget(self, known: _Read | None) -> None:
        self._commands -= _weight(known.program) if known is not None else 0


def _weight(program: Program) -> int:
    return 1 + len(program.commands)
