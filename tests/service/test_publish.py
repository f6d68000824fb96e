"""What is published for reports of every kind, over real HTTP; the reports are written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.configuration import MAX_INLINE_COMMENTS
from bot.github.checks import MAX_ANNOTATIONS, MAX_ANNOTATIONS_PER_REQUEST
from bot.review.material import Judge, Material
from bot.sandbox.state import PullRequest
from rules.model import Acknowledgement, Anchor, Conclusion, Contract, Finding, Problem, Report, Status
from tests.service.github import PATH, TEMPLATE, GitHub
from tests.service.running import RunningService

CHANGED = TEMPLATE.replace("  stop_timeout = 180\n", "") + "".join(f"# {number}\n" for number in range(60))
"""Line 14 of the base is gone; 60 lines are new at the end."""

ADDED = CHANGED.count("\n") - 59
REMOVED = 14

FINDING = Finding(
    rule="F-1",
    requirement="Forbidden Runtime Behaviors",
    related=(),
    status="introduced",
    level="failure",
    path=PATH,
    line=ADDED,
    end_line=ADDED,
    template="user-defined-web",
    title="Host socket",
    message="This mounts the host's socket.",
    why="Whoever has it owns the host.",
    fix="Remove the mount.",
    suggestion=None,
    trail=(),
    citation=None,
    acknowledged_by=None,
    fingerprint="f0",
    anchor=Anchor(PATH, "RIGHT", ADDED, ADDED),
)


def findings(count: int) -> tuple[Finding, ...]:
    """Findings on consecutive new lines."""
    lines = range(ADDED, ADDED + count)
    return tuple(
        replace(FINDING, line=n, end_line=n, fingerprint=f"f{n}", anchor=Anchor(PATH, "RIGHT", n, n)) for n in lines
    )


def report(material: Material, found: tuple[Finding, ...], conclusion: Conclusion = "failure") -> Report:
    contract = Contract("bundled", "spec.md", "", None)
    return Report(material.merge_base, material.head, conclusion, contract, findings=found)


Start = Callable[[Judge], AbstractContextManager[tuple[GitHub, PullRequest]]]


@pytest.fixture
def start(tmp_path: Path, public_pem: str, private_pem: str) -> Start:
    """`with start(judge) as (github, pull):` runs the service with that judge and opens a pull request."""

    @contextmanager
    def serving(judge: Judge) -> Iterator[tuple[GitHub, PullRequest]]:
        github = GitHub(tmp_path, public_pem, private_pem)
        with github.server, RunningService(github.settings, judge):
            yield github, github.open_pull(CHANGED)
        assert github.violations() == []

    return serving


def always(*found: Finding) -> Judge:
    return lambda material: report(material, found)


def recheck(github: GitHub, pull: PullRequest) -> None:
    github.world.comment(github.repository, pull, "/wrc recheck", author="mona")
    github.concluded(pull.head_sha, 2)


def test_at_most_so_many_inline_comments_and_the_rest_in_the_body(start: Start) -> None:
    with start(always(*findings(MAX_INLINE_COMMENTS + 5))) as (github, pull):
        github.concluded(pull.head_sha)
        [review] = github.reviews(pull)
        comments = github.review_comments(pull)
        assert [comment.anchor.line for comment in comments if comment.anchor] == [
            finding.line for finding in findings(MAX_INLINE_COMMENTS)
        ]
        _, _, folded = review.body.partition("<details><summary>5 more on other lines</summary>")
        for finding in findings(MAX_INLINE_COMMENTS + 5)[MAX_INLINE_COMMENTS:]:
            assert f"{PATH}:{finding.line}" in folded
        recheck(github, pull)
        assert len(github.reviews(pull)) == 1


def test_a_finding_without_a_line_in_the_diff_is_told_in_the_body_once(start: Start) -> None:
    with start(always(replace(FINDING, anchor=None, line=1, end_line=1))) as (github, pull):
        github.concluded(pull.head_sha)
        [review] = github.reviews(pull)
        assert FINDING.message in review.body
        assert github.review_comments(pull) == []
        recheck(github, pull)
        assert len(github.reviews(pull)) == 1


def test_what_was_removed_is_told_on_the_left_side(start: Start) -> None:
    removed = replace(FINDING, anchor=Anchor(PATH, "LEFT", REMOVED, REMOVED))
    with start(always(removed)) as (github, pull):
        run = github.concluded(pull.head_sha)
        [comment] = github.review_comments(pull)
        assert comment.anchor is not None
        assert (comment.anchor.side, comment.anchor.line) == ("LEFT", REMOVED)
        assert run.annotations == []


def test_what_the_base_branch_waives_is_told_in_the_check_run_alone(start: Start) -> None:
    by = Acknowledgement("waiver", PATH, ADDED, accepted=True)
    with start(lambda material: report(material, (replace(FINDING, acknowledged_by=by),), "success")) as (github, pull):
        run = github.concluded(pull.head_sha)
        assert f"{PATH}:{ADDED}" in (run.summary or "")
        assert run.annotations == []
        assert github.reviews(pull) == []


def test_a_comment_may_stand_on_several_lines(start: Start) -> None:
    with start(always(replace(FINDING, anchor=Anchor(PATH, "RIGHT", ADDED, ADDED + 2)))) as (github, pull):
        github.concluded(pull.head_sha)
        [comment] = github.review_comments(pull)
        assert comment.anchor is not None
        assert (comment.anchor.start_line, comment.anchor.line) == (ADDED, ADDED + 2)


def test_two_offences_with_one_fingerprint_are_two_comments(start: Start) -> None:
    one, two = (replace(finding, fingerprint="same") for finding in findings(2))
    with start(always(one, two)) as (github, pull):
        github.concluded(pull.head_sha)
        assert len(github.review_comments(pull)) == 2


@pytest.mark.parametrize("status", ["preexisting", "fixed"])
def test_what_the_pull_request_did_not_bring_is_no_review(start: Start, status: Status) -> None:
    old = replace(FINDING, status=status)
    with start(lambda material: report(material, (old,), "success")) as (github, pull):
        run = github.concluded(pull.head_sha)
        assert run.annotations == []
        assert github.reviews(pull) == []


def test_all_annotations_arrive_the_gravest_first(start: Start) -> None:
    mild = [replace(finding, level="notice", anchor=None) for finding in findings(55)]
    grave = [replace(finding, anchor=None) for finding in findings(55)]
    with start(always(*mild, *grave)) as (github, pull):
        run = github.concluded(pull.head_sha)
        assert len(run.annotations) == 110 > 2 * MAX_ANNOTATIONS_PER_REQUEST
        assert [a.annotation_level for a in run.annotations] == ["failure"] * 55 + ["notice"] * 55


def test_annotations_have_a_bound(start: Start) -> None:
    many = [replace(FINDING, anchor=None, fingerprint=f"f{n}") for n in range(MAX_ANNOTATIONS + 7)]
    with start(always(*many)) as (github, pull):
        assert len(github.concluded(pull.head_sha).annotations) == MAX_ANNOTATIONS
        [review] = github.reviews(pull)
        recheck(github, pull)
        assert github.reviews(pull) == [review]


def test_a_file_that_cannot_be_read_is_annotated_at_its_line(start: Start) -> None:
    def judge(material: Material) -> Report:
        problem = Problem(PATH, 3, "is not valid HCL", introduced=True)
        return replace(report(material, (), "neutral"), problems=(problem,))

    with start(judge) as (github, pull):
        run = github.concluded(pull.head_sha)
        assert run.conclusion == "neutral"
        [annotation] = run.annotations
        assert (annotation.start_line, annotation.annotation_level, annotation.message) == (
            3,
            "warning",
            "is not valid HCL",
        )


def test_a_crash_ends_in_a_check_that_says_what_to_do_and_shows_no_traceback(start: Start) -> None:
    def crash(_: Material) -> Report:
        raise ZeroDivisionError("a secret detail")

    with start(crash) as (github, pull):
        run = github.concluded(pull.head_sha)
        assert run.conclusion == "action_required"
        assert "/wrc recheck" in (run.summary or "")
        assert "a secret detail" not in (run.summary or "")
        assert "Traceback" not in (run.summary or "")


def test_no_comment_relies_on_hunks_that_github_did_not_give(start: Start) -> None:
    huge = TEMPLATE + "# one more line\n" * 20_001
    with start(always(FINDING)) as (github, _):
        pull = github.open_pull(huge, branch="huge")
        assert github.concluded(pull.head_sha).conclusion == "failure"
        assert github.review_comments(pull) == []
        [review] = github.reviews(pull)
        assert FINDING.message in review.body
