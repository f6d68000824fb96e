"""``--format text``: for a person at a terminal, 80 columns or more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO
from textwrap import fill
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from bot.render.changes import told_once
from bot.render.drift import told
from bot.render.escape import contrast, plain, shorten
from bot.render.matrix import SYMBOLS, WORDS, besides, details, name, rows
from rules.model import Affected, Drift, Edit, Finding, Report

if TYPE_CHECKING:
    from rules.audit import Audit
    from rules.validate.validation import Validation

MAX_VALUE = 200
"""Characters shown of a value before and after."""

MAX_CHANGES = 4
"""Things told that change about one requirement."""

MAX_EVIDENCE = 8
"""Lines of evidence told for one requirement of an audit."""

MIN_LABEL = 30
"""Columns that a requirement gets in an audit's table, however many templates there are."""

GONE = "not there"

_LEVEL_STYLES = {"failure": "bold red", "warning": "yellow", "notice": "cyan"}
_ISSUE_STYLES = {"ERROR": "bold red", "WARNING": "yellow", "INFO": "cyan"}
_VERDICT_STYLES = {"holds": "green", "broken": "bold red", "undecided": "yellow", "not-applicable": "dim"}
_CONCLUSION_STYLES = {"failure": "bold red", "action_required": "yellow", "neutral": "yellow", "success": "bold green"}


def render(report: Report, *, width: int = 80, colour: bool = False) -> str:
    """The report as text, wrapped at `width` columns, with terminal colours if `colour`."""
    out = StringIO()
    console = _console(out, width, colour)
    _head(console, report)
    for finding in report.findings:
        if finding.status == "introduced" or _awaits_decision(finding):
            _finding(console, finding)
    _affected(console, report.affected)
    _list(console, "Known drift", [_drift(drift) for drift in report.drift if drift.change != "none"])
    _list(console, "About the contract", [f"{r.path}:{r.line} {r.text}" for r in report.remarks])
    _list(console, "Validation of what this touches", [f"{r.path}:{r.line} {r.text}" for r in report.validation])
    at = {"base": "(at the base) ", "head": ""}
    undecided = [f"{u.span.path}:{u.span.start} {u.rule}: {u.reason}" for u in report.undecided]
    _list(console, "Could not be decided", undecided)
    _list(console, "Not analysed in full", [f"{p.path}:{p.line} {at[p.side]}{p.message}" for p in report.problems])
    _list(console, "Repaired by this change", map(_line, _with(report, "fixed")), "green")
    before = [finding for finding in _with(report, "preexisting") if not _awaits_decision(finding)]
    if before and report.conclusion != "skipped":
        them = "them" if len(before) > 1 else "it"
        console.print(Text(f"\n{len(before)} there before this change; `wrc audit` tells {them}.", style="dim"))
    return out.getvalue()


def render_audit(audit: Audit, *, width: int = 80, colour: bool = False) -> str:
    """The audit as a table of requirements and templates, then what does not hold."""
    out = StringIO()
    console = _console(out, width, colour)
    if not audit.templates:
        console.print("There is no template at this revision.")
    _matrix(console, audit)
    for verdict, templates in details(audit):
        head = Text(f"\n{verdict.id} {plain(name(verdict))}", style="bold")
        console.print(head, Text(WORDS[verdict.verdict], style=_VERDICT_STYLES[verdict.verdict]), soft_wrap=True)
        _prose(console, f"in {', '.join(templates)}", indent="  ")
        for step in verdict.evidence[:MAX_EVIDENCE]:
            told = f"  {plain(step.path)}:{step.line} {shorten(plain(step.text), MAX_VALUE)}"
            console.print(Text(told), soft_wrap=True)
        if len(verdict.evidence) > MAX_EVIDENCE:
            console.print(f"  and {len(verdict.evidence) - MAX_EVIDENCE} more (see --format json)")
    _list(
        console,
        "Besides",
        [f"{finding.path}:{finding.line} {finding.rule} {finding.message}" for finding in besides(audit)],
    )
    _list(console, "Known drift", [_drift(drift) for drift in audit.drift if drift.state == "present"])
    _list(console, "Not analysed in full", [f"{p.path}:{p.line} {p.message}" for p in audit.problems])
    _list(console, "About the contract", [f"{note.path}:{note.line} {note.text}" for note in audit.notes])
    return out.getvalue()


def render_validation(validation: Validation, *, width: int = 80, colour: bool = False) -> str:
    """Every issue with its place and the way out, then how many there are."""
    out = StringIO()
    console = _console(out, width, colour)
    for issue in validation.issues:
        place = Text(f"{plain(issue.path)}:{issue.line}", style="bold")
        level = Text(issue.level.lower(), style=_ISSUE_STYLES[issue.level])
        about = f" {issue.family} {issue.code} {plain(issue.requirement or issue.item)}"
        console.print(Text.assemble(place, " ", level, about), soft_wrap=True)
        for text in (issue.message, issue.way_out):
            for line in text.split("\n"):
                if line.strip():
                    _prose(console, line, indent="  ")
    levels = [issue.level for issue in validation.issues]
    counts = ((levels.count("ERROR"), "errors"), (levels.count("WARNING"), "warnings"), (levels.count("INFO"), "notes"))
    told = ", ".join(f"{count} {name if count != 1 else name[:-1]}" for count, name in counts if count)
    verdict = Text("valid", style="bold green") if validation.valid else Text("not valid", style="bold red")
    families = ", ".join(validation.families)
    console.print(verdict, f"({families}): {told or 'nothing to say'}")
    return out.getvalue()


def _matrix(console: Console, audit: Audit) -> None:
    """One line for a requirement, one column for a template; templates are numbered where their names do not fit."""
    columns = [plain(template.name) for template in audit.templates]
    lines = [(f"{row.id:<6} {row.name}", row.outcomes) for row in rows(audit)]
    label = max((len(line) for line, _ in lines), default=0)
    if label + sum(len(column) + 2 for column in columns) > console.width:
        for number, column in enumerate(columns, 1):
            console.print(Text(f"{number}: {column}"), soft_wrap=True)
        columns = [str(number) for number in range(1, len(columns) + 1)]
        label = min(label, max(MIN_LABEL, console.width - sum(len(column) + 2 for column in columns)))
    console.print(Text(" " * label + "".join(f"  {column}" for column in columns), style="bold"), soft_wrap=True)
    for name_of_row, outcomes in lines:
        line = Text(shorten(name_of_row, label).ljust(label))
        for column, outcome in zip(columns, outcomes, strict=True):
            line.append("  ").append(SYMBOLS[outcome].ljust(len(column)), style=_VERDICT_STYLES[outcome])
        line.rstrip()
        console.print(line, soft_wrap=True)
    console.print(Text("  ".join(f"{SYMBOLS[outcome]} {WORDS[outcome]}" for outcome in SYMBOLS), style="dim"))


def _drift(drift: Drift) -> str:
    return f"{drift.path}:{drift.line} {drift.id} {told(drift)}"


def _console(out: StringIO, width: int, colour: bool) -> Console:  # noqa: FBT001
    return Console(
        file=out,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )


def _awaits_decision(finding: Finding) -> bool:
    return finding.acknowledged_by is not None and not finding.acknowledged_by.accepted


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
    fixes = finding.fix.split("\n")
    for text in (finding.message, finding.why, *(fixes if len(fixes) == 1 else (f"- {fix}" for fix in fixes))):
        _prose(console, text, indent="  ")
    if finding.suggestion:
        _edit(console, finding.suggestion)
    for step in finding.trail:
        console.print(Text(f"    {plain(step.path)}:{step.line}  {plain(step.text)}", style="dim"), soft_wrap=True)
    if finding.acknowledged_by:
        by = finding.acknowledged_by
        decided = "on the base branch" if by.accepted else "a maintainer decides"
        told = f"  Acknowledged by the {by.kind} in {plain(by.path)}:{by.line}, {decided}"
        console.print(Text(told), soft_wrap=True)
    console.print(Text(f"  Contract: {_cited(finding)}", style="dim"), soft_wrap=True)


def _edit(console: Console, edit: Edit) -> None:
    """As a diff would show it: what a single line becomes is said by the new one alone."""
    if edit.end > edit.start or not edit.text:
        gone = f"line {edit.start}" if edit.end == edit.start else f"lines {edit.start} to {edit.end}"
        console.print(Text(f"    - {gone}", style="red"), soft_wrap=True)
    for line in edit.text.split("\n") if edit.text else ():
        console.print(Text(f"    + {_kept(line)}", style="green"), soft_wrap=True)


def _cited(finding: Finding) -> str:
    citation = finding.citation
    where = "" if citation is None else f" {citation.url or f'{citation.path}:{citation.start}'}"
    related = f" (also {', '.join(finding.related)})" if finding.related else ""
    part = f", {citation.part}" if citation and citation.part else ""
    return plain(f"{finding.rule} {finding.requirement}{part}{related}{where}")


def _affected(console: Console, affected: Sequence[Affected]) -> None:
    if affected:
        console.print(Text("\nTouched by this change", style="bold"))
    for entry in affected:
        console.print(f"  {entry.id} {plain(entry.requirement)}")
        changes, more = told_once(entry.changes, MAX_CHANGES)
        for told_change in changes:
            change = told_change.first
            before, after = contrast(change.before or "", change.after or "", MAX_VALUE)
            values = (GONE if change.before is None else before, GONE if change.after is None else after)
            _prose(console, f"{change.what}: {' → '.join(values)}{told_change.rest}", indent="    ")
        if more:
            console.print(f"    and {more} more (see --format json)")


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
    return f"{finding.path}:{finding.line} {finding.rule} {finding.message}"


def _list(console: Console, heading: str, lines: Iterable[str], style: str = "") -> None:
    for number, line in enumerate(lines):
        if not number:
            console.print(Text(f"\n{heading}", style="bold"))
        console.print(Text(f"  {plain(line)}", style=style), soft_wrap=True)


def _kept(line: str) -> str:
    """A line of code with its indentation."""
    code = line.lstrip(" \t")
    return line[: len(line) - len(code)].replace("\t", "    ") + plain(code)
