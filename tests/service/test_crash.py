"""The service dies without warning and is started again: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.github.client import GitHubApp
from bot.review.judge import judge
from bot.review.reviewer import Opened, Reviewer
from tests.service.github import PRIVILEGED, GitHub
from tests.service.running import ServiceProcess, wait_for


@pytest.fixture
def github(tmp_path: Path, public_pem: str, private_pem: str) -> Iterator[GitHub]:
    github = GitHub(tmp_path, public_pem, private_pem)
    with github.server:
        yield github
    assert github.violations() == []


def process(github: GitHub, directory: Path, *, first: bool = False, **changed: str) -> ServiceProcess:
    return ServiceProcess(github.environment | changed, directory, first=first)


def told_once(github: GitHub, head: str) -> None:
    """The review of `head` is there, complete and alone, and stays so."""
    run = github.concluded(head)
    assert run.conclusion == "failure"
    assert len(run.annotations) == 1
    pull = github.repository.pulls[0]
    assert len(github.reviews(pull)) == 1
    assert len(github.review_comments(pull)) == 1


def test_killed_after_the_answer_and_before_the_work(github: GitHub, tmp_path: Path) -> None:
    with process(github, tmp_path, WRC_POLL_INTERVAL="2"):
        pull = github.open_pull(PRIVILEGED)
        github.world.webhooks.settle()
        assert [entry.status_code for entry in github.world.webhooks.log if entry.action == "opened"] == [202]
    assert github.runs(pull.head_sha) == []
    with process(github, tmp_path):
        told_once(github, pull.head_sha)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("POST", "/graphql$", id="before-the-check-run"),
        pytest.param("GET", "/compare/", id="after-the-check-run"),
        pytest.param("PATCH", r"/check-runs/\d+$", id="after-the-review"),
    ],
)
def test_killed_in_the_middle_of_a_review(github: GitHub, tmp_path: Path, method: str, path: str) -> None:
    asked = github.fail(path, method=method, delay=30, status=502)
    with process(github, tmp_path):
        pull = github.open_pull(PRIVILEGED)
        wait_for(lambda: asked.times == 0, f"the service to ask for {path}")
    assert not any(run.status == "completed" for run in github.runs(pull.head_sha))
    with process(github, tmp_path) as again:
        told_once(github, pull.head_sha)
        log = again.log.read_text()
    assert github.settings.webhook_secret.get_secret_value() not in log
    assert "PRIVATE KEY" not in log
    assert "Bearer" not in log


def test_stopped_in_the_middle_of_a_review(github: GitHub, tmp_path: Path) -> None:
    """Within the ten seconds that supervisors give, although GitHub keeps it waiting for longer."""
    asked = github.fail("/compare/", method="GET", delay=30)
    with process(github, tmp_path, WRC_GITHUB_TIMEOUT="60") as service:
        pull = github.open_pull(PRIVILEGED)
        wait_for(lambda: asked.times == 0, "the service to ask for the changes")
        assert service.stop(signal.SIGINT) < 10
    assert not any(run.status == "completed" for run in github.runs(pull.head_sha))
    with process(github, tmp_path, first=True, WRC_GITHUB_TIMEOUT="60") as again:
        told_once(github, pull.head_sha)
        asked = github.fail("/compare/", method="GET", delay=30)
        github.push(PRIVILEGED + "# more\n")
        wait_for(lambda: asked.times == 0, "the service to ask for the changes")
        assert again.stop(signal.SIGTERM) < 10
        log = again.log.read_text()
    assert [line for line in log.splitlines() if "Traceback" in line] == []
    events = [json.loads(line) for line in log.splitlines() if not line.startswith("wrc-bot listens")]
    [judged] = [event for event in events if event["event"] == "judged"]
    [opened] = [entry for entry in github.world.webhooks.log if entry.action == "opened"]
    assert (judged["delivery"], judged["repo"], judged["pr"]) == (opened.guid, "octo/templates", pull.number)


def test_a_step_that_was_done_but_not_noted_is_repeated_without_a_trace(github: GitHub) -> None:
    pull = github.open_pull(PRIVILEGED)
    clients = GitHubApp(github.settings)
    repository = clients.repository(github.installation.id, github.repository.id, "octo", "templates")
    reviewer = Reviewer(github.app.id, github.settings.check_name, github.settings.web_url, judge)
    first, opened = (reviewer.open(repository, pull.number, "one-job", again=False) for _ in range(2))
    assert isinstance(opened, Opened)
    assert first == opened
    for _ in range(2):
        assert reviewer.finish(repository, opened, patient=False)
    clients.close()
    told_once(github, pull.head_sha)
