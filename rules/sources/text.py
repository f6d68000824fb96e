"""Strings that remember where each of their characters was written.

A boot script reaches the agent through heredocs, `file()`, module outputs and string functions. `Text` carries it
through all of them as pieces with an origin, and holes where a value cannot be known, so that a finding can stand on
the line of the real file.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property, lru_cache

from msgspec import Struct

_NEWLINE = re.compile("\n")


def fits(fragments: Sequence[str], text: str) -> bool:
    """Whether these fragments, in their order and with anything between them, can be `text`.

    In linear time, whoever wrote them: a pattern with many ``.*`` would try all ways to share out the text.
    """
    first, *between = fragments
    if not between:
        return text == first
    last = between.pop()
    at, end = len(first), len(text) - len(last)
    if at > end or not (text.startswith(first) and text.endswith(last)):
        return False
    for fragment in between:
        at = text.find(fragment, at, end) + len(fragment)
        if at < len(fragment):
            return False
    return True


class Position(Struct, frozen=True, order=True):
    """A place in a repository file; line and column are 1-based, the column counts characters."""

    path: str
    line: int
    column: int


@lru_cache(maxsize=16)
def _newlines(text: str) -> list[int]:
    """Where the newlines are: a long text is asked for many places in a row."""
    return [match.start() for match in _NEWLINE.finditer(text)]


class Piece(Struct, frozen=True):
    """A run of characters copied verbatim from a file: inside it, every newline starts the next source line.

    `start` is the place of the first character; a character after a newline in `text` stands at column
    1 + `indent` of its line (`indent` characters were stripped from the start of each line).
    """

    text: str
    start: Position
    indent: int = 0

    def at(self, offset: int) -> Position:
        """The place of character `offset` (0-based, may equal the length)."""
        newlines = _newlines(self.text)
        before = bisect_left(newlines, offset)
        if not before:
            return Position(self.start.path, self.start.line, self.start.column + offset)
        column = offset - newlines[before - 1] + self.indent
        return Position(self.start.path, self.start.line + before, column)

    def slice(self, start: int, end: int) -> Piece:
        return Piece(self.text[start:end], self.at(start), self.indent)


class Hole(Struct, frozen=True):
    """A part whose value is not known: the expression as written, and why it is unknown.

    `options` are all the values that it can have, where those are known.
    """

    expression: str
    reason: str
    start: Position
    options: tuple[str, ...] = ()


Part = Piece | Hole


class Text(Struct, frozen=True, dict=True):
    """A string value as pieces and holes, in order. Equal texts have equal parts; see `known` for the plain value."""

    parts: tuple[Part, ...]

    @classmethod
    def literal(cls, text: str, start: Position) -> Text:
        return cls((Piece(text, start),) if text else ())

    @property
    def known(self) -> str | None:
        """The plain string, or None if a part of it is unknown."""
        if any(isinstance(part, Hole) for part in self.parts):
            return None
        return "".join(part.text for part in self.parts if isinstance(part, Piece))

    def can_be(self, text: str) -> bool:
        """Whether the string is `text`, or would be with the right values in its holes."""
        fragments = [""]
        for part in self.parts:
            if isinstance(part, Piece):
                fragments[-1] += part.text
            else:
                fragments.append("")
        return fits(fragments, text)

    def show(self) -> str:
        """The string for a person, with ``${expression}`` for what is unknown."""
        return "".join(part.text if isinstance(part, Piece) else "${" + part.expression + "}" for part in self.parts)

    def __add__(self, other: Text) -> Text:
        return Text(self.parts + other.parts)

    @cached_property
    def _offsets(self) -> list[int]:
        offsets, total = [], 0
        for part in self.parts:
            offsets.append(total)
            total += len(part.text) if isinstance(part, Piece) else 1
        return offsets

    def at(self, offset: int) -> Position | None:
        """The place of character `offset`, where each hole counts as one character; None for an empty text."""
        if not self.parts:
            return None
        index = max(bisect_right(self._offsets, offset) - 1, 0)
        part = self.parts[index]
        return part.at(offset - self._offsets[index]) if isinstance(part, Piece) else part.start

    def __len__(self) -> int:
        return sum(len(part.text) if isinstance(part, Piece) else 1 for part in self.parts)

    def slice(self, start: int, end: int) -> Text:
        """Characters `start` to `end` (exclusive), where each hole counts as one character."""
        parts: list[Part] = []
        for offset, part in zip(self._offsets, self.parts, strict=True):
            size = len(part.text) if isinstance(part, Piece) else 1
            low, high = max(start - offset, 0), min(end - offset, size)
            if low < high:
                parts.append(part.slice(low, high) if isinstance(part, Piece) else part)
        return Text(tuple(parts))
