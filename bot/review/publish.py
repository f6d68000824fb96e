"""Third step: tell the pull request. One check run with the whole picture, and one review with what is new.

A green pull request gets no review, and no finding is told twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from bot.github.checks import Annotation, Verdict
from bot.github.client import Repository
from bot.github.errors import write_once
from bot.github.reviews import MAX_BODY_CHARACTERS, Comment, earlier_texts, post_review
from bot.github.text import clip
from bot.render import markdown
from bot.review.fingerprints import mark, untold
from bot.review.material import Material
from rules.model import Anchor, Finding, Problem, Report

MAX_INLINE_COMMENTS = 20
"""More are noise: the rest is told in the body of the review."""

HELD_BACK = "This is a draft: comments on the lines follow when it is ready for review."


def verdict(report: Report, notes: Iterable[str] = ()) -> Verdict:
    """What the check run shows: the summary with `notes` (Markdown sentences) below, and annotations on head lines."""
    summary = "\n\n".join([markdown.summary(report).rstrip(), *notes])
    return Verdict(report.conclusion, markdown.title(report), summary, _annotations(report))


def post_new_findings(repository: Repository, material: Material, report: Report, login: str) -> int:
    """Post one review with the introduced findings that the user `login`, our App, has not told yet.

    Returns how many were told; with none there is no review.
    """
    introduced = [finding for finding in report.findings if finding.status == "introduced" and not _waived(finding)]
    introduced += [_as_finding(problem, material) for problem in _introduced_problems(report)]
    introduced = [_anchored(finding, material) for finding in introduced]

    def new() -> list[Finding]:
        return untold(introduced, earlier_texts(repository, material.number, login))

    fresh = new() if introduced else []
    if not fresh:
        return 0
    body, comments = compose(report, fresh)

    def post() -> bool:
        post_review(repository, material.number, material.head, body, comments)
        return True

    def find() -> bool | None:
        return None if new() else True

    write_once(post, find)
    return len(fresh)


def compose(report: Report, findings: list[Finding]) -> tuple[str, list[Comment]]:
    """The body and the inline comments of a review that tells `findings`."""
    anchored = [finding for finding in findings if finding.anchor is not None]
    inline = anchored[:MAX_INLINE_COMMENTS]
    folded = {id(finding) for finding in anchored[MAX_INLINE_COMMENTS:]}
    # What has no anchor is told in the body.
    told = [replace(finding, anchor=None) if id(finding) in folded else finding for finding in findings]
    marks = "".join(mark(finding) + "\n" for finding in told if finding.anchor is None)
    text = markdown.review_body(replace(report, findings=tuple(told)))
    comments = [
        Comment(finding.anchor, f"{mark(finding)}\n{markdown.comment(finding)}")
        for finding in inline
        if finding.anchor is not None
    ]
    return marks + clip(text, max(0, MAX_BODY_CHARACTERS - len(marks))), comments


def _anchored(finding: Finding, material: Material) -> Finding:
    """The finding without its anchor where the hunks are ours: GitHub refuses a whole review for one wrong line."""
    if finding.anchor is not None and finding.anchor.path in material.unpatched:
        return replace(finding, anchor=None)
    return finding


def _annotations(report: Report) -> tuple[Annotation, ...]:
    order = {"failure": 0, "warning": 1, "notice": 2}
    introduced = [finding for finding in report.findings if finding.status == "introduced" and not _waived(finding)]
    findings = [finding for finding in introduced if not _on_base(finding)]
    findings.sort(key=lambda finding: order[finding.level])
    return (*map(_finding_annotation, findings), *map(_problem_annotation, _introduced_problems(report)))


def _introduced_problems(report: Report) -> list[Problem]:
    return [problem for problem in report.problems if problem.introduced and problem.side == "head"]


def _as_finding(problem: Problem, material: Material) -> Finding:
    """What could not be read, told like a finding: whoever broke it wants to know at that line."""
    file = material.diff.file(problem.path, "head")
    shown = file is not None and file.hunk_at("RIGHT", problem.line) is not None
    return Finding(
        rule="INPUT",
        requirement="what cannot be read cannot be judged",
        related=(),
        status="introduced",
        level="warning",
        path=problem.path,
        line=problem.line,
        end_line=problem.line,
        template="",
        title="Could not be read",
        message=f"This {problem.message}.",
        why="So this part could not be held against the contract; the rest of the change was.",
        fix="Correct it and push again.",
        suggestion=None,
        trail=(),
        citation=None,
        acknowledged_by=None,
        fingerprint=hashlib.sha256(f"INPUT\0{problem.path}\0{problem.message}".encode()).hexdigest()[:16],
        anchor=Anchor(problem.path, "RIGHT", problem.line, problem.line) if shown else None,
    )


def _waived(finding: Finding) -> bool:
    """Whether the base branch lets it stand: the check run tells it, no comment does."""
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
