"""The check run of a review: the whole picture, and annotations on lines of the head."""

from __future__ import annotations

from collections.abc import Mapping

from bot.github.checks import Action, Annotation, Verdict
from bot.render import markdown
from rules.model import Finding, Level, Problem, Report
from rules.pages import page
from rules.registry import rule

HELD_BACK = "This is a draft: comments on the lines follow when it is ready for review."

SEVERITY: Mapping[Level, int] = {"failure": 0, "warning": 1, "notice": 2}

RECHECK = Action("recheck", "Check again", "Review this commit once more")
EXPLAIN = Action("explain", "Explain", "Say in full what the rules ask, and why")


def picture(report: Report, *, held_back: bool = False, explain: bool = False) -> Verdict:
    """What the check run shows: the summary, annotations on lines of the head, and what can be asked of us next.

    `held_back` tells that there is more to say on the lines, later. With `explain` the pages of the rules concerned
    stand below.
    """
    summary = markdown.summary(report).rstrip()
    if held_back:
        summary += f"\n\n{HELD_BACK}"
    concerned = sorted({finding.rule for finding in report.findings if finding.status == "introduced"})
    text = "\n\n".join(markdown.flowing(page(rule(name))) for name in concerned) if explain else ""
    actions = (RECHECK, EXPLAIN) if concerned and not explain else (RECHECK,)
    return Verdict(report.conclusion, markdown.title(report), summary, _annotations(report), text, actions)


def _annotations(report: Report) -> tuple[Annotation, ...]:
    introduced = [finding for finding in report.findings if finding.status == "introduced" and not _waived(finding)]
    findings = [finding for finding in introduced if not _on_base(finding)]
    findings.sort(key=lambda finding: SEVERITY[finding.level])
    return (*map(_finding_annotation, findings), *map(_problem_annotation, introduced_problems(report)))


def introduced_problems(report: Report) -> list[Problem]:
    return [problem for problem in report.problems if problem.introduced and problem.side == "head"]


def _waived(finding: Finding) -> bool:
    """Whether the base branch lets it stand: only the check run's summary tells it."""
    return finding.acknowledged_by is not None and finding.acknowledged_by.accepted


def _on_base(finding: Finding) -> bool:
    """An annotation stands on the head's lines; what was removed is told in the summary and the review."""
    return finding.anchor is not None and finding.anchor.side == "LEFT"


def _finding_annotation(finding: Finding) -> Annotation:
    title = f"{finding.rule}: {finding.title}"
    message = "\n".join(text for text in (finding.message, finding.why, finding.fix) if text)
    return Annotation(finding.path, finding.line, finding.end_line, finding.level, title, message)


def _problem_annotation(problem: Problem) -> Annotation:
    line = max(problem.line, 1)
    return Annotation(problem.path, line, line, "warning", "Could not be read", problem.message)
