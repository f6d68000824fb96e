"""The task list of a change: that its tasks are checkboxes, and that their numbers fit their groups."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from rules.sources.openspec.text import ANY, BOM, NONSPACE, SPACE, WHITESPACE, trim
from rules.validate.openspec.findings import Finding, Place

_BULLET = rf"{SPACE}*+(?:[-*+]|[0-9]{{1,9}}[.)])"
_TASK = re.compile(
    rf"{_BULLET}{SPACE}*+\[(?:{SPACE}*+[^\]{WHITESPACE}]?+{SPACE}*+\](?![(\[])|{SPACE}++\]){SPACE}*+({ANY}*+)"
)
_LIST_ITEM = re.compile(rf"{_BULLET}{SPACE}++{NONSPACE}")
_LEVEL_2 = re.compile(r" {0,3}##(?!#)(?:[ \t]+|\r?\Z)")
_GROUP = re.compile(r" {0,3}##[ \t]++([0-9]++)\.(?:[ \t]|\r?\Z)")
_ID = re.compile(rf"([0-9]++(?:\.[0-9]++)++[A-Za-z]*+)(?={SPACE}|\Z)")
_FENCE = re.compile(rf" {{0,3}}(`{{3,}}+|~{{3,}}+)({ANY}*+)")
_CODE_COLUMN = 4

_NO_CHECKBOX = (
    "This change counts as 0 tasks: no line in its tracked task files is a checkbox, so "
    '"openspec list" and "openspec status" report no work and "openspec archive" has nothing to flag as incomplete. '
    'Write each task as "- [ ] 1.1 Description".'
)


class TaskFile(Struct, frozen=True):
    """A task list: its path inside the change, its repository path and its text."""

    path: str
    file: str
    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def place(self) -> Place:
        return Place(self.path, self.file)


def numbering_findings(files: Sequence[TaskFile]) -> Iterator[Finding]:
    """C20: below ``## 2.`` a task whose number starts with another group, or a number used twice."""
    first: dict[str, tuple[TaskFile, int]] = {}
    for file in files:
        group: str | None = None
        for number, line in enumerate(file.lines, 1):
            if _LEVEL_2.match(line):
                heading = _GROUP.match(line)
                group = heading[1] if heading else None
            task_id = None if group is None else _task_id(line)
            if group is None or task_id is None:
                continue
            leading = task_id.partition(".")[0]
            if (leading.lstrip("0") or "0") != (group.lstrip("0") or "0"):
                message = (
                    f'Task "{task_id}" is under group {group}, but its leading number points to group {leading}. Move '
                    f"it to group {leading} or renumber it."
                )
                yield file.place.finding("C20", "WARNING", message, number, cited=True)
            if task_id in first:
                other, line_number = first[task_id]
                where = f"on line {line_number}" if other is file else f"in {other.path} on line {line_number}"
                message = f'Task ID "{task_id}" is duplicated; it was first declared {where}.'
                yield file.place.finding("C20", "WARNING", message, number, way_out="Renumber it.", cited=True)
            else:
                first[task_id] = (file, number)


def checkbox_findings(files: Sequence[TaskFile]) -> Iterator[Finding]:
    """C19: a task list without a single checkbox, on the line of its first list item."""
    if any(_TASK.match(line) for file in files for line in file.lines):
        return
    for file in files:
        line = _first_list_item(file.lines)
        if line is not None:
            yield file.place.finding("C19", "WARNING", _NO_CHECKBOX, line, cited=True)


def _task_id(line: str) -> str | None:
    task = _TASK.match(line)
    found = _ID.match(trim(task[1])) if task else None
    return found[1] if found else None


def _first_list_item(lines: list[str]) -> int | None:
    """The line of the first list item that is neither fenced, commented out, front matter nor indented code."""
    fence = ""
    in_comment = False
    for index in range(_front_matter(lines), len(lines)):
        line = lines[index]
        if in_comment:
            in_comment = "-->" not in line
            continue
        marker = _FENCE.match(line)
        if marker:
            if not fence:
                fence = marker[1]
            elif marker[1].startswith(fence) and not trim(marker[2]):
                fence = ""
            continue
        if fence:
            continue
        if line.lstrip(WHITESPACE).startswith("<!--"):
            in_comment = "-->" not in line[line.index("<!--") + 4 :]
            continue
        if _LIST_ITEM.match(line) and _indent(line) < _CODE_COLUMN:
            return index + 1
    return None


def _indent(line: str) -> int:
    column = 0
    for character in line:
        if character == " ":
            column += 1
        elif character == "\t":
            column += _CODE_COLUMN - column % _CODE_COLUMN
        else:
            break
    return column


def _front_matter(lines: list[str]) -> int:
    """The index of the first line after YAML front matter; 0 without."""
    if lines[0].removeprefix(BOM).rstrip(WHITESPACE) != "---":
        return 0
    return next((index + 1 for index in range(1, len(lines)) if lines[index].rstrip(WHITESPACE) == "---"), 0)
