"""The whole way, over real HTTP: someone pushes, and a check run and a review appear."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.github.pulls import MAX_COMPARED_FILES
from bot.sandbox.faults import OldHead
from bot.sandbox.state import Comment, PullRequest
from bot.service.jobs import prune
from tests.service.github import PATH, PRIVILEGED, PRIVILEGED_LINE, TEMPLATE, GitHub, When
from tests.service.running import RunningService, wait_for


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, public_pem: str, private_pem: str) -> Iterator[GitHub]:
    """A GitHub with a running service, for all tests of this module."""
    github = GitHub(tmp_path_factory.mktemp("hub"), public_pem, private_pem)
    with github.server, RunningService(github.settings):
        # The look for what was missed is over before requests are counted.
        wait_for(lambda: github.recorder.seen["GET /installation/repositories"] > 0, "the first sweep")
        github.idle()
        yield github


def reactions(comment: Comment) -> list[str]:
    return [reaction.content for reaction in comment.reactions]


def settle(github: GitHub) -> None:
    """Wait until every delivery arrived and every job ended."""
    github.world.webhooks.settle()
    github.idle()


def test_a_violation_becomes_a_failed_check_and_one_comment_on_its_line(github: GitHub) -> None:
    pull = github.open_pull(PRIVILEGED)
    run = github.concluded(pull.head_sha)
    assert run.conclusion == "failure"
    assert "F-2" in (run.title or "")
    assert [(a.path, a.start_line, a.annotation_level) for a in run.annotations] == [(PATH, PRIVILEGED_LINE, "failure")]
    [review] = github.reviews(pull)
    assert review.state == "COMMENTED"
    assert review.commit_id == pull.head_sha
    assert review.author.login == "wrc[bot]"
    [comment] = github.review_comments(pull)
    assert comment.anchor is not None
    assert (comment.path, comment.anchor.side, comment.anchor.line) == (PATH, "RIGHT", PRIVILEGED_LINE)
    assert "privileged" in comment.body


def test_the_fix_turns_the_check_green_without_another_word(github: GitHub) -> None:
    pull = github.open_pull(PRIVILEGED)
    github.concluded(pull.head_sha)
    github.push(TEMPLATE + "# fixed\n")
    run = github.concluded(pull.head_sha)
    assert run.conclusion == "success"
    assert len(github.reviews(pull)) == 1


def test_a_push_that_github_shows_late_is_reviewed_as_soon_as_it_does(github: GitHub) -> None:
    pull = github.open_pull(PRIVILEGED)
    github.concluded(pull.head_sha)
    github.world.old_heads.add(OldHead(pull, pull.head_sha, times=2))
    assert github.concluded(github.push(TEMPLATE + "# fixed\n")).conclusion == "success"


def test_a_green_pull_request_gets_no_review(github: GitHub) -> None:
    pull = github.open_pull(TEMPLATE.replace('name    = "workspace"', 'name    = "work"'))
    assert github.concluded(pull.head_sha).conclusion == "success"
    assert github.reviews(pull) == []


def test_a_pull_request_that_touches_nothing_governed_is_skipped(github: GitHub) -> None:
    github.world.push(github.repository, "docs", {"README.md": "# Other\n"})
    pull = github.world.open_pull_request(github.repository, "docs")
    run = github.concluded(pull.head_sha)
    settle(github)
    assert run.conclusion == "skipped"
    assert "neither the contract nor a template was read" in (run.summary or "")
    assert github.reviews(pull) == []
    assert asked(github) == {
        "POST /graphql": 1,
        "POST /repos/{owner}/{repo}/check-runs": 1,
        "GET /repos/{owner}/{repo}/compare/{basehead}": 1,
        "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}": 1,
    }


def test_a_script_that_no_template_reaches_is_skipped_as_well(github: GitHub) -> None:
    scripts = {f"scripts/{name}.sh": f"#!/bin/sh\n# {name}\n" for name in ("one", "two", "three")}
    github.world.push(github.repository, "main", scripts)
    github.world.push(github.repository, "tools", {"scripts/one.sh": "#!/bin/sh\nsudo rm -rf /home\n"})
    settle(github)
    github.recorder.seen.clear()
    pull = github.world.open_pull_request(github.repository, "tools")
    assert github.concluded(pull.head_sha).conclusion == "skipped"
    settle(github)
    assert asked(github).total() == 7, "two trees and, in one request, what stands in them"


def asked(github: GitHub) -> Counter[str]:
    """The requests of reviews, without tokens, which serve an hour."""
    seen = github.recorder.seen.items()
    return Counter({call: count for call, count in seen if "/repos/" in call or "graphql" in call})


def test_what_was_said_is_folded_when_only_prose_is_left_of_the_change(github: GitHub) -> None:
    pull = github.open_pull(PRIVILEGED)
    github.concluded(pull.head_sha)
    head = github.world.push(github.repository, "topic", {PATH: TEMPLATE, "docs/notes.md": "Words\n"})
    assert github.concluded(head).conclusion == "skipped"
    [comment] = github.review_comments(pull)
    assert f"Fixed in {head[:7]}" in comment.body


def test_a_finding_is_told_once_however_often_the_head_moves(github: GitHub) -> None:
    pull = github.open_pull(PRIVILEGED)
    github.concluded(pull.head_sha)
    github.push("# a line above moves everything\n" + PRIVILEGED)
    assert github.concluded(pull.head_sha).conclusion == "failure"
    github.push(PRIVILEGED + "\n# below\n")
    assert github.concluded(pull.head_sha).conclusion == "failure"
    assert len(github.review_comments(pull)) == 1


def test_a_marker_that_someone_else_pastes_silences_nothing(github: GitHub) -> None:
    first = github.open_pull(PRIVILEGED, branch="first")
    github.concluded(first.head_sha)
    [told] = github.review_comments(first)
    second = github.open_pull(TEMPLATE + "# first, something harmless\n", branch="second")
    github.concluded(second.head_sha)
    github.world.review(second, author="mona", body=told.body)
    github.push(PRIVILEGED, branch="second")
    github.concluded(second.head_sha)
    assert [comment.author.login for comment in github.review_comments(second)] == ["wrc[bot]"]


class TestRecheck:
    def test_by_the_author(self, github: GitHub) -> None:
        pull = github.open_pull(PRIVILEGED, author="mona")
        github.concluded(pull.head_sha)
        comment = github.world.comment(github.repository, pull, "Once more please.\n\n/wrc recheck", author="mona")
        assert github.concluded(pull.head_sha, 2).conclusion == "failure"
        wait_for(lambda: reactions(comment) == ["eyes", "rocket"], "the reactions")
        assert len(github.review_comments(pull)) == 1

    def test_by_someone_with_write_access(self, github: GitHub) -> None:
        github.world.set_role(github.repository, "keeper", "write")
        pull = github.open_pull(TEMPLATE + "\n")
        github.concluded(pull.head_sha)
        comment = github.world.comment(github.repository, pull, "/wrc recheck", author="keeper")
        github.concluded(pull.head_sha, 2)
        wait_for(lambda: reactions(comment) == ["eyes", "rocket"], "the reactions")

    @pytest.mark.parametrize("role", ["read", "triage", None])
    def test_by_anyone_else_it_is_refused(self, github: GitHub, role: str | None) -> None:
        if role is not None:
            github.world.set_role(github.repository, "passer-by", role)  # type: ignore[arg-type]
        pull = github.open_pull(TEMPLATE + "\n")
        github.concluded(pull.head_sha)
        comment = github.world.comment(github.repository, pull, "/wrc recheck", author="passer-by")
        wait_for(lambda: reactions(comment) == ["eyes", "confused"], "the reaction")
        settle(github)
        assert len(github.runs(pull.head_sha)) == 1


class TestButtons:
    def test_re_run_of_a_check_run(self, github: GitHub) -> None:
        pull = github.open_pull(TEMPLATE + "\n")
        run = github.concluded(pull.head_sha)
        github.world.rerequest_check_run(github.repository, run, by="mona")
        assert github.concluded(pull.head_sha, 2).name == run.name

    def test_re_run_of_all_checks(self, github: GitHub) -> None:
        pull = github.open_pull(TEMPLATE + "\n")
        run = github.concluded(pull.head_sha)
        github.world.rerequest_check_suite(github.repository, run.suite, by="mona")
        github.concluded(pull.head_sha, 2)

    def test_re_run_for_a_fork_whose_events_name_no_pull_request(self, github: GitHub) -> None:
        pull = fork_pull(github, PRIVILEGED)
        run = github.concluded(pull.head_sha)
        assert len(github.review_comments(pull)) == 1
        github.world.rerequest_check_suite(github.repository, run.suite, by="mona")
        github.concluded(pull.head_sha, 2)
        github.world.rerequest_check_run(github.repository, run, by="mona")
        github.concluded(pull.head_sha, 3)
        assert len(github.review_comments(pull)) == 1

    def test_re_run_of_a_suite_that_has_no_run_yet(self, github: GitHub) -> None:
        github.world.webhooks.faults.add(github.drop("pull_request.opened"))
        pull = github.open_pull(TEMPLATE + "\n")
        settle(github)
        assert github.runs(pull.head_sha) == []
        suite = github.suite(pull.head_sha)
        github.world.rerequest_check_suite(github.repository, suite, by="mona")
        github.concluded(pull.head_sha)


def fork_pull(github: GitHub, template: str) -> PullRequest:
    fork = github.world.fork(github.repository, "mona")
    github.world.push(fork, "topic", {PATH: template})
    return github.world.open_pull_request(github.repository, "topic", fork=fork, author="mona")


class TestNeverTwice:
    def test_a_redelivery_does_nothing(self, github: GitHub) -> None:
        pull = github.open_pull(PRIVILEGED)
        github.concluded(pull.head_sha)
        opened = next(entry for entry in github.world.webhooks.log if entry.action == "opened")
        github.world.webhooks.redeliver(opened)
        settle(github)
        again = next(entry for entry in github.world.webhooks.log if entry.redelivery)
        assert (again.guid, again.status_code, again.response_body) == (opened.guid, 202, '{"status":"duplicate"}')
        assert len(github.runs(pull.head_sha)) == 1
        assert len(github.reviews(pull)) == 1

    def test_a_doubled_delivery_under_two_guids_is_reviewed_once(self, github: GitHub) -> None:
        pull = github.open_pull(PRIVILEGED)
        github.world.close(pull)
        github.world.reopen(pull)
        settle(github)
        assert len(github.runs(pull.head_sha)) == 1
        assert len(github.reviews(pull)) == 1

    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", "/check-runs$"), ("POST", "/reviews$"), ("PATCH", "/check-runs/"), ("POST", "/access_tokens$")],
    )
    def test_a_write_of_uncertain_fate_is_done_once(self, github: GitHub, method: str, path: str, when: When) -> None:
        github.fail(path, method=method, when=when, status=502)
        pull = github.open_pull(PRIVILEGED)
        run = github.concluded(pull.head_sha)
        assert run.conclusion == "failure"
        assert len(run.annotations) == 1
        assert len(github.reviews(pull)) == 1

    def test_an_answer_that_is_cut_off_counts_as_uncertain(self, github: GitHub) -> None:
        github.fail("/reviews$", method="POST", when="after", drop=True)
        pull = github.open_pull(PRIVILEGED)
        assert github.concluded(pull.head_sha).conclusion == "failure"
        assert len(github.reviews(pull)) == 1


class TestDrafts:
    def test_comments_wait_until_it_is_ready(self, github: GitHub) -> None:
        pull = github.open_pull(PRIVILEGED, draft=True)
        run = github.concluded(pull.head_sha)
        assert run.conclusion == "failure"
        assert "draft" in (run.summary or "")
        assert github.reviews(pull) == []
        github.world.ready_for_review(pull)
        github.concluded(pull.head_sha, 2)
        assert len(github.review_comments(pull)) == 1


def test_pointing_at_another_base_is_a_new_comparison(github: GitHub) -> None:
    github.world.push(github.repository, "next", {PATH: PRIVILEGED})
    github.world.push(github.repository, "topic", {PATH: PRIVILEGED + "# more\n"}, start="next")
    pull = github.world.open_pull_request(github.repository, "topic")
    assert github.concluded(pull.head_sha).conclusion == "failure"
    github.world.retarget(pull, "next")
    assert github.concluded(pull.head_sha, 2).conclusion == "success"


def test_only_a_new_title_changes_nothing(github: GitHub) -> None:
    pull = github.open_pull(TEMPLATE + "\n")
    github.concluded(pull.head_sha)
    github.world.edit(pull, title="Better words")
    settle(github)
    assert len(github.runs(pull.head_sha)) == 1


def test_two_pull_requests_with_one_head_are_reviewed_each(github: GitHub) -> None:
    github.world.push(github.repository, "next", {"README.md": "# Next\n"})
    one = github.open_pull(PRIVILEGED)
    github.concluded(one.head_sha)
    two = github.world.open_pull_request(github.repository, "topic", base="next")
    github.concluded(two.head_sha, 2)
    assert [len(github.review_comments(pull)) for pull in (one, two)] == [1, 1]


def test_a_pull_request_of_more_files_than_a_comparison_lists(github: GitHub) -> None:
    many = {f"docs/{number}.md": "words\n" for number in range(MAX_COMPARED_FILES)}
    github.world.push(github.repository, "topic", many | {PATH: PRIVILEGED})
    pull = github.world.open_pull_request(github.repository, "topic")
    assert github.concluded(pull.head_sha).conclusion == "failure"
    [comment] = github.review_comments(pull)
    assert comment.path == PATH
    assert github.recorder.seen["GET /repos/{owner}/{repo}/pulls/{pull_number}/files"] == 4


def test_finished_jobs_are_forgotten_after_a_while(github: GitHub) -> None:
    settle(github)
    prune(datetime.now(UTC) + timedelta(hours=1))
    pull = github.open_pull(PRIVILEGED)
    github.concluded(pull.head_sha)
    settle(github)
    assert prune(datetime.now(UTC) - timedelta(hours=1)) == 0
    pushed, opened, reviewed = 1, 1, 1
    # A sweep for what was missed may have run besides.
    assert prune(datetime.now(UTC) + timedelta(hours=1)) >= pushed + opened + reviewed
    assert prune(datetime.now(UTC) + timedelta(hours=1)) == 0


class TestWhatGoesWrong:
    @pytest.mark.parametrize("path", ["/graphql$", "/compare/", "/reviews$", "/check-runs$"])
    def test_a_rate_limit_puts_the_review_off(self, github: GitHub, path: str) -> None:
        github.fail(path, status=403, headers={"retry-after": "1"}, body='{"message": "secondary rate limit"}')
        pull = github.open_pull(PRIVILEGED)
        assert github.concluded(pull.head_sha).conclusion == "failure"
        assert len(github.reviews(pull)) == 1

    def test_a_limit_during_a_command_puts_the_command_off(self, github: GitHub) -> None:
        pull = github.open_pull(TEMPLATE + "\n", author="mona")
        github.concluded(pull.head_sha)
        github.fail("/reactions$", status=429, headers={"retry-after": "1"})
        comment = github.world.comment(github.repository, pull, "/wrc recheck", author="mona")
        github.concluded(pull.head_sha, 2)
        wait_for(lambda: reactions(comment) == ["eyes", "rocket"], "the reactions")

    def test_a_refusal_ends_in_a_check_that_says_what_to_do(self, github: GitHub) -> None:
        github.fail(
            "/compare/",
            status=422,
            body='{"message": "this diff is taking too long to generate."}',
            headers={"x-github-request-id": "ABCD:1234"},
        )
        pull = github.open_pull(PRIVILEGED)
        run = github.concluded(pull.head_sha)
        assert run.conclusion == "action_required"
        assert run.summary == (
            f"GitHub refused to compare main with {pull.head_sha[:7]}: 422 this diff is taking too long to generate "
            "(request id ABCD:1234).\n\nComment `/wrc recheck` to try again."
        )
        comment = github.world.comment(github.repository, pull, "/wrc recheck", author="mona")
        assert github.concluded(pull.head_sha, 2).conclusion == "failure"
        wait_for(lambda: reactions(comment) == ["eyes", "rocket"], "the reactions")

    def test_reads_are_repeated_through_a_short_outage(self, github: GitHub) -> None:
        for path in ("/compare/", "/git/trees/", "/git/blobs/"):
            github.fail(path, method="GET", status=503)
        pull = github.open_pull(PRIVILEGED)
        assert github.concluded(pull.head_sha).conclusion == "failure"

    def test_a_tree_that_github_cuts_short_is_said(self, github: GitHub) -> None:
        github.fail("/git/trees/", status=200, body='{"sha": "x", "tree": [], "truncated": true}')
        pull = github.open_pull(PRIVILEGED)
        run = github.concluded(pull.head_sha)
        assert run.conclusion == "action_required"
        assert "wrc check" in (run.summary or "")
        github.world.rerequest_check_run(github.repository, run, by="mona")
        assert github.concluded(pull.head_sha, 2).conclusion == "failure"


def test_what_cannot_be_read_is_said_on_its_line_and_the_rest_is_judged(github: GitHub) -> None:
    broken = PRIVILEGED + '\nresource "coder_app" "web" {\n  url = = "http://localhost:80"\n}\n'
    line = broken.split("\n").index('  url = = "http://localhost:80"') + 1
    pull = github.open_pull(broken)
    run = github.concluded(pull.head_sha)
    assert run.conclusion == "failure"
    assert {(a.start_line, a.annotation_level) for a in run.annotations} == {
        (PRIVILEGED_LINE, "failure"),
        (line, "warning"),
    }
    comments = {comment.anchor.line: comment.body for comment in github.review_comments(pull) if comment.anchor}
    assert comments.keys() == {PRIVILEGED_LINE, line}
    assert "not valid Terraform" in comments[line]
    github.push(broken + "\n# more\n")
    github.concluded(github.repository.pulls[0].head_sha)
    assert len(github.reviews(pull)) == 1
