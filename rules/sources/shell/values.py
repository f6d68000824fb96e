"""What a shell variable or word can be: a bounded set of strings, with what flowed into them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import product
from math import prod

from msgspec import Struct

from rules.sources.shell.program import Origin
from rules.sources.shell.script import UNKNOWN

MAX_VALUES = 32
"""Strings that one value may stand for; beyond, it is unknown and the program says so."""

MAX_LENGTH = 65_536
"""Characters of one of them."""

MAX_ORIGINS = 24
"""Places remembered for one value; the first ones stay."""


class Value(Struct, frozen=True):
    """`alternatives` are the possible strings, in them `UNKNOWN` stands for any text. `cut`: a bound was reached."""

    alternatives: tuple[str, ...]
    origins: tuple[Origin, ...] = ()
    cut: bool = False

    @property
    def single(self) -> str | None:
        return self.alternatives[0] if len(self.alternatives) == 1 else None


EMPTY = Value(("",))


def literal(text: str) -> Value:
    return Value((text,)) if text else EMPTY


def unknown(*origins: Origin) -> Value:
    return Value((UNKNOWN,), origins)


def bounded(alternatives: Iterable[str], origins: tuple[Origin, ...], *, cut: bool = False) -> Value:
    unique = tuple(dict.fromkeys(alternatives))
    if len(unique) > MAX_VALUES or any(len(text) > MAX_LENGTH for text in unique):
        return Value((UNKNOWN,), origins[:MAX_ORIGINS], cut=True)
    return Value(unique, origins if len(origins) <= MAX_ORIGINS else origins[:MAX_ORIGINS], cut)


def merged(*origins: tuple[Origin, ...]) -> tuple[Origin, ...]:
    filled = [some for some in origins if some]
    if len(filled) < 2:
        return filled[0] if filled else ()
    return tuple(dict.fromkeys(origin for some in filled for origin in some))[:MAX_ORIGINS]


def concat(parts: list[Value]) -> Value:
    """One after the other: every combination. Where these are too many, the parts that vary most become unknown."""
    if len(parts) == 1:
        return parts[0]
    counts = [len(part.alternatives) for part in parts]
    cut = any(part.cut for part in parts)
    while prod(counts) > MAX_VALUES:
        counts[counts.index(max(counts))] = 1
        cut = True
    choices = [
        part.alternatives if count == len(part.alternatives) else (UNKNOWN,)
        for count, part in zip(counts, parts, strict=True)
    ]
    return bounded(map("".join, product(*choices)), merged(*[part.origins for part in parts]), cut=cut)


def union(first: Value, second: Value) -> Value:
    if first == second:
        return first
    if first.cut or second.cut:
        return Value((UNKNOWN,), merged(first.origins, second.origins), cut=True)
    return bounded(
        (*first.alternatives, *second.alternatives),
        merged(first.origins, second.origins),
    )


def each(value: Value, change: Callable[[str], str]) -> Value:
    """`change` applied to every string that is known in full; what is not stays unknown."""
    changed = (change(text) if UNKNOWN not in text else UNKNOWN for text in value.alternatives)
    return bounded(changed, value.origins, cut=value.cut)


_GLOB = re.compile(r"\\(.)|\[[!^]?\]?[^\]]*\]|[*?]|.", re.S)
MAX_MATCHED = 4096
"""Characters of a value that a pattern is matched against."""

MAX_STARS = 4
"""Stars in a pattern that is matched; more could take long."""


def glob_pattern(pattern: str, *, greedy: bool) -> str:
    """A shell pattern as a regular expression."""
    parts = []
    for match in _GLOB.finditer(pattern):
        part = match.group()
        if part == "*":
            parts.append(".*" if greedy else ".*?")
        elif part == "?":
            parts.append(".")
        elif len(part) > 2 and part[0] == "[":
            inside = part[1:-1].replace("\\", "\\\\")
            parts.append("[" + ("^" + inside[1:] if inside[0] in "!^" else inside) + "]")
        else:
            parts.append(re.escape(match.group(1) or part))
    return "".join(parts)


class Trimmed(Struct, frozen=True):
    """``${X#pattern}`` and its kind. An unknown pattern gives unknown."""

    operator: str
    pattern: str

    def __call__(self, text: str) -> str:
        if UNKNOWN in self.pattern or self.pattern.count("*") > MAX_STARS or len(text) > MAX_MATCHED:
            return UNKNOWN
        try:
            return self._trim(text)
        except re.error:
            return UNKNOWN

    def _trim(self, text: str) -> str:
        greedy = len(self.operator) == 2
        if self.operator[0] == "#":
            match = re.match(f"(?s:{glob_pattern(self.pattern, greedy=greedy)})", text)
            return text[match.end() :] if match else text
        starts = range(len(text) + 1) if greedy else range(len(text), -1, -1)
        whole = re.compile(f"(?s:{glob_pattern(self.pattern, greedy=True)})")
        return next((text[:start] for start in starts if whole.fullmatch(text, start)), text)
