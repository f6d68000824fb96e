"""``--format github``: workflow commands, which GitHub Actions turns into annotations on the pull request.

See https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.render.drift import told
from bot.render.escape import plain
from rules.model import Drift, Finding, Problem, Report, Span

if TYPE_CHECKING:
    from rules.audit import Audit
    from rules.validate.validation import Validation


def render(report: Report) -> str:
    """One line for each introduced finding, fixed drift, undecided place, and problem of the head."""
    lines = [_finding(finding) for finding in report.findings if finding.status == "introduced"]
    lines += [_drift(drift) for drift in report.drift if drift.change == "fixed"]
    lines += [_command("notice", u.span, f"{u.rule} could not be decided", u.reason) for u in report.undecided]
    lines += [_command("notice", Span(r.path, r.line, r.line), "About the contract", r.text) for r in report.remarks]
    lines += [_command("notice", Span(r.path, r.line, r.line), "Validation", r.text) for r in report.validation]
    lines += [_problem(problem) for problem in report.problems if problem.side == "head"]
    return "".join(f"{line}\n" for line in lines)


def render_audit(audit: Audit) -> str:
    """One line for each finding, for each problem, and for each note about the contract."""
    lines = [*map(_finding, audit.findings), *map(_problem, audit.problems)]
    lines += [_command("notice", Span(n.path, n.line, n.line), "About the contract", n.text) for n in audit.notes]
    return "".join(f"{line}\n" for line in lines)


def render_validation(validation: Validation) -> str:
    """One line for each issue."""
    levels = {"ERROR": "error", "WARNING": "warning", "INFO": "notice"}
    lines = []
    for issue in validation.issues:
        message = "\n".join(plain(text) for text in (issue.message, issue.way_out) if text)
        title = f"{issue.family} {issue.code}: {issue.item}"
        lines.append(_command(levels[issue.level], Span(issue.path, issue.line, issue.line), title, message))
    return "".join(f"{line}\n" for line in lines)


def _finding(finding: Finding) -> str:
    level = {"failure": "error", "warning": "warning", "notice": "notice"}[finding.level]
    by = finding.acknowledged_by
    if by is not None:
        level = "notice" if by.accepted else "warning"
    cited = f"Contract: {finding.rule} {finding.requirement}"
    if finding.citation:
        cited += f", {finding.citation.url or f'{finding.citation.path}:{finding.citation.start}'}"
    message = "\n".join(plain(text) for text in (finding.message, finding.why, finding.fix, cited))
    title = f"{finding.rule} {finding.title}"
    return _command(level, Span(finding.path, finding.line, finding.end_line), title, message)


def _problem(problem: Problem) -> str:
    return _command("warning", Span(problem.path, problem.line, problem.line), "Not analysed in full", problem.message)


def _drift(drift: Drift) -> str:
    """Thanks; what is back is a finding already."""
    return _command("notice", Span(drift.path, drift.line, drift.line), f"{drift.id} known drift", told(drift))


def _command(level: str, span: Span, title: str, message: str) -> str:
    properties = {"file": span.path, "line": str(span.start), "endLine": str(span.end), "title": title}
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {listed}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(plain(text)).replace(":", "%3A").replace(",", "%2C")
