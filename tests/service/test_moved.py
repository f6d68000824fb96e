"""A repository gets another name or another owner between what GitHub told us and what we do about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.sandbox.state import CheckRun
from bot.service.work import OpenedRun
from tests.service.github import FILES, GitHub
from tests.service.payloads import issue_comment
from tests.service.test_putting_off import Desk


@pytest.fixture
def desk(tmp_path: Path, public_pem: str, private_pem: str) -> Iterator[Desk]:
    github = GitHub(tmp_path, public_pem, private_pem)
    with github.server:
        desk = Desk(github)
        yield desk
        desk.clients.close()
    assert github.violations() == []


def finished(desk: Desk, opened: OpenedRun) -> CheckRun:
    """The check run after the review, which must have told its one finding."""
    assert opened.skip is None, opened
    assert desk.work.finish(desk.request, opened, 1).verdict
    [run] = desk.github.runs(desk.pull.head_sha)
    assert run.status == "completed"
    assert len(desk.github.review_comments(desk.pull)) == 1
    return run


def test_a_new_name_before_the_review(desk: Desk) -> None:
    desk.github.world.rename(desk.github.repository, "renamed")
    opened = desk.open(1)
    assert opened.moved is None, "GitHub sends requests for the old name on"
    assert finished(desk, opened).conclusion == "failure"


def test_a_new_name_during_the_review(desk: Desk) -> None:
    opened = desk.open(1)
    desk.github.world.rename(desk.github.repository, "renamed")
    assert finished(desk, opened).conclusion == "failure"


def test_a_new_name_and_another_repository_has_the_old_one(desk: Desk) -> None:
    desk.github.world.rename(desk.github.repository, "renamed")
    other = desk.github.world.create_repository("octo", "templates", FILES)
    opened = desk.open(1)
    assert opened.moved is not None
    assert opened.moved.name == "renamed"
    assert finished(desk, opened).conclusion == "failure"
    assert not other.check_runs


def test_what_a_repository_of_the_old_name_answers_is_not_believed(desk: Desk) -> None:
    end = {"ref": "main", "sha": "a" * 40, "repo": {"id": 1}}
    foreign = {"number": 1, "state": "open", "head": end, "base": end}
    ends = {f"{side}Ref{what}": "a" * 40 for side in ("head", "base") for what in ("Name", "Oid")}
    at_once = {"state": "OPEN", "isDraft": False, "body": "", "reviews": {"totalCount": 0}, "commits": {"nodes": []}}
    answer = {"data": {"repository": {"databaseId": 1, "pullRequest": at_once | ends}}}
    desk.github.fail("/graphql$", status=200, body=json.dumps(answer))
    desk.github.fail("/pulls/1$", status=200, body=json.dumps(foreign))
    opened = desk.open(1)
    assert opened.target is None
    assert opened.delay is not None
    desk.github.recorder.found.clear()
    assert finished(desk, desk.open(2)).conclusion == "failure"


def test_another_owner_who_has_the_app_too(desk: Desk) -> None:
    world = desk.github.world
    there = world.install(desk.github.app, "elsewhere")
    world.transfer(desk.github.repository, "elsewhere")
    opened = desk.open(1)
    assert opened.moved is not None
    assert (opened.moved.installation, opened.moved.owner) == (there.id, "elsewhere")
    assert opened.moved.key == desk.request.key
    assert finished(desk, opened).conclusion == "failure"


def test_a_command_from_before_another_owner_had_it_is_answered(desk: Desk) -> None:
    """Its delivery names the installation of the owner before."""
    world, moved = desk.github.world, desk.github.repository
    there = world.install(desk.github.app, "elsewhere")
    asked = world.comment(moved, desk.pull, "/wrc recheck", author="mona")
    mona = {"id": asked.author.id, "login": "mona"}
    body = issue_comment("/wrc recheck", by=mona, comment=asked.id, number=desk.pull.number, author=mona)
    body["installation"] = {"id": desk.github.installation.id}
    body["repository"] = {"id": moved.id, "name": "templates", "owner": {"id": 1, "login": "octo"}}
    world.transfer(moved, "elsewhere")
    decision = desk.work.decide("issue_comment", json.dumps(body), 1).decision
    assert [each.address.installation for each in decision.reviews] == [there.id]
    desk.work.acknowledge(decision.reviews[0], done=True)
    assert [reaction.content for reaction in asked.reactions] == ["eyes", "rocket"]


def test_another_owner_who_has_it_not(desk: Desk) -> None:
    desk.github.world.transfer(desk.github.repository, "elsewhere")
    assert desk.open(1) == OpenedRun(skip="github-failed")
    assert desk.github.runs(desk.pull.head_sha) == []
