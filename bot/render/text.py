"""``--format text``: for a person at a terminal, 80 columns or more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO
from textwrap import fill

from rich.console import Console
from rich.text import Text

from bot.render.escape import contrast, plain
from rules.model import Affected, Finding, Report

MAX_VALUE = 200
"""Characters shown of a value before and after."""

MAX_CHANGES = 8
"""Changes told for one requirement."""

GONE = "not there"

_LEVEL_STYLES = {"failure": "bold red", "warning": "yellow", "notice": "cyan"}
_CONCLUSION_STYLES = {"failure": "bold red", "action_required": "yellow", "neutral": "yellow", "success": "bold green"}


def render(report: Report, *, width: int = 80, colour: bool = False) -> str:
    """The report as text, wrapped at `width` columns, with terminal colours if `colour`."""
    out = StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    _head(console, report)
    for finding in _with(report, "introduced"):
        _finding(console, finding)
    _affected(console, report.affected)
    _list(console, "Drift", [f"{d.id} is {d.state} {d.path}:{d.line} ({d.change})" for d in report.drift])
    at = {"base": "(at the base) ", "head": ""}
    undecided = [f"{u.span.path}:{u.span.start} {u.rule}: {u.reason}" for u in report.undecided]
    _list(console, "Could not be decided", undecided)
    _list(console, "Not analysed in full", [f"{p.path}:{p.line} {at[p.side]}{p.message}" for p in report.problems])
    _list(console, "Repaired by this change", map(_line, _with(report, "fixed")), "green")
    _list(console, "There before this change", map(_line, _with(report, "preexisting")), "dim")
    return out.getvalue()


def _with(report: Report, status: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.status == status]


def _head(console: Console, report: Report) -> None:
    conclusion = report.conclusion.replace("_", " ")
    console.print(Text(conclusion, style=_CONCLUSION_STYLES.get(report.conclusion, "bold")), end=" ")
    counts = {status: len(_with(report, status)) for status in ("introduced", "fixed", "preexisting")}
    console.print(
        f"{counts['introduced']} introduced, {counts['fixed']} repaired, {counts['preexisting']} there before "
        f"({plain(report.base)[:12]}..{plain(report.head)[:12]})"
    )


def _finding(console: Console, finding: Finding) -> None:
    place = Text(f"{plain(finding.path)}:{finding.line}", style="bold")
    level = Text(finding.level, style=_LEVEL_STYLES[finding.level])
    console.print()
    console.print(Text.assemble(place, " ", level, f" {finding.rule} {plain(finding.requirement)}"), soft_wrap=True)
    for text in (finding.message, finding.why, finding.fix):
        _prose(console, text, indent="  ")
    if finding.suggestion:
        for line in finding.suggestion.text.split("\n"):
            console.print(Text(f"    + {_kept(line)}", style="green"), soft_wrap=True)
    for step in finding.trail:
        console.print(Text(f"    {plain(step.path)}:{step.line}  {plain(step.text)}", style="dim"), soft_wrap=True)
    if finding.acknowledged_by:
        by = finding.acknowledged_by
        console.print(Text(f"  Acknowledged by the {by.kind} in {plain(by.path)}:{by.line}"), soft_wrap=True)
    console.print(Text(f"  Contract: {_cited(finding)}", style="dim"), soft_wrap=True)


def _cited(finding: Finding) -> str:
    citation = finding.citation
    where = "" if citation is None else f" {citation.url or f'{citation.path}:{citation.start}'}"
    related = f" (also {', '.join(finding.related)})" if finding.related else ""
    return plain(f"{finding.rule} {finding.requirement}{related}{where}")


def _affected(console: Console, affected: Sequence[Affected]) -> None:
    if affected:
        console.print(Text("\nTouched by this change", style="bold"))
    for entry in affected:
        console.print(f"  {entry.id} {plain(entry.requirement)}")
        for change in entry.changes[:MAX_CHANGES]:
            before, after = contrast(change.before or "", change.after or "", MAX_VALUE)
            values = (GONE if change.before is None else before, GONE if change.after is None else after)
            _prose(console, f"{change.what}: {' → '.join(values)}", indent="    ")
        if len(entry.changes) > MAX_CHANGES:
            console.print(f"    and {len(entry.changes) - MAX_CHANGES} more (see --format json)")


def _prose(console: Console, text: str, indent: str) -> None:
    wrapped = fill(
        plain(text),
        console.width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    console.print(Text(wrapped), soft_wrap=True)


def _line(finding: Finding) -> str:
    return f"{finding.path}:{finding.line} {finding.rule} {finding.title}"


def _list(console: Console, heading: str, lines: Iterable[str], style: str = "") -> None:
    for number, line in enumerate(lines):
        if not number:
            console.print(Text(f"\n{heading}", style="bold"))
        console.print(Text(f"  {plain(line)}", style=style), soft_wrap=True)


def _kept(line: str) -> str:
    """A line of code with its indentation."""
    code = line.lstrip(" \t")
    return line[: len(line) - len(code)].replace("\t", "    ") + plain(code)
