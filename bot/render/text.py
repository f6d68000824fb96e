"""``--format text``: for a person at a terminal, 80 columns or more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import fill
from typing import TYPE_CHECKING

from bot.render.changes import told_once
from bot.render.drift import told
from bot.render.escape import contrast, logged, plain, shorten
from bot.render.matrix import SYMBOLS, WORDS, besides, details, name, rows
from rules.model import Affected, Drift, Edit, Finding, Report

if TYPE_CHECKING:
    from rules.audit import Audit
    from rules.validate.validation import Validation

MAX_VALUE = 200
"""Characters shown of a value before and after."""

MAX_SENTENCE = 2_000
"""Characters shown of one paragraph."""

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
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class _Page:
    """Lines for a terminal of `width` columns, in its colours if `colour`. What is no prose it wraps itself.

    rich would do the same, and takes as long to load as a tenth of a check.
    """

    def __init__(self, width: int, *, colour: bool) -> None:
        self.width, self._colour = width, colour
        self._lines: list[str] = []

    def styled(self, text: str, style: str) -> str:
        codes = ";".join(_CODES[word] for word in style.split())
        return f"\x1b[{codes}m{text}\x1b[0m" if codes and self._colour else text

    def line(self, text: str = "", style: str = "") -> None:
        self._lines.append(self.styled(text, style))

    def prose(self, text: str, indent: str) -> None:
        wrapped = fill(
            shorten(plain(text), MAX_SENTENCE),
            self.width,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        self.line(wrapped)

    def list(self, heading: str, lines: Iterable[str], style: str = "") -> None:
        for number, line in enumerate(lines):
            if not number:
                self.line()
                self.line(heading, "bold")
            self.line(f"  {plain(line)}", style)

    def text(self) -> str:
        return logged("".join(f"{line}\n" for line in self._lines))


def render(report: Report, *, width: int = 80, colour: bool = False) -> str:
    """The report as text, wrapped at `width` columns, with terminal colours if `colour`."""
    page = _Page(width, colour=colour)
    _head(page, report)
    for finding in report.findings:
        if finding.status == "introduced" or _awaits_decision(finding):
            _finding(page, finding)
    _affected(page, report.affected)
    page.list("Known drift", [_drift(drift) for drift in report.drift if drift.change != "none"])
    page.list("About the contract", [f"{r.path}:{r.line} {r.text}" for r in report.remarks])
    page.list("Validation of what this touches", [f"{r.path}:{r.line} {r.text}" for r in report.validation])
    at = {"base": "(at the base) ", "head": ""}
    undecided = [f"{u.span.path}:{u.span.start} {u.rule}: {u.reason}" for u in report.undecided]
    page.list("Could not be decided", undecided)
    page.list("Not analysed in full", [f"{p.path}:{p.line} {at[p.side]}{p.message}" for p in report.problems])
    page.list("Repaired by this change", map(_line, _with(report, "fixed")), "green")
    before = [finding for finding in _with(report, "preexisting") if not _awaits_decision(finding)]
    if before and report.conclusion != "skipped":
        them = "them" if len(before) > 1 else "it"
        page.line()
        page.line(f"{len(before)} there before this change; `wrc audit` tells {them}.", "dim")
    return page.text()


def render_audit(audit: Audit, *, width: int = 80, colour: bool = False) -> str:
    """The audit as a table of requirements and templates, then what does not hold."""
    page = _Page(width, colour=colour)
    if not audit.templates:
        page.line("There is no template at this revision.")
    _matrix(page, audit)
    for verdict, templates in details(audit):
        head = page.styled(f"{verdict.id} {plain(name(verdict))}", "bold")
        page.line()
        page.line(f"{head} {page.styled(WORDS[verdict.verdict], _VERDICT_STYLES[verdict.verdict])}")
        page.prose(f"in {', '.join(templates)}", indent="  ")
        for step in verdict.evidence[:MAX_EVIDENCE]:
            told = f"  {plain(step.path)}:{step.line} {shorten(plain(step.text), MAX_VALUE)}"
            page.line(told)
        if len(verdict.evidence) > MAX_EVIDENCE:
            page.line(f"  and {len(verdict.evidence) - MAX_EVIDENCE} more (see --format json)")
    page.list(
        "Besides",
        [f"{finding.path}:{finding.line} {finding.rule} {finding.message}" for finding in besides(audit)],
    )
    page.list("Known drift", [_drift(drift) for drift in audit.drift if drift.state == "present"])
    page.list("Not analysed in full", [f"{p.path}:{p.line} {p.message}" for p in audit.problems])
    page.list("About the contract", [f"{note.path}:{note.line} {note.text}" for note in audit.notes])
    return page.text()


def render_validation(validation: Validation, *, width: int = 80, colour: bool = False) -> str:
    """Every issue with its place and the way out, then how many there are."""
    page = _Page(width, colour=colour)
    for issue in validation.issues:
        place = page.styled(f"{plain(issue.path)}:{issue.line}", "bold")
        level = page.styled(issue.level.lower(), _ISSUE_STYLES[issue.level])
        page.line(f"{place} {level} {issue.family} {issue.code} {plain(issue.requirement or issue.item)}")
        for text in (issue.message, issue.way_out):
            for line in text.split("\n"):
                if line.strip():
                    page.prose(line, indent="  ")
    levels = [issue.level for issue in validation.issues]
    counts = ((levels.count("ERROR"), "errors"), (levels.count("WARNING"), "warnings"), (levels.count("INFO"), "notes"))
    told = ", ".join(f"{count} {name if count != 1 else name[:-1]}" for count, name in counts if count)
    verdict = page.styled("valid", "bold green") if validation.valid else page.styled("not valid", "bold red")
    families = ", ".join(validation.families)
    page.line(f"{verdict} ({families}): {told or 'nothing to say'}")
    return page.text()


def _matrix(page: _Page, audit: Audit) -> None:
    """One line for a requirement, one column for a template; templates are numbered where their names do not fit."""
    columns = [plain(template.name) for template in audit.templates]
    lines = [(f"{row.id:<6} {row.name}", row.outcomes) for row in rows(audit)]
    label = max((len(line) for line, _ in lines), default=0)
    if label + sum(len(column) + 2 for column in columns) > page.width:
        for number, column in enumerate(columns, 1):
            page.line(f"{number}: {column}")
        columns = [str(number) for number in range(1, len(columns) + 1)]
        label = min(label, max(MIN_LABEL, page.width - sum(len(column) + 2 for column in columns)))
    page.line(" " * label + "".join(f"  {column}" for column in columns), "bold")
    for name_of_row, outcomes in lines:
        line = shorten(name_of_row, label).ljust(label)
        for column, outcome in zip(columns, outcomes, strict=True):
            symbol = SYMBOLS[outcome]
            line += f"  {page.styled(symbol, _VERDICT_STYLES[outcome])}{' ' * (len(column) - len(symbol))}"
        page.line(line.rstrip())
    page.line("  ".join(f"{SYMBOLS[outcome]} {WORDS[outcome]}" for outcome in SYMBOLS), "dim")


def _drift(drift: Drift) -> str:
    return f"{drift.path}:{drift.line} {drift.id} {told(drift)}"


def _awaits_decision(finding: Finding) -> bool:
    return finding.acknowledged_by is not None and not finding.acknowledged_by.accepted


def _with(report: Report, status: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.status == status]


def _head(page: _Page, report: Report) -> None:
    conclusion = page.styled(report.conclusion.replace("_", " "), _CONCLUSION_STYLES.get(report.conclusion, "bold"))
    counts = {status: len(_with(report, status)) for status in ("introduced", "fixed", "preexisting")}
    page.line(
        f"{conclusion} {counts['introduced']} introduced, {counts['fixed']} repaired, "
        f"{counts['preexisting']} there before ({plain(report.base)[:12]}..{plain(report.head)[:12]})"
    )


def _finding(page: _Page, finding: Finding) -> None:
    place = page.styled(f"{plain(finding.path)}:{finding.line}", "bold")
    level = page.styled(finding.level, _LEVEL_STYLES[finding.level])
    page.line()
    page.line(f"{place} {level} {finding.rule} {plain(finding.requirement)}")
    fixes = finding.fix.split("\n")
    for text in (finding.message, finding.why, *(fixes if len(fixes) == 1 else (f"- {fix}" for fix in fixes))):
        page.prose(text, indent="  ")
    if finding.suggestion:
        _edit(page, finding.suggestion)
    for step in finding.trail:
        page.line(f"    {plain(step.path)}:{step.line}  {plain(step.text)}", "dim")
    if finding.acknowledged_by:
        by = finding.acknowledged_by
        decided = "on the base branch" if by.accepted else "a maintainer decides"
        page.line(f"  Acknowledged by the {by.kind} in {plain(by.path)}:{by.line}, {decided}")
    page.line(f"  Contract: {_cited(finding)}", "dim")


def _edit(page: _Page, edit: Edit) -> None:
    """As a diff would show it: what a single line becomes is said by the new one alone."""
    if edit.end > edit.start or not edit.text:
        gone = f"line {edit.start}" if edit.end == edit.start else f"lines {edit.start} to {edit.end}"
        page.line(f"    - {gone}", "red")
    for line in edit.text.split("\n") if edit.text else ():
        page.line(f"    + {_kept(line)}", "green")


def _cited(finding: Finding) -> str:
    citation = finding.citation
    where = "" if citation is None else f" {citation.url or f'{citation.path}:{citation.start}'}"
    related = f" (also {', '.join(finding.related)})" if finding.related else ""
    part = f", {citation.part}" if citation and citation.part else ""
    return plain(f"{finding.rule} {finding.requirement}{part}{related}{where}")


def _affected(page: _Page, affected: Sequence[Affected]) -> None:
    if affected:
        page.line()
        page.line("Touched by this change", "bold")
    for entry in affected:
        page.line(f"  {entry.id} {plain(entry.requirement)}")
        changes, more = told_once(entry.changes, MAX_CHANGES)
        for told_change in changes:
            change = told_change.first
            before, after = contrast(change.before or "", change.after or "", MAX_VALUE)
            values = (GONE if change.before is None else before, GONE if change.after is None else after)
            page.prose(f"{change.what}: {' → '.join(values)}{told_change.rest}", indent="    ")
        if more:
            page.line(f"    and {more} more (see --format json)")


def _line(finding: Finding) -> str:
    return f"{finding.path}:{finding.line} {finding.rule} {finding.message}"


def _kept(line: str) -> str:
    """A line of code with its indentation."""
    code = line.lstrip(" \t")
    return line[: len(line) - len(code)].replace("\t", "    ") + plain(code)
