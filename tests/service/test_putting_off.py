"""When a job is tried again, and how long it waits until then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.github.client import MAX_READ_RETRIES, GitHubApp
from bot.github.conversation import Place, react, reply
from bot.github.errors import UNSAID_WAIT
from bot.review.judge import judge
from bot.review.reviewer import REVIEWED_SINCE, Reviewer
from bot.service.handlers.context import Context
from bot.service.requests import ReviewRequest
from bot.service.work import (
    FIRST_DELAY,
    MAX_ATTEMPTS,
    MAX_ATTEMPTS_AT_NOTHING,
    MAX_ATTEMPTS_AT_OLD_HEAD,
    MAX_DELAY,
    OpenedRun,
    Work,
)
from tests.service.github import PRIVILEGED, GitHub


class Desk:
    """The steps of a review of one pull request, taken by hand."""

    def __init__(self, github: GitHub) -> None:
        self.github = github
        self.pull = github.open_pull(PRIVILEGED)
        self.clients = GitHubApp(github.settings)
        settings = github.settings
        reviewer = Reviewer(settings.app_id, settings.check_name, settings.web_url, judge)
        self.work = Work(Context(settings.app_id, settings.check_name, self.clients), reviewer)
        self.request = ReviewRequest(
            installation=github.installation.id,
            owner="octo",
            name="templates",
            repository_id=github.repository.id,
            number=self.pull.number,
            reason="test",
        )

    def hide(self, *, status: int, body: str = "{}", headers: dict[str, str] | None = None) -> None:
        """Let the next look at the pull request fail, at once and by itself."""
        for path in ("/graphql$", "/pulls/1$"):
            self.github.fail(path, status=status, body=body, headers=headers)

    def open(self, attempt: int) -> OpenedRun:
        return self.work.open(self.request, "job", attempt)


@pytest.fixture
def desk(tmp_path: Path, public_pem: str, private_pem: str) -> Iterator[Desk]:
    github = GitHub(tmp_path, public_pem, private_pem)
    with github.server:
        desk = Desk(github)
        yield desk
        desk.clients.close()


@pytest.mark.parametrize(
    ("attempt", "delay"),
    [
        (1, FIRST_DELAY.total_seconds()),
        (2, 2 * FIRST_DELAY.total_seconds()),
        (4, 8 * FIRST_DELAY.total_seconds()),
        (MAX_ATTEMPTS, None),
    ],
)
def test_an_outage_is_waited_for_longer_each_time_but_not_for_ever(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, attempt: int, delay: float
) -> None:
    monkeypatch.setattr("bot.github.client.FIRST_RETRY_SECONDS", 0.001)
    for _ in range(MAX_READ_RETRIES + 1):
        desk.hide(status=503)
    assert desk.open(attempt) == OpenedRun(skip="github-failed", delay=delay)


@pytest.mark.parametrize(("seconds", "delay"), [("7", 7.0), ("90000", MAX_DELAY.total_seconds())])
def test_a_rate_limit_is_waited_for_as_github_says_within_bounds(desk: Desk, seconds: str, delay: float) -> None:
    desk.hide(status=429, headers={"retry-after": seconds})
    assert desk.open(1).delay == delay


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, '{"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}'),
        (403, '{"message": "You have triggered an abuse detection mechanism."}'),
        (429, "Too many requests"),
        (422, '{"message": "Validation Failed", "errors": [{"resource": "Pull", "code": "abuse"}]}'),
    ],
)
def test_a_limit_that_comes_without_headers_is_one_too(desk: Desk, status: int, body: str) -> None:
    desk.hide(status=status, body=body)
    assert desk.open(1).delay == UNSAID_WAIT.total_seconds()


def test_a_limit_of_any_kind_puts_a_review_off_anywhere_and_nothing_is_said_twice(desk: Desk) -> None:
    secondary = '{"message": "You have exceeded a secondary rate limit."}'
    reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 100)}
    limits: list[tuple[int, dict[str, str], str]] = [
        (403, reset, '{"message": "API rate limit exceeded for installation ID 1."}'),
        (403, {"retry-after": "70"}, secondary),
        (403, {}, secondary),
        (429, {}, secondary),
        (422, {}, '{"message": "Validation Failed", "errors": [{"resource": "Pull", "code": "abuse"}]}'),
    ]
    desk.open(1)
    # As it is opened again later: what was said by then is looked for.
    run = desk.open(1)
    reached = ("GET /compare/", "POST /graphql$", "GET /reviews$", "POST /reviews$", r"PATCH /check-runs/\d+$")
    for method, path in (place.split() for place in reached):
        for status, headers, body in limits:
            desk.github.fail(path, method=method, status=status, headers=headers, body=body)
            delay = desk.work.finish(desk.request, run, 1).delay
            assert delay is not None, (method, path, status)
            assert 50 < delay <= 100
    assert desk.work.finish(desk.request, run, 1).verdict
    assert len(desk.github.reviews(desk.pull)) == 1
    assert [len(each.annotations) for each in desk.github.runs(desk.pull.head_sha)] == [1]


def test_a_pull_request_that_is_not_there_yet_is_looked_for_again(desk: Desk) -> None:
    for attempt in range(1, MAX_ATTEMPTS_AT_NOTHING + 1):
        desk.hide(status=404, body='{"message": "Not Found"}')
        assert (desk.open(attempt).delay is None) is (attempt == MAX_ATTEMPTS_AT_NOTHING)


def test_a_push_that_github_does_not_show_yet_is_looked_for_a_few_times(desk: Desk) -> None:
    assert desk.work.finish(desk.request, desk.open(1), 1).verdict
    pushed, retargeted = {"head": "f" * 40}, {"base_ref": "other"}
    for moved, attempt, looks_again in (
        (pushed, 1, True),
        (retargeted, MAX_ATTEMPTS_AT_OLD_HEAD - 1, True),
        (pushed, MAX_ATTEMPTS_AT_OLD_HEAD, False),
    ):
        looked = desk.work.open(desk.request.model_copy(update=moved), "later-job", attempt)
        assert looked.skip == "already-reviewed"
        assert (looked.delay is not None) is looks_again
    arrived = desk.request.model_copy(update={"head": desk.pull.head_sha, "base_ref": "main"})
    assert desk.work.open(arrived, "later-job", 1) == OpenedRun(skip="already-reviewed")


def test_a_review_answers_whoever_asked_before_it_began(desk: Desk) -> None:
    assert desk.work.finish(desk.request, desk.open(1), 1).verdict
    [run] = desk.github.runs(desk.pull.head_sha)

    def recheck(seconds: int, job: str) -> OpenedRun:
        asked = run.started_at.replace(microsecond=0) + timedelta(seconds=seconds)
        return desk.work.open(desk.request.model_copy(update={"again": True, "asked": asked}), job, 1)

    assert recheck(-1, "before") == OpenedRun(skip=REVIEWED_SINCE)
    assert recheck(0, "meanwhile").target is not None, "its time is cut to the second: nobody knows which came first"


def test_a_review_without_a_verdict_answers_nobody(desk: Desk) -> None:
    begun = desk.open(1)
    desk.github.fail("/compare/", status=422)
    assert not desk.work.finish(desk.request, begun, 1).verdict
    long_ago = desk.request.model_copy(update={"again": True, "asked": datetime(2020, 1, 1, tzinfo=UTC)})
    assert desk.work.open(long_ago, "later-job", 1).target is not None


def test_a_refusal_is_final(desk: Desk) -> None:
    desk.hide(status=403, body='{"message": "Resource not accessible by integration"}')
    assert desk.open(1) == OpenedRun(skip="github-failed")


def test_a_run_left_in_progress_is_taken_over(desk: Desk) -> None:
    first = desk.work.open(desk.request, "first-job", 1)
    second = desk.work.open(desk.request, "second-job", 1)
    assert first.run_id == second.run_id
    assert desk.work.finish(desk.request, second, 1).verdict
    assert desk.open(1).skip == "already-reviewed"


def test_a_review_of_three_files_takes_eight_requests_and_a_second_look_six(desk: Desk) -> None:
    more = {"image/Dockerfile": "FROM ubuntu:24.04\n", "scripts/start.sh": "#!/bin/sh\n"}
    desk.github.world.push(desk.github.repository, "topic", more)
    for again, requests in ((False, 8), (True, 6)):
        request = desk.request.model_copy(update={"again": again})
        seen = desk.github.recorder.seen.copy()
        assert desk.work.finish(request, desk.work.open(request, f"job-{again}", 1), 1).verdict
        asked = desk.github.recorder.seen - seen
        # A token serves an hour.
        del asked["POST /app/installations/{installation_id}/access_tokens"]
        assert asked.total() == requests


def test_an_answer_waits_for_its_second_and_the_sign_that_it_comes_does_not(desk: Desk) -> None:
    sent: list[bool] = []
    clients = GitHubApp(desk.github.settings, lambda _installation, *, content: sent.append(content))
    repository = clients.repository(desk.github.installation.id, desk.github.repository.id, "octo", "templates")
    asked = desk.github.world.comment(desk.github.repository, desk.pull, "/wrc help", author="mona")
    place = Place(comment=asked.id)
    react(repository, place, "eyes")
    reply(repository, desk.pull.number, place, asked.created_at, "This.")
    clients.close()
    assert sent[-2:] == [False, True]


def test_a_token_reaches_one_repository_and_allows_what_a_review_does(desk: Desk) -> None:
    assert desk.open(1).run_id
    [token] = desk.github.world.tokens.values()
    assert token.repository_ids == frozenset({desk.github.repository.id})
    assert token.permissions == {
        "metadata": "read",
        "contents": "read",
        "checks": "write",
        "pull_requests": "write",
    }
