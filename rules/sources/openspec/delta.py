"""A delta: what a change adds to, modifies in, removes from and renames in one capability."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Literal

from msgspec import Struct

from rules.sources.openspec.blocks import (
    Item,
    Requirement,
    Section,
    items,
    level_3_heading,
    normalise,
    requirement_name,
    requirements,
    section_title,
    sections,
)
from rules.sources.openspec.text import Text, trim_start, words_of

Operation = Literal["ADDED", "MODIFIED", "REMOVED", "RENAMED"]

_OPERATIONS: dict[str, Operation] = {
    "added requirements": "ADDED",
    "modified requirements": "MODIFIED",
    "removed requirements": "REMOVED",
    "renamed requirements": "RENAMED",
}
_BULLETS = ("-", "*", "+")


class Removal(Struct, frozen=True):
    """An entry of a REMOVED section, a heading or a bullet that quotes one, and the lines of its block."""

    name: str
    start: int
    end: int

    @property
    def key(self) -> str:
        return normalise(self.name)


class Rename(Struct, frozen=True):
    """A FROM line with the TO line that follows it."""

    source: str
    target: str
    source_line: int
    target_line: int

    @property
    def source_key(self) -> str:
        return normalise(self.source)

    @property
    def target_key(self) -> str:
        return normalise(self.target)


class Unpaired(Struct, frozen=True):
    """A FROM or TO line that never formed a pair; nothing is renamed by it."""

    side: Literal["FROM", "TO"]
    name: str
    line: int


class Orphan(Struct, frozen=True):
    """A requirement outside of the four delta sections, which is ignored; `section` is None above the first one."""

    name: str
    section: str | None
    line: int


class Stray(Struct, frozen=True):
    """A level-3 heading in an ADDED or MODIFIED section that is no requirement; `section` as it is spelled there."""

    heading: str
    section: str
    line: int


class Delta(Struct, frozen=True, dict=True):
    """A delta's text, read. Entries stand in their order of the file, repeated sections one after the other.

    `operations` maps each kind of delta section that is there at all to its first line, entries or not.
    """

    text: Text
    operations: dict[Operation, int]
    added: tuple[Requirement, ...]
    modified: tuple[Requirement, ...]
    removed: tuple[Removal, ...]
    renamed: tuple[Rename, ...]
    unpaired: tuple[Unpaired, ...]
    orphans: tuple[Orphan, ...]
    strays: tuple[Stray, ...]

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        return sections(self.text)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        return items(self.text)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to apply."""
        return not (self.added or self.modified or self.removed or self.renamed)


class _Part(Struct, frozen=True):
    """The body of one delta section: lines `start` to `end`, 0-based, `end` excluded. `title` is the first spelling."""

    operation: Operation
    title: str
    start: int
    end: int


def operation_of(title: str) -> Operation | None:
    """The operation that a section with this title asks for; None for any other section."""
    return _OPERATIONS.get(title.lower())


def read_delta(source: str) -> Delta:
    """Read the text of ``openspec/changes/<id>/specs/<capability>/spec.md``. Any text can be read."""
    text = Text.of(source)
    parts = tuple(_parts(text))
    unpaired: list[Unpaired] = []
    renamed = tuple(pair for part in parts if part.operation == "RENAMED" for pair in _renames(text, part, unpaired))
    operations: dict[Operation, int] = {}
    for part in parts:
        operations.setdefault(part.operation, part.start)
    return Delta(
        text=text,
        operations=operations,
        added=tuple(_blocks(text, parts, "ADDED")),
        modified=tuple(_blocks(text, parts, "MODIFIED")),
        removed=tuple(entry for part in parts if part.operation == "REMOVED" for entry in _removals(text, part)),
        renamed=renamed,
        unpaired=tuple(unpaired),
        orphans=tuple(_orphans(text)),
        strays=tuple(_strays(text, parts)),
    )


def has_delta_section(text: Text) -> bool:
    return next(_parts(text), None) is not None


def _parts(text: Text) -> Iterator[_Part]:
    first_spelling: dict[Operation, str] = {}
    opened: tuple[Operation, int] | None = None
    for index in text.heads:
        if (title := section_title(text.lines[index])) is None:
            continue
        if opened:
            yield _Part(opened[0], first_spelling[opened[0]], opened[1], index)
        operation = operation_of(title)
        opened = None
        if operation:
            first_spelling.setdefault(operation, title)
            opened = operation, index + 1
    if opened:
        yield _Part(opened[0], first_spelling[opened[0]], opened[1], len(text.lines))


def _blocks(text: Text, parts: tuple[_Part, ...], operation: Operation) -> Iterator[Requirement]:
    for part in parts:
        if part.operation == operation:
            yield from requirements(text, part.start, part.end)


def _removals(text: Text, part: _Part) -> Iterator[Removal]:
    ends = {block.start: block.end for block in requirements(text, part.start, part.end)}
    for index in range(part.start, part.end):
        if text.fenced[index]:
            continue
        line = text.lines[index]
        name = requirement_name(line)
        if name is None and (entry := trim_start(line)).startswith(_BULLETS):
            name = _quoted_name(entry[1:])
        if name is not None:
            yield Removal(name, index + 1, ends.get(index + 1, index + 1))


def _renames(text: Text, part: _Part, unpaired: list[Unpaired]) -> Iterator[Rename]:
    """The pairs of one section; what never formed one is added to `unpaired`."""
    source: Unpaired | None = None
    for index in range(part.start, part.end):
        entry = trim_start(text.lines[index])
        side, _, rest = trim_start(entry[1:] if entry.startswith(_BULLETS) else entry).partition(":")
        if text.fenced[index] or side not in ("FROM", "TO") or (name := _quoted_name(rest)) is None:
            continue
        if side == "FROM":
            if source:
                unpaired.append(source)
            source = Unpaired("FROM", name, index + 1)
        elif source:
            yield Rename(source.name, name, source.line, index + 1)
            source = None
        else:
            unpaired.append(Unpaired("TO", name, index + 1))
    if source:
        unpaired.append(source)


def _quoted_name(rest: str) -> str | None:
    """The name in a requirement's heading that a list entry quotes, maybe in backticks; None if it is none."""
    heading = trim_start(rest).removeprefix("`")
    label = trim_start(heading.removeprefix("###"))
    if not heading.startswith("###") or not label.startswith("Requirement:"):
        return None
    name = words_of(label.removeprefix("Requirement:"))
    return None if name is None else normalise(name if name == "`" else name.removesuffix("`"))


def _orphans(text: Text) -> Iterator[Orphan]:
    section: str | None = None
    for index in text.heads:
        line = text.lines[index]
        if (title := section_title(line)) is not None:
            section = title
        elif section is None or operation_of(section) is None:
            name = requirement_name(line)
            if name is not None:
                yield Orphan(name, section, index + 1)


def _strays(text: Text, parts: tuple[_Part, ...]) -> Iterator[Stray]:
    for part in parts:
        if part.operation not in ("ADDED", "MODIFIED"):
            continue
        for index in text.heads_in(part.start, part.end):
            line = text.lines[index]
            if requirement_name(line) is not None:
                continue
            heading = level_3_heading(line)
            if heading is not None:
                yield Stray(heading, part.title, index + 1)
