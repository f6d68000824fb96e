"""A script as one string with exact positions, for everything that reads it character by character."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

from msgspec import Struct

from rules.model import Span
from rules.sources.text import Hole, Piece, Position, Text

UNKNOWN = "\0"
"""Stands for any string in a value, and for a hole in a script. NUL cannot occur in what bash reads."""

_NEWLINE = re.compile("\n")
NOWHERE = Position("", 1, 1)
"""The place of an empty text."""


class Script(Struct, frozen=True, eq=False, dict=True):
    """A `Text` as one plain string: offsets in `plain` are offsets in `text`, each hole is one `UNKNOWN`.

    `path` is what ``BASH_SOURCE[0]`` would say, see `rules.sources.shell.expand.REPOSITORY`.
    """

    text: Text
    path: str

    @cached_property
    def plain(self) -> str:
        return "".join(
            part.text.replace(UNKNOWN, "\ufffd") if isinstance(part, Piece) else UNKNOWN for part in self.text.parts
        )

    @cached_property
    def holes(self) -> dict[int, Hole]:
        found, offset = {}, 0
        for part in self.text.parts:
            if isinstance(part, Hole):
                found[offset] = part
                offset += 1
            else:
                offset += len(part.text)
        return found

    @cached_property
    def _starts(self) -> list[int]:
        starts, offset = [], 0
        for part in self.text.parts:
            starts.append(offset)
            offset += len(part.text) if isinstance(part, Piece) else 1
        return starts

    @cached_property
    def _newlines(self) -> list[int]:
        return [match.start() for match in _NEWLINE.finditer(self.plain)]

    @cached_property
    def _places(self) -> dict[int, Position]:
        return {}

    def at(self, offset: int) -> Position:
        """The place of character `offset`: the same as `Text.at`, by binary search."""
        place = self._places.get(offset)
        if place is None:
            place = self._places[offset] = self._at(offset)
        return place

    def _at(self, offset: int) -> Position:
        if not self.text.parts:
            return NOWHERE
        index = max(bisect_right(self._starts, offset) - 1, 0)
        part, first = self.text.parts[index], self._starts[index]
        if isinstance(part, Hole):
            return part.start
        before = bisect_right(self._newlines, offset - 1)
        lines = before - bisect_right(self._newlines, first - 1)
        if not lines:
            return Position(part.start.path, part.start.line, part.start.column + offset - first)
        column = offset - self._newlines[before - 1] + part.indent
        return Position(part.start.path, part.start.line + lines, column)

    def slice(self, start: int, end: int) -> Text:
        """The same as `Text.slice`, without looking at every part."""
        first = max(bisect_right(self._starts, start) - 1, 0)
        last = max(bisect_right(self._starts, end - 1), first + 1)
        offset = self._starts[first] if self._starts else 0
        return Text(self.text.parts[first:last]).slice(start - offset, end - offset)

    def span(self, start: int, end: int) -> Span:
        """The lines from `start` to before `end`; only the first line if the end lies in another file."""
        first, last = self.at(start), self.at(max(end - 1, start))
        return Span(first.path, first.line, last.line if last.path == first.path else first.line)

    def show(self, start: int, end: int) -> str:
        """The source between two offsets as a person wrote it, holes as ``${expression}``."""
        text = self.plain[start:end]
        return self.slice(start, end).show() if UNKNOWN in text else text
