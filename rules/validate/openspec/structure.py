"""The structure of a main spec: no delta sections, every requirement inside ``## Requirements``, each name once."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from rules.sources.openspec.blocks import is_section_end, requirement_name
from rules.sources.openspec.spec import is_requirements_heading
from rules.sources.openspec.text import BOM, SPACE, WHITESPACE, Text, trim

_DELTA_SECTION = re.compile(
    rf"##{SPACE}++(?:ADDED|MODIFIED|REMOVED|RENAMED){SPACE}++Requirements{SPACE}*+\Z", re.IGNORECASE | re.ASCII
)


class StructureIssue(Struct, frozen=True):
    line: int
    message: str
    requirement: str | None = None
    way_out: str = ""


def structure_issues(text: Text) -> Iterator[StructureIssue]:
    """What keeps a main spec from being read as it is written, in order of the file."""
    # This check alone keeps a byte order mark, which hides a heading on the first line from it.
    lines = [BOM + text.lines[0], *text.lines[1:]] if text.bom else text.lines
    visible = [index for index in text.heads if lines[index].startswith("##")]
    start = next((index for index in visible if is_requirements_heading(lines[index])), None)
    after = (index for index in visible if start is not None and index > start)
    end = next((index for index in after if is_section_end(lines[index])), len(lines))
    first_lines: dict[str, int] = {}
    for index in visible:
        line = lines[index]
        if _DELTA_SECTION.match(line):
            yield StructureIssue(index + 1, _delta_section(trim(line)), way_out="Rename it or move it to a change.")
            continue
        name = requirement_name(line)
        if name is None or line[3] not in WHITESPACE:
            continue
        if start is None or not start < index < end:
            way_out = 'Move it below the "## Requirements" heading.'
            yield StructureIssue(index + 1, _outside(trim(line)), name, way_out)
        elif name in first_lines:
            way_out = "Merge the two blocks or give one of them another name."
            yield StructureIssue(index + 1, _duplicate(trim(line), first_lines[name]), name, way_out)
        else:
            first_lines[name] = index + 1


def _delta_section(header: str) -> str:
    return (
        f'Main spec contains delta header "{header}". Delta headers are only valid inside '
        "openspec/changes/<name>/specs/<capability-path>/spec.md and truncate the parsed ## Requirements section."
    )


def _outside(header: str) -> str:
    return (
        f'Requirement header "{header}" appears outside the main ## Requirements section. Main specs only parse '
        "requirements inside that section, so this requirement is currently invisible to validate, list, and archive."
    )


def _duplicate(header: str, first: int) -> str:
    return (
        f'Requirement header "{header}" duplicates the requirement declared on line {first}. Requirement names must be '
        "unique so spec updates cannot discard one block while updating another."
    )
