"""Every event and action that we handle, each with a payload of our own, posted to the running service."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.github.checks import RunKey
from bot.sandbox.faults import DeliveryFault
from bot.sandbox.state import PullRequest
from bot.service.events import HANDLED
from rules.model import Contract, Report
from tests.service.github import TEMPLATE, GitHub
from tests.service.payloads import Payload
from tests.service.running import RunningService

NOW = datetime.now(UTC).isoformat(timespec="seconds")
SPEC = "openspec/specs/workspace-runtime/spec.md"


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory, public_pem: str, private_pem: str) -> Iterator[GitHub]:
    """A GitHub that sends nothing by itself, and a service that approves of everything."""
    github = GitHub(tmp_path_factory.mktemp("github"), public_pem, private_pem)
    github.world.webhooks.faults.add(DeliveryFault(times=10_000, drop=True))
    contract = Contract("bundled", "spec.md", "", None)
    with (
        github.server,
        RunningService(github.settings, lambda seen: Report(seen.merge_base, seen.head, "success", contract)),
    ):
        yield github
        github.idle()
    assert github.violations() == []


@pytest.fixture(scope="module")
def pull(github: GitHub) -> PullRequest:
    return github.open_pull(TEMPLATE + "# more\n", author="mona")


class Fixtures:
    """A payload of our own for each event and action, about one open pull request; only the fields that matter."""

    def __init__(self, github: GitHub, pull: PullRequest) -> None:
        repository = github.repository
        owner = {"id": repository.owner.id, "login": "octo", "type": "Organization"}
        self.author = {"id": 100, "login": "mona", "type": "User"}
        self.github, self.pull = github, pull
        self.head = {"ref": "topic", "sha": pull.head_sha}
        self.base = {"ref": "main", "sha": repository.git.resolve("refs/heads/main")}
        self.common: Payload = {
            "repository": {"id": repository.id, "name": repository.name, "owner": owner, "default_branch": "main"},
            "installation": {"id": github.installation.id, "permissions": github.installation.permissions},
            "sender": self.author,
        }

    def of(self, event: str, action: str | None) -> Payload:
        made: Payload = getattr(self, event)(action)
        return self.common | ({"action": action} if action else {}) | made

    def pull_request(self, action: str) -> Payload:
        about = {"number": self.pull.number, "state": "open", "head": self.head, "base": self.base}
        changes = {"base": {"ref": {"from": "old"}, "sha": {"from": "b" * 40}}}
        return {"pull_request": about} | ({"changes": changes} if action == "edited" else {})

    def issue_comment(self, _action: str) -> Payload:
        comment = self.github.world.comment(self.github.repository, self.pull, "/wrc recheck", author="mona")
        shape = {"id": comment.id, "body": comment.body, "user": self.author, "created_at": NOW}
        link = {"url": "https://api.github.com/repos/octo/templates/pulls/1"}
        issue = {"number": self.pull.number, "state": "open", "user": self.author, "pull_request": link}
        return {"issue": issue, "comment": shape}

    def pull_request_review(self, _action: str) -> Payload:
        review = {"id": 7, "body": "/wrc recheck", "user": self.author, "submitted_at": NOW}
        return {"review": review, "pull_request": self._conversation()}

    def pull_request_review_comment(self, _action: str) -> Payload:
        comment = {"id": 8, "body": "Why?", "user": self.author, "created_at": NOW}
        return {"comment": comment, "pull_request": self._conversation()}

    def _conversation(self) -> Payload:
        return {"number": self.pull.number, "state": "open", "user": self.author}

    def check_run(self, action: str) -> Payload:
        key = str(RunKey(self.pull.number, "c" * 40, "1.0", "some-job"))
        run = {"id": 1, "head_sha": self.pull.head_sha, "external_id": key, "app": {"id": self.github.app.id}}
        pressed = {"requested_action": {"identifier": "explain"}} if action == "requested_action" else {}
        return {"check_run": run, **pressed}

    def check_suite(self, _action: str) -> Payload:
        suite = {"id": 1, "head_sha": self.pull.head_sha, "app": {"id": self.github.app.id}, "pull_requests": []}
        return {"check_suite": suite}

    def merge_group(self, _action: str) -> Payload:
        return {"merge_group": {"head_sha": self.pull.head_sha, "base_sha": self.base["sha"]}}

    def push(self, _action: None) -> Payload:
        commit = {"id": "d" * 40, "added": [SPEC], "removed": [], "modified": []}
        return {"ref": "refs/heads/main", "forced": False, "commits": [commit]}

    def installation(self, _action: str) -> Payload:
        return {"repositories": []}

    def installation_repositories(self, _action: str) -> Payload:
        return {"repositories_added": [], "repositories_removed": []}


REVIEWED = ("enqueued", ["review"])
SWEPT = ("enqueued", ["recover"])
EXPECTED: dict[str, tuple[str, list[str]]] = {
    "pull_request_review_comment.created": ("no-command", []),
    "installation.created": SWEPT,
    "installation.unsuspend": SWEPT,
    "installation.new_permissions_accepted": SWEPT,
    "installation_repositories.added": SWEPT,
    "installation.deleted": ("installation-deleted", []),
    "installation.suspend": ("installation-suspend", []),
    "installation_repositories.removed": ("installation-removed", []),
}
"""What is not simply reviewed."""


@pytest.mark.parametrize(
    ("event", "action"), [(event, action) for event in HANDLED for action in sorted(HANDLED[event], key=str)]
)
def test_each_event_and_action_leads_to_what_it_should(
    github: GitHub, pull: PullRequest, event: str, action: str | None
) -> None:
    github.idle()  # a review that waits for the one before it comes back as another job
    payload = Fixtures(github, pull).of(event, action)
    assert github.outcome(event, payload) == EXPECTED.get(f"{event}.{action}", REVIEWED)
