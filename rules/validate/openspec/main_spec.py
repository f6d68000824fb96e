"""The command's verdict on one main spec."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from rules.sources.openspec.blocks import statement_of
from rules.sources.openspec.spec import Heading, MainSpec, read_spec
from rules.sources.openspec.text import BOM, Text, length, trim
from rules.validate.openspec.findings import Finding, Place
from rules.validate.openspec.requirements import statement_findings
from rules.validate.openspec.structure import structure_issues

_MIN_PURPOSE = 50
_MAX_STATEMENT = 500
_PREFIX = "TBD - created by archiving change "
_SUFFIX = ". Update Purpose after archive."

_EXPECTED = (
    'Missing required sections. Expected headers: "## Purpose" and "## Requirements". Example:\n## Purpose\n'
    "[brief purpose]\n\n## Requirements\n### Requirement: Clear requirement statement\nUsers SHALL ...\n\n"
    "#### Scenario: Descriptive name\n- **WHEN** ...\n- **THEN** ..."
)
_NO_SCENARIO = "Requirement must have at least one scenario"
_HOW_TO = (
    "Scenarios must use level-4 headers. Convert bullet lists into:\n#### Scenario: Short name\n- **WHEN** ...\n"
    "- **THEN** ...\n- **AND** ..."
)
_PLACEHOLDER = (
    "Purpose section is still a placeholder rather than a Purpose anyone wrote (the sentence `openspec archive` writes "
    "for a new capability, or a `TBD`/`TODO` marker left in its place). Replace it with what this capability is for, "
    "editing the main spec directly: a `## Purpose` in a delta is read only when the capability is created, so it "
    "cannot replace this one."
)

_MARKER = re.compile(r"(?:TBD|TODO)", re.IGNORECASE)
_PUNCTUATION = re.compile(r"[ \t]*+(?:\Z|[\n:\-\u2013\u2014.,;()\[\]{}])")
_PURPOSE = re.compile(r" {0,3}##(?!#)[ \t]++Purpose[ \t]*+\Z", re.IGNORECASE | re.ASCII)
_SECTION = re.compile(r" {0,3}#{1,2}(?!#)[ \t]")


def spec_findings(source: str, file: str) -> Iterator[Finding]:
    """Everything that the command says about the main spec `source` of the repository file `file`, in its order."""
    spec = read_spec(source)
    place = Place("file", file)
    purpose, section = spec.find("Purpose"), spec.find("Requirements")
    if purpose is None or not spec.has_content(purpose):
        line = 1 if purpose is None else purpose.start
        yield place.finding("S1", "ERROR", f"Spec must have a Purpose section. {_EXPECTED}", line)
        return
    if section is None:
        yield place.finding("S1", "ERROR", f"Spec must have a Requirements section. {_EXPECTED}", len(spec.text.lines))
        return
    statements = [_statement(spec, child) for child in section.children]
    scenarios = [any(spec.has_content(scenario) for scenario in child.children) for child in section.children]
    yield from _schema_findings(section, statements, scenarios, file)
    for issue in structure_issues(spec.text):
        yield place.finding(
            "S4", "ERROR", issue.message, issue.line, requirement=issue.requirement, way_out=issue.way_out, cited=True
        )
    yield from _purpose_findings(spec, purpose, file)
    yield from _requirement_findings(section, statements, scenarios, file)
    for index, block in enumerate(spec.requirements):
        yield from statement_findings(Place(f"requirements[{index}]", file), block)


def _statement(spec: MainSpec, heading: Heading) -> str:
    """The text of a requirement in the tree of headings, which falls back on its heading."""
    return statement_of(spec.content(heading).split("\n")) or heading.title


def _name(heading: Heading) -> str:
    return re.sub(r"\ARequirement:\s*", "", heading.title, flags=re.IGNORECASE)


def _schema_findings(section: Heading, statements: list[str], scenarios: list[bool], file: str) -> Iterator[Finding]:
    """S2 and S3: what a spec must have at least."""
    if not section.children:
        way_out = 'Write at least one "### Requirement: <name>" below it.'
        message = "Spec must have at least one requirement"
        yield Place("requirements", file).finding("S2", "ERROR", message, section.start, way_out=way_out)
    for index, heading in enumerate(section.children):
        place = Place(f"requirements.{index}.text", file)
        if not statements[index]:
            message = "Requirement text cannot be empty"
            yield place.finding("S3", "ERROR", message, heading.start, way_out="Give the heading a name and a text.")
        if not scenarios[index]:
            place = Place(f"requirements.{index}.scenarios", file)
            way_out = 'Add "#### Scenario: <name>" with its steps below it.'
            yield place.finding("S3", "ERROR", _NO_SCENARIO, heading.start, requirement=_name(heading), way_out=way_out)


def _requirement_findings(
    section: Heading, statements: list[str], scenarios: list[bool], file: str
) -> Iterator[Finding]:
    """S7 and S8."""
    for index, heading in enumerate(section.children):
        name = _name(heading)
        if length(statements[index]) > _MAX_STATEMENT:
            message = f"Requirement text is very long (>{_MAX_STATEMENT} characters). Consider breaking it down."
            place = Place(f"requirements[{index}]", file)
            yield place.finding("S7", "INFO", message, heading.start, requirement=name)
        if not scenarios[index]:
            place = Place(f"requirements[{index}].scenarios", file)
            yield place.finding("S8", "WARNING", f"{_NO_SCENARIO}. {_HOW_TO}", heading.start, requirement=name)


def _purpose_findings(spec: MainSpec, purpose: Heading, file: str) -> Iterator[Finding]:
    """S5 and S6: a purpose that nobody wrote, or a very short one."""
    place = Place("overview", file)
    overview = spec.content(purpose)
    prose = trim("\n".join(_unfenced(Text.of(overview))))
    leading = _opens_with_marker(prose)
    if leading or _generated_at(prose) is not None:
        line = _placeholder_line(spec.text, leading=leading)
        yield place.finding("S5", "WARNING", _PLACEHOLDER, line or purpose.start, cited=line is not None)
    elif length(overview) < _MIN_PURPOSE:
        message = f"Purpose section is too brief (less than {_MIN_PURPOSE} characters)"
        yield place.finding("S6", "WARNING", message, purpose.start, way_out="Say what the capability is for.")


def _unfenced(text: Text) -> Iterator[str]:
    return (line for line, fenced in zip(text.lines, text.fenced, strict=True) if not fenced)


def _opens_with_marker(prose: str) -> bool:
    """Whether `prose` opens with TBD or TODO: in capitals always, else only if punctuation or the line's end follows.

    In Spanish and Portuguese a sentence may well start with the word "Todo".
    """
    marker = _MARKER.match(prose)
    if marker is None:
        return False
    following = prose[marker.end() : marker.end() + 1]
    if following and (following == "_" or unicodedata.category(following)[0] in "LNM"):
        return False
    return marker[0].isupper() or _PUNCTUATION.match(prose, marker.end()) is not None


def _generated_at(text: str) -> int | None:
    """Where the sentence that archiving writes starts in `text`."""
    first = text.find(_PREFIX)
    end = text.find(_SUFFIX, first) if first >= 0 else -1
    return text.rfind(_PREFIX, 0, end) if end >= 0 else None


def _placeholder_line(text: Text, *, leading: bool) -> int | None:
    """The line of a placeholder below ``## Purpose``; None if it stands below another kind of heading."""
    lines = [BOM + text.lines[0], *text.lines[1:]] if text.bom else text.lines
    visible = [index for index in range(len(lines)) if not text.fenced[index]]
    start = next((at for at, index in enumerate(visible) if _PURPOSE.match(lines[index])), None)
    if start is None:
        return None
    below: list[int] = []
    for index in visible[start + 1 :]:
        if _SECTION.match(lines[index]):
            break
        if leading and trim(lines[index]):
            return index + 1
        below.append(index)
    if leading:
        return None
    body = "\n".join(lines[index] for index in below)
    at = _generated_at(body)
    return None if at is None else below[body.count("\n", 0, at)] + 1
