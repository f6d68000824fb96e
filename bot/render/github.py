"""``--format github``: workflow commands, which GitHub Actions turns into annotations on the pull request.

See https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from bot.render.drift import told
from bot.render.escape import logged, plain, shorten
from rules.model import Drift, Finding, Problem, Report, Span

if TYPE_CHECKING:
    from rules.audit import Audit
    from rules.validate.validation import Validation


def render(report: Report) -> str:
    """An annotation for each introduced finding, fixed drift, undecided place, and problem of the head."""
    lines = [_finding(finding) for finding in report.findings if finding.status == "introduced"]
    lines += [_drift(drift) for drift in report.drift if drift.change == "fixed"]
    lines += [
        _note("notice", u.span.path, u.span.start, f"{u.rule} could not be decided", u.reason) for u in report.undecided
    ]
    lines += [_note("notice", r.path, r.line, "About the contract", r.text) for r in report.remarks]
    lines += [_note("notice", r.path, r.line, "Validation", r.text) for r in report.validation]
    lines += [_problem(problem) for problem in report.problems if problem.side == "head"]
    return _log(lines)


def render_audit(audit: Audit) -> str:
    """One line for each finding, for each problem, and for each note about the contract."""
    lines = [*map(_finding, audit.findings), *map(_problem, audit.problems)]
    lines += [_note("notice", n.path, n.line, "About the contract", n.text) for n in audit.notes]
    return _log(lines)


def render_validation(validation: Validation) -> str:
    """One line for each issue."""
    levels = {"ERROR": "error", "WARNING": "warning", "INFO": "notice"}
    lines = []
    for issue in validation.issues:
        message = "\n".join(plain(text) for text in (issue.message, issue.way_out) if text)
        title = f"{issue.family} {issue.code}: {issue.item}"
        lines.append(_Annotation(levels[issue.level], Span(issue.path, issue.line, issue.line), title, message))
    return _log(lines)


MAX_SHOWN = 10
"""Annotations of one level that GitHub shows of a step."""

MAX_SENTENCE = 1_000
"""Characters told of one sentence."""


class _Annotation(NamedTuple):
    level: str
    span: Span
    title: str
    message: str

    @property
    def command(self) -> str:
        properties = {"file": self.span.path, "line": str(self.span.start), "endLine": str(self.span.end)}
        listed = ",".join(f"{name}={_property(value)}" for name, value in (*properties.items(), ("title", self.title)))
        return f"::{self.level} {listed}::{_data(self.message)}"

    @property
    def words(self) -> str:
        return logged(f"{plain(self.span.path)}:{self.span.start} {plain(self.title)}: {plain(self.message)}")


def _log(annotations: Sequence[_Annotation]) -> str:
    """Commands, as many as GitHub shows; what is left is one more, and stands in words in the log."""
    total, seen = Counter(each.level for each in annotations), Counter[str]()
    shown, rest = list[_Annotation](), list[_Annotation]()
    for each in annotations:
        seen[each.level] += 1
        fits = seen[each.level] < MAX_SHOWN or total[each.level] == seen[each.level] == MAX_SHOWN
        (shown if fits else rest).append(each)
    where = "They are in the log of this step: GitHub shows ten of a kind."
    more = [f"::{level} title=And {n} more::{where}" for level, n in Counter(each.level for each in rest).items()]
    return "".join(f"{line}\n" for line in (*(e.command for e in shown), *more, *(e.words for e in rest)))


def _finding(finding: Finding) -> _Annotation:
    level = {"failure": "error", "warning": "warning", "notice": "notice"}[finding.level]
    by = finding.acknowledged_by
    if by is not None:
        level = "notice" if by.accepted else "warning"
    cited = f"Contract: {finding.rule} {finding.requirement}"
    if finding.citation:
        cited += f", {finding.citation.url or f'{finding.citation.path}:{finding.citation.start}'}"
    title = f"{finding.rule} {finding.title}"
    said = (finding.message, finding.why, *finding.fix.split("\n"), *_acknowledged(finding), cited)
    message = "\n".join(shorten(plain(text), MAX_SENTENCE) for text in said)
    return _Annotation(level, Span(finding.path, finding.line, finding.end_line), title, message)


def _acknowledged(finding: Finding) -> list[str]:
    by = finding.acknowledged_by
    decided = "on the base branch" if by is not None and by.accepted else "a maintainer decides"
    return [f"Acknowledged by the {by.kind} in {by.path}:{by.line}, {decided}."] if by is not None else []


def _problem(problem: Problem) -> _Annotation:
    return _note("warning", problem.path, problem.line, "Not analysed in full", problem.message)


def _drift(drift: Drift) -> _Annotation:
    """Thanks; what is back is a finding already."""
    return _note("notice", drift.path, drift.line, f"{drift.id} known drift", told(drift))


def _note(level: str, path: str, line: int, title: str, message: str) -> _Annotation:
    return _Annotation(level, Span(path, line, line), title, shorten(plain(message), MAX_SENTENCE))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(plain(text)).replace(":", "%3A").replace(",", "%2C")
