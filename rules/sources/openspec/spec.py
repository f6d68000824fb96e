"""A main spec: the purpose of a capability and its requirements.

The command reads a main spec in two ways, and both matter. As *blocks* it takes ``### Requirement:`` headings inside
the first ``## Requirements`` section; these are what deltas apply to and what citations name. As a *tree of headings*
it takes every heading below the first one called Requirements, whatever its name; that is what validation counts.
"""

from __future__ import annotations

from functools import cached_property

from msgspec import Struct

from rules.sources.openspec.blocks import Item, Requirement, Section, is_section_end, items, requirements, sections
from rules.sources.openspec.text import Text, heading_level, trim, words_after_space


class Heading(Struct, frozen=True):
    """A heading of any level with everything below it.

    `start` is its line and `end` the last line before the next heading of its level or a higher one, blank lines
    included. `children` are the headings directly below.
    """

    level: int
    title: str
    start: int
    end: int
    children: tuple[Heading, ...]


class MainSpec(Struct, frozen=True, dict=True):
    """A main spec's text, read. `requirements` are the blocks, `headings` the roots of the tree of headings."""

    text: Text
    requirements: tuple[Requirement, ...]
    headings: tuple[Heading, ...]

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        return sections(self.text)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        return items(self.text)

    def content(self, heading: Heading) -> str:
        """The text below a heading, without white space around it."""
        return trim("\n".join(self.text.lines[heading.start : heading.end]))

    def has_content(self, heading: Heading) -> bool:
        """Whether anything but white space stands below a heading."""
        return any(trim(line) for line in self.text.lines[heading.start : heading.end])

    def find(self, title: str) -> Heading | None:
        """The first heading with this title, at any level and in any case, in order of the file."""
        return _find(self.headings, title.lower())


def read_spec(source: str) -> MainSpec:
    """Read the text of ``openspec/specs/<capability>/spec.md``. Any text can be read."""
    text = Text.of(source)
    start, end = requirements_section(text)
    return MainSpec(text, tuple(requirements(text, start, end)), _tree(text))


def is_requirements_heading(line: str) -> bool:
    """Whether `line` opens the section that deltas apply to."""
    return heading_level(line) == 2 and trim(line[2:]).lower() == "requirements"


def requirements_section(text: Text) -> tuple[int, int]:
    """The body of the first ``## Requirements`` section: 0-based, end excluded; empty if there is none."""
    start = 0
    for index in text.heads:
        line = text.lines[index]
        if start and is_section_end(line):
            return start, index
        if not start and is_requirements_heading(line):
            start = index + 1
    return (start, len(text.lines)) if start else (0, 0)


def _find(headings: tuple[Heading, ...], title: str) -> Heading | None:
    todo = list(reversed(headings))
    while todo:
        heading = todo.pop()
        if heading.title.lower() == title:
            return heading
        todo.extend(reversed(heading.children))
    return None


class _Open(Struct):
    """A heading whose end is not reached yet."""

    level: int
    title: str
    start: int
    children: list[Heading]


def _tree(text: Text) -> tuple[Heading, ...]:
    """The headings as a tree. A line such as ``##`` and a space ends the text above it without being a heading."""
    roots: list[Heading] = []
    stack: list[_Open] = []
    ends = _ends(text)

    def close() -> None:
        done = stack.pop()
        heading = Heading(done.level, done.title, done.start, ends[done.start], tuple(done.children))
        (stack[-1].children if stack else roots).append(heading)

    for index in text.heads:
        line = text.lines[index]
        level = heading_level(line)
        title = words_after_space(line[level:])
        if level == 0 or title is None:
            continue
        while stack and stack[-1].level >= level:
            close()
        stack.append(_Open(level, title, index + 1, []))
    while stack:
        close()
    return tuple(roots)


def _ends(text: Text) -> dict[int, int]:
    """For the line of every heading the last line of its text."""
    ends: dict[int, int] = {}
    open_lines: list[tuple[int, int]] = []
    for index in text.heads:
        level = heading_level(text.lines[index])
        if level == 0:
            continue
        while open_lines and open_lines[-1][0] >= level:
            ends[open_lines.pop()[1]] = index
        open_lines.append((level, index + 1))
    ends.update({line: len(text.lines) for _, line in open_lines})
    return ends
