"""Third step: tell the pull request. One review with what is new, other words where something has changed.

A green pull request gets no review, no finding is told twice, and nothing is deleted: what is gone is folded below one
line that says since when. A thread in which somebody answered is left alone.
"""

from __future__ import annotations

import hashlib

from msgspec.structs import replace

from bot.configuration import Comments
from bot.github.errors import write_once
from bot.github.reviews import MAX_BODY_CHARACTERS, Comment, list_reviews, post_review
from bot.github.text import clip
from bot.render import markdown
from bot.review.material import Material
from bot.review.picture import SEVERITY, introduced_problems
from bot.review.told import Told, entry_of, hidden_list, mark, reconcile
from bot.review.update import END, bring_up_to_date, comments_by_place, told_in
from bot.review.voice import Voice
from rules.model import Anchor, Finding, Problem, Report
from rules.policy import SOURCE as CONFIGURATION

MAX_EDITS = 40
"""Words changed in one go, for GitHub's limit on content; the rest follows at the next review."""

INPUT = "INPUT"
"""Stands for a rule where something could not be read."""

WHY_UNREAD = "So this part could not be held against the contract; the rest of the change was."
WHY_CONFIGURATION = (
    "Merged like this it would not be in force: the last valid version of the configuration would stay so."
)


def speak(voice: Voice, material: Material, report: Report) -> bool:
    """Bring what we said up to date, and post one review with the findings that we have not told yet.

    Returns whether there are such findings and they wait until the draft is ready for review.
    """
    introduced = [finding for finding in report.findings if finding.status == "introduced"]
    introduced += [_as_finding(problem, material) for problem in introduced_problems(report)]
    introduced = [_anchored(finding, material) for finding in introduced]
    reviews = [] if voice.silent else list_reviews(voice.repository, voice.number, voice.login)
    told = told_in(reviews)
    unclear = _unclear(report, told)
    fresh, transitions = reconcile(told, introduced, unclear, {})
    if transitions:
        comments = comments_by_place(voice, reviews)
        lines = {place: comment.line for place, comment in comments.items() if comment.line is not None}
        fresh, transitions = reconcile(told, introduced, unclear, lines)
        bring_up_to_date(voice, material, reviews, comments, transitions[:MAX_EDITS])
    if not fresh:
        return False
    settings = material.configured.configuration
    if material.target.draft and settings.drafts == "hold":
        return True
    if settings.comments.style != "none":
        _post(voice, material, report, fresh, settings.comments)
    return False


def _unclear(report: Report, told: Told) -> set[str]:
    """Fingerprints that may look gone and are not: they were there before, or nobody can tell now."""
    known = {finding.fingerprint for finding in report.findings if finding.status == "preexisting"}
    if any(problem.side == "head" for problem in report.problems):
        return known | {entry.fingerprint for entry in told.values() if entry.rule != INPUT}
    rules = {undecided.rule for undecided in report.undecided}
    return known | {entry.fingerprint for entry in told.values() if entry.rule in rules}


def _post(voice: Voice, material: Material, report: Report, fresh: list[Finding], style: Comments) -> None:
    body, comments = compose(report, fresh, style)
    wanted = {finding.fingerprint for finding in fresh}

    def post() -> bool:
        voice.proceed()
        post_review(voice.repository, voice.number, material.head, body, comments)
        return True

    def find() -> bool | None:
        reviews = list_reviews(voice.repository, voice.number, voice.login)
        latest = [review for review in reviews if review.commit_id == material.head][-1:]
        return True if latest and {entry.fingerprint for entry in told_in(latest).values()} == wanted else None

    write_once(post, find)


def compose(report: Report, findings: list[Finding], style: Comments) -> tuple[str, list[Comment]]:
    """The body and the inline comments of a review that tells `findings`."""
    if style.style != "inline":
        # What has no anchor is told in the body.
        findings = [replace(finding, anchor=None) for finding in findings]
    anchored = [finding for finding in findings if finding.anchor is not None]
    first = {id(finding) for finding in sorted(anchored, key=lambda each: SEVERITY[each.level])[: style.max_inline]}
    inline = [finding for finding in anchored if id(finding) in first]
    surplus = [finding for finding in anchored if id(finding) not in first]
    # Entries with equal fingerprints are in the order of their words.
    told = [*inline, *(finding for finding in findings if finding.anchor is None), *surplus]
    listed = hidden_list(map(entry_of, told))
    text = markdown.review_body(replace(report, findings=tuple(findings)), _framed, surplus)
    comments: list[Comment] = []
    reasons: set[tuple[str, str, str, Anchor]] = set()
    for finding in inline:
        assert finding.anchor is not None
        reason = finding.rule, finding.why, finding.fix, finding.anchor
        words = markdown.comment(finding, again=reason in reasons)
        reasons.add(reason)
        comments.append(Comment(finding.anchor, f"{mark(finding)}\n{words}"))
    return f"{listed}\n{clip(text, MAX_BODY_CHARACTERS - len(listed) - 1)}", comments


def _framed(finding: Finding, text: str) -> str:
    return f"{mark(finding)}\n{text}\n{END}"


def _anchored(finding: Finding, material: Material) -> Finding:
    """The finding without its anchor where the hunks are ours: GitHub refuses a whole review for one wrong line."""
    if finding.anchor is not None and finding.anchor.path in material.unpatched:
        return replace(finding, anchor=None)
    return finding


def _as_finding(problem: Problem, material: Material) -> Finding:
    """What could not be read, told like a finding: whoever broke it wants to know at that line."""
    file = material.diff.file(problem.path, "head")
    shown = file is not None and file.hunk_at("RIGHT", problem.line) is not None
    return Finding(
        rule=INPUT,
        requirement="",
        related=(),
        status="introduced",
        level="warning",
        path=problem.path,
        line=problem.line,
        end_line=problem.line,
        template="",
        title="Could not be read",
        message=f"This {problem.message}.",
        why=WHY_CONFIGURATION if problem.path == CONFIGURATION else WHY_UNREAD,
        fix="Correct it and push again.",
        suggestion=None,
        trail=(),
        citation=None,
        acknowledged_by=None,
        fingerprint=hashlib.sha256(f"{INPUT}\0{problem.path}\0{problem.message}".encode()).hexdigest()[:16],
        anchor=Anchor(problem.path, "RIGHT", problem.line, problem.line) if shown else None,
    )
