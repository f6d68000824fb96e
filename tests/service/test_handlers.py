"""What each delivery leads to: a review, or a reason code for none. Decisions that need GitHub are in test_review."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from bot.github.checks import ANY, RunKey
from bot.github.client import GitHubApp
from bot.review.reviewer import Reviewer
from bot.service.handlers.context import Context
from bot.service.jobs import KEPT
from bot.service.requests import Decision
from bot.service.work import Work
from bot.settings import Settings
from rules.model import Report
from tests.service.payloads import AUTHOR, Payload, check_run, check_suite, issue_comment, pull_request

OLD = timedelta(days=29)


@pytest.fixture
def work(settings: Settings) -> Work:
    def never(_: object) -> Report:
        raise AssertionError("no review is expected")

    return Work(Context(1, "check", GitHubApp(settings)), Reviewer(1, "check", "http://localhost", never))


def decide(work: Work, event: str, payload: Payload) -> Decision:
    return work.decide(event, json.dumps(payload), attempt=1).decision


@pytest.mark.parametrize(
    ("payload", "again"),
    [
        (pull_request("opened"), False),
        (pull_request("synchronize"), False),
        (pull_request("reopened"), False),
        (pull_request("ready_for_review"), True),
        (pull_request("edited", changes={"base": {"ref": {"from": "old"}, "sha": {"from": "b" * 40}}}), False),
    ],
)
def test_a_pull_request_is_reviewed(work: Work, payload: Payload, again: bool) -> None:
    decision = decide(work, "pull_request", payload)
    assert decision.skip is None
    [review] = decision.reviews
    assert (review.installation, review.owner, review.name, review.number) == (5, "octo", "templates", 7)
    assert review.again is again
    assert review.key == "42#7"


@pytest.mark.parametrize(
    ("event", "payload", "reason"),
    [
        ("pull_request", pull_request("edited", changes={"title": {"from": "old"}}), "base-unchanged"),
        ("pull_request", pull_request("edited"), "base-unchanged"),
        ("pull_request", pull_request("synchronize", state="closed"), "closed"),
        ("pull_request", pull_request("opened", installation=None), "no-installation"),
        ("pull_request", pull_request("opened", repository=None), "unreadable-payload"),
        ("issue_comment", issue_comment("/wrc recheck", on_pull=False), "not-a-pull-request"),
        ("issue_comment", issue_comment("Looks good."), "no-command"),
        ("issue_comment", issue_comment("> /wrc recheck"), "no-command"),
        ("issue_comment", issue_comment("/wrc recheck", state="closed"), "closed"),
        ("issue_comment", issue_comment("/wrc recheck", by={**AUTHOR, "type": "Bot"}), "bot"),
        ("issue_comment", issue_comment("/wrc accept F-2 agreed", at=datetime.now(UTC) - OLD), "too-old"),
        ("check_run", check_run("pr=7 base=abc rules=1 contract=? job=x", app_id=2), "foreign-check-run"),
        ("check_run", check_run(None), "unknown-check-run"),
        ("check_run", check_run("pr=0 base=abc rules=1 contract=? job=x"), "unknown-check-run"),
        ("check_run", check_run("7"), "unknown-check-run"),
        ("check_suite", check_suite(app_id=2), "foreign-check-suite"),
    ],
)
def test_a_delivery_that_leads_to_nothing_has_a_reason(work: Work, event: str, payload: Payload, reason: str) -> None:
    assert decide(work, event, payload) == Decision(skip=reason)


def test_a_command_is_too_old_before_the_hash_of_its_delivery_is_forgotten() -> None:
    assert OLD < KEPT


def test_a_check_run_finds_its_pull_request_by_its_external_id(work: Work) -> None:
    [review] = decide(work, "check_run", check_run(str(RunKey(31, "c" * 40, "1.0", "some-job")))).reviews
    assert (review.number, review.again) == (31, True)


@pytest.mark.parametrize(
    "key",
    [
        RunKey(1, "a" * 40, "0.1.0", "x"),
        RunKey(4294967295, "0" * 64, "1", "a-b:c/1", ANY),
        RunKey(None, "a", "1", "x", "0c2f"),
    ],
)
def test_an_external_id_reads_back(key: RunKey) -> None:
    assert RunKey.parse(str(key)) == key
