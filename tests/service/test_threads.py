"""Threads of what is fixed, where the operator lets us resolve them: those that are ours alone, and never twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bot.github.client import GitHubApp
from bot.github.errors import UNSAID_WAIT
from bot.github.threads import find_threads, set_resolved
from bot.review.judge import judge
from bot.review.reviewer import Reviewer
from bot.sandbox.faults import RequestFault
from bot.sandbox.reviews import Draft
from bot.sandbox.state import PullRequest
from bot.service.handlers.context import Context
from bot.service.requests import ReviewRequest
from bot.service.work import Finished, Work
from tests.service.github import PATH, PRIVILEGED, PRIVILEGED_LINE, TEMPLATE, GitHub
from tests.service.running import wait_for

FIXED = TEMPLATE + "# fixed\n"
BACK = PRIVILEGED + "# back\n"

WIDE = {"metadata": "read", "contents": "write", "pull_requests": "write"}


class Desk:
    """A pull request that breaks a rule, and the steps of its reviews, taken by hand."""

    def __init__(self, github: GitHub, *, resolves: bool = True) -> None:
        self.github = github
        settings = github.settings.model_copy(update={"resolve_threads": resolves})
        self.clients = GitHubApp(settings)
        reviewer = Reviewer(settings.app_id, settings.check_name, settings.web_url, judge)
        self.work = Work(Context(settings.app_id, settings.check_name, self.clients), reviewer)
        self.pull: PullRequest = github.open_pull(PRIVILEGED)
        self.review()
        [self.thread] = github.review_comments(self.pull)

    def review(self) -> Finished:
        """One more review of the head as it is."""
        self.github.recorder.seen.clear()
        request = ReviewRequest(
            installation=self.github.installation.id,
            owner="octo",
            name=self.github.repository.name,
            repository_id=self.github.repository.id,
            number=self.pull.number,
            reason="test",
            again=True,
        )
        return self.work.finish(request, self.work.open(request, f"job-{self.github.world.new_id()}", 1), 1)

    def push(self, template: str) -> Finished:
        self.github.push(template)
        return self.review()

    def resolved_by(self) -> str | None:
        by = self.thread.resolved_by
        return None if by is None else by.login

    @property
    def wide_tokens(self) -> list[dict[str, str]]:
        """What the tokens may do that may write contents."""
        tokens = self.github.world.tokens.values()
        return [token.permissions for token in tokens if token.permissions.get("contents") == "write"]

    def asked(self) -> int:
        """The requests by GraphQL in the last review, but for the first, which looks at the pull request."""
        return self.github.recorder.seen["POST /graphql"] - 1

    def fail_the_change(self, **fault: Any) -> RequestFault:
        """Let the request that resolves threads, or opens them again, go wrong."""
        return self.github.fail("/graphql$", sent="mutation", **fault)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, public_pem: str, private_pem: str) -> Iterator[GitHub]:
    github = GitHub(tmp_path_factory.mktemp("hub"), public_pem, private_pem)
    with github.server:
        yield github


@pytest.fixture
def github(hub: GitHub) -> Iterator[GitHub]:
    hub.renew()
    hub.world.tokens.clear()
    hub.installation.permissions["contents"] = "write"
    yield hub
    assert hub.violations() == []


@pytest.fixture
def desk(github: GitHub) -> Iterator[Desk]:
    desk = Desk(github)
    yield desk
    desk.clients.close()


def test_what_is_fixed_is_resolved_and_what_comes_back_is_opened_again(desk: Desk) -> None:
    assert (desk.resolved_by(), desk.wide_tokens) == (None, [])
    desk.push(FIXED)
    assert "Fixed in" in desk.thread.body
    assert desk.resolved_by() == "wrc[bot]"
    assert desk.wide_tokens == [WIDE]
    assert desk.asked() == 2
    desk.push(FIXED + "#\n")
    assert desk.asked() == 0
    desk.push(BACK)
    assert "Here again" in desk.thread.body
    assert desk.resolved_by() is None
    assert desk.wide_tokens == [WIDE]
    assert desk.asked() == 2
    assert [token.repository_ids for token in desk.github.world.tokens.values() if token.permissions == WIDE] == [
        frozenset({desk.github.repository.id})
    ]


def test_without_the_setting_nothing_is_resolved_nor_asked_for(github: GitHub) -> None:
    desk = Desk(github, resolves=False)
    desk.push(FIXED)
    assert "Fixed in" in desk.thread.body
    assert (desk.resolved_by(), desk.wide_tokens, desk.asked()) == (None, [], 0)
    desk.clients.close()


def test_a_thread_in_which_somebody_answered_is_theirs(desk: Desk) -> None:
    desk.github.world.reply(desk.pull, desk.thread, "Is that so?", author="mona")
    desk.push(FIXED)
    assert (desk.resolved_by(), desk.asked()) == (None, 0)


def test_also_one_in_which_somebody_answered_a_moment_ago(desk: Desk) -> None:
    slow = desk.github.fail("/pulls/comments/", method="PATCH", delay=1)

    def answer() -> None:
        wait_for(lambda: slow.times == 0, "the edit")
        desk.github.world.reply(desk.pull, desk.thread, "Is that so?", author="mona")

    reply = threading.Thread(target=answer)
    reply.start()
    desk.push(FIXED)
    reply.join()
    assert "Fixed in" in desk.thread.body
    assert (desk.resolved_by(), desk.wide_tokens) == (None, [])


def test_what_a_person_resolved_stays_resolved(desk: Desk) -> None:
    desk.github.world.resolve(desk.thread, by="mona")
    desk.push(FIXED)
    desk.push(BACK)
    assert (desk.resolved_by(), desk.wide_tokens) == ("mona", [])


def test_what_a_person_opened_again_stays_open(desk: Desk) -> None:
    desk.push(FIXED)
    desk.github.world.unresolve(desk.thread)
    desk.push(FIXED + "#\n")
    assert desk.resolved_by() is None


def test_a_permission_that_is_not_granted_is_said_once_and_fails_no_review(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.github.installation.permissions["contents"] = "read"
    assert desk.push(FIXED) == Finished(verdict=True)
    assert "Fixed in" in desk.thread.body
    assert desk.resolved_by() is None
    [said] = [record for record in caplog.records if record.msg == "threads-left"]
    assert "The permissions requested are not granted to this installation" in said.__dict__["reason"]


def test_nor_does_one_that_is_taken_away_in_between(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.push(FIXED)
    for token in desk.github.world.tokens.values():
        token.permissions["contents"] = "read"
    assert desk.push(BACK) == Finished(verdict=True)
    assert desk.resolved_by() == "wrc[bot]"
    [said] = [record for record in caplog.records if record.msg == "threads-left"]
    assert (
        said.__dict__["reason"] == "GitHub refused to resolve review threads: Resource not accessible by integration."
    )


def test_an_answer_that_is_lost_is_looked_for_before_anything_is_sent_again(desk: Desk) -> None:
    wrong = '{"errors": [{"message": "Something went wrong while executing your query."}]}'
    # Asked for are the threads, the change, what came of it, and the change again; half an answer is not counted.
    lost: list[tuple[dict[str, Any], int]] = [
        ({"when": "before", "status": 502}, 4),
        ({"when": "after", "status": 502}, 3),
        ({"when": "before", "drop": True}, 4),
        ({"when": "after", "drop": True}, 2),
        ({"when": "before", "status": 200, "body": wrong}, 4),
    ]
    for turn, (fault, requests) in enumerate(lost):
        failed = desk.fail_the_change(**fault)
        fixed = turn % 2 == 0
        assert desk.push(f"{FIXED if fixed else BACK}# {turn}\n") == Finished(verdict=True)
        assert failed.times == 0
        assert desk.resolved_by() == ("wrc[bot]" if fixed else None)
        assert desk.asked() == requests


def test_a_limit_puts_the_review_off(desk: Desk) -> None:
    in_100_seconds = {"x-ratelimit-reset": str(int(time.time()) + 100)}
    primary = '{"data": null, "errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}'
    secondary = '{"errors": [{"message": "You have exceeded a secondary rate limit."}]}'
    desk.fail_the_change(status=200, body=primary, headers=in_100_seconds)
    delay = desk.push(FIXED).delay
    assert delay is not None
    assert 90 < delay <= 100
    desk.fail_the_change(status=200, body=secondary)
    assert desk.review().delay == UNSAID_WAIT.total_seconds()
    assert desk.resolved_by() is None
    assert desk.review() == Finished(verdict=True)
    assert desk.resolved_by() == "wrc[bot]"
    assert desk.thread.body.count("Fixed in") == 1


def test_many_threads_are_found_and_changed_in_few_requests(desk: Desk) -> None:
    github = desk.github
    draft = Draft(PATH, "Again", PRIVILEGED_LINE)
    github.world.review(desk.pull, author="mona", comments=[draft] * 105)
    repository = desk.clients.repository(github.installation.id, github.repository.id, "octo", github.repository.name)
    roots = github.repository.threads
    last = [root.id for root in roots[-12:]]
    asked = github.recorder.seen
    asked.clear()
    assert find_threads(repository, desk.pull.number, {roots[0].id}).keys() == {roots[0].id}
    assert asked.total() == 1
    found = find_threads(repository, desk.pull.number, last)
    assert sorted(found) == last
    assert asked.total() == 1 + 2
    set_resolved(repository, {thread.id: True for thread in found.values()})
    assert asked["POST /graphql"] == 1 + 2 + 2
    assert [root.id for root in roots if root.resolved_by is not None] == last
