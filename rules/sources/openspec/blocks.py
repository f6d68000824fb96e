"""Sections, requirements, scenarios and numbered items: what a main spec and a delta are both made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from rules.sources.openspec.text import (
    SPACE,
    Text,
    fences,
    heading_level,
    trim,
    trim_end,
    trim_start,
    words_after_space,
    words_of,
)

_METADATA = re.compile(r"\*\*[^*]+\*\*:")
_BREAK = re.compile(r" {0,3}(?:(?:-\s*+){3,}+|(?:_\s*+){3,}+|(?:\*\s*+){3,}+)\Z")
_ITEM = re.compile(r"(\s*+)[-*+]\s++(?:\*\*|__|`)?([A-Z]{1,4}-\d{1,4})\b")
_BULLET = re.compile(r"(\s*+)(?:[-*+]|\d{1,9}[.)])(?:\s|\Z)")
_NORMATIVE = re.compile(r"\b(?:SHALL|MUST)\b", re.ASCII)


class Section(Struct, frozen=True):
    """A level-2 section: its title and its lines, heading included, without blank lines and rules at the end."""

    title: str
    start: int
    end: int


class Scenario(Struct, frozen=True):
    """A level-4 heading inside a requirement. `name` is without the label ``Scenario:``.

    `has_steps` is False for a heading with nothing under it, which does not count as a scenario.
    """

    name: str
    start: int
    end: int
    has_steps: bool


class Requirement(Struct, frozen=True):
    """A block from a ``### Requirement:`` heading to the next one or the next section.

    `name` is verbatim, without closing hashes; two requirements are the same if their keys are equal, case included.
    `raw` is the block as archiving would move it. `statement` is its text outside fences up to the first heading
    inside, line by line trimmed; metadata (``**Priority**: high``) counts only if there is nothing else. `start` to
    `end` are the lines to cite: blank lines and thematic breaks at the end belong to nobody.
    """

    name: str
    header: str
    raw: str
    statement: str
    start: int
    end: int
    scenarios: tuple[Scenario, ...]

    @property
    def key(self) -> str:
        """What requirements are matched by; nearly always the name itself."""
        return normalise(self.name)


class Item(Struct, frozen=True):
    """A bullet that starts with an id, such as ``- F-4: …`` or ``- **D-2** — …``, with the lines that continue it.

    `text` is the whole bullet, its lines joined by newlines; `section` is the title of the section around it and
    `requirement` the name of the requirement it stands in, None outside of one.
    """

    id: str
    text: str
    start: int
    end: int
    section: str | None
    requirement: str | None


def normalise(name: str) -> str:
    """The name that requirements are matched by: without closing hashes and outer white space."""
    return trim(without_closing_hashes(name))


def fold(name: str) -> str:
    """A name without its case and spacing. Equal folds of different names are a slip, never two requirements."""
    return re.sub(f"{SPACE}+", " ", normalise(name).lower())


def is_normative(text: str) -> bool:
    """Whether `text` says SHALL or MUST, in capitals, as a word."""
    return _NORMATIVE.search(text) is not None


def without_closing_hashes(text: str) -> str:
    """`text` without the run of hashes that may close a heading; only a space or tab before it makes it one."""
    closing = text.rstrip(" \t")
    stem = closing.rstrip("#")
    if stem == closing or not stem.endswith((" ", "\t")):
        return text
    return stem.rstrip(" \t")


def after_label(text: str, label: str) -> str | None:
    """What stands behind `label`, which may be written in any case; None if `text` does not begin with it."""
    return text[len(label) :] if text[: len(label)].lower() == label else None


def requirement_name(line: str) -> str | None:
    """The name in a requirement's heading, None if `line` is none. The name may be empty."""
    if not line.startswith("###"):
        return None
    rest = after_label(trim_start(line[3:]), "requirement:")
    name = None if rest is None else words_of(rest)
    return None if name is None else normalise(name)


def section_title(line: str) -> str | None:
    """The title of a level-2 heading, None if `line` is none."""
    return words_after_space(line[2:]) if line.startswith("##") else None


def level_3_heading(line: str) -> str | None:
    """The text of a level-3 heading, None if `line` is none."""
    return words_of(line[4:]) if heading_level(line) == 3 else None


def is_section_end(line: str) -> bool:
    """Whether a requirement block ends before `line`; a bare ``## `` ends it too, although it starts no section."""
    return heading_level(line) == 2


def scenario_name(line: str) -> str | None:
    """The name of a scenario, without its label; None if `line` is no level-4 heading."""
    if heading_level(line) != 4:
        return None
    name = without_closing_hashes(trim_start(line[4:]))
    rest = after_label(name, "scenario:")
    return trim(name if rest is None else rest)


def sections(text: Text) -> tuple[Section, ...]:
    """All level-2 sections in order; equal titles stay apart."""
    heads = [(index, title) for index in text.heads if (title := section_title(text.lines[index])) is not None]
    ends = [*(index for index, _ in heads), len(text.lines)][1:]
    return tuple(
        Section(title, start + 1, _last_line(text, start, end)) for (start, title), end in zip(heads, ends, strict=True)
    )


def requirements(text: Text, start: int, end: int) -> Iterator[Requirement]:
    """The requirement blocks in the lines `start` to `end` (0-based, `end` excluded)."""
    heads: list[tuple[int, str]] = []
    ends: list[int] = []
    open_block = False
    for index in text.heads_in(start, end):
        line = text.lines[index]
        name = requirement_name(line)
        if open_block and (name is not None or is_section_end(line)):
            ends.append(index)
            open_block = False
        if name is not None:
            heads.append((index, name))
            open_block = True
    if open_block:
        ends.append(end)
    for (first, name), last in zip(heads, ends, strict=True):
        yield _requirement(text, name, first, last)


def _requirement(text: Text, name: str, start: int, end: int) -> Requirement:
    # Everything but the lines is read from the trimmed block: its last line may be no heading any more.
    raw = trim_end("\n".join(text.lines[start:end]))
    lines = raw.split("\n")
    return Requirement(
        name=name,
        header=text.lines[start],
        raw=raw,
        statement=statement_of(lines[1:]),
        start=start + 1,
        end=_last_line(text, start, start + len(lines)),
        scenarios=tuple(_scenarios(text, lines, start)),
    )


def _scenarios(text: Text, lines: list[str], offset: int) -> Iterator[Scenario]:
    """The scenarios of the block `lines`, which starts at line `offset` (0-based) of `text`."""
    fenced = text.fenced[offset : offset + len(lines)]
    index = 1
    while index < len(lines):
        name = None if fenced[index] else scenario_name(lines[index])
        if name is None:
            index += 1
            continue
        first = index
        index += 1
        while index < len(lines) and (fenced[index] or not 1 <= heading_level(lines[index]) <= 4):
            index += 1
        has_steps = any(trim(line) for line in lines[first + 1 : index])
        yield Scenario(name, offset + first + 1, _last_line(text, offset + first, offset + index), has_steps)


def statement_of(lines: Sequence[str]) -> str:
    """The statement in the lines below a requirement's heading, as `Requirement.statement` describes it."""
    prose: list[str] = []
    metadata: list[str] = []
    for line, in_fence in zip(lines, fences(lines), strict=True):
        if in_fence:
            continue
        if heading_level(line):
            break
        if trimmed := trim(line):
            (metadata if _METADATA.match(trimmed) else prose).append(trimmed)
    return "\n".join(prose or metadata)


def items(text: Text) -> tuple[Item, ...]:
    """The bullets of the whole text that start with an id, fenced ones excepted."""
    found: list[Item] = []
    section: str | None = None
    requirement: str | None = None
    for index, line in enumerate(text.lines):
        if text.fenced[index]:
            continue
        if (title := section_title(line)) is not None:
            section, requirement = title, None
        elif (name := requirement_name(line)) is not None:
            requirement = name
        elif item := _ITEM.match(line):
            end = _item_end(text, index, len(item[1]))
            body = "\n".join(text.lines[index:end])
            found.append(Item(item[2], body, index + 1, end, section, requirement))
    return tuple(found)


def _item_end(text: Text, index: int, indent: int) -> int:
    """The line after the bullet at `index` (0-based), which a blank line, a heading, a fence or a bullet ends."""
    end = index + 1
    while end < len(text.lines) and not text.fenced[end]:
        line = text.lines[end]
        bullet = _BULLET.match(line)
        if not line.strip() or heading_level(line) or _BREAK.match(line) or (bullet and len(bullet[1]) <= indent):
            break
        if _ITEM.match(line):
            break
        end += 1
    return end


def _last_line(text: Text, start: int, end: int) -> int:
    """The number of the last line of `start` to `end` (0-based, `end` excluded) that a citation shows."""
    while end > start + 1 and not text.fenced[end - 1] and _is_filler(text.lines[end - 1]):
        end -= 1
    return end


def _is_filler(line: str) -> bool:
    return not trim(line) or _BREAK.match(line) is not None
