"""Webhook payloads: the fields that are used, and no others.

A payload has some 25 KB, and its schema grows with every release of GitHub; what is not named here cannot break us.
https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

HANDLED: dict[str, frozenset[str]] = {
    "pull_request": frozenset({"opened", "synchronize", "reopened", "ready_for_review", "edited"}),
    "issue_comment": frozenset({"created"}),
    "check_run": frozenset({"rerequested"}),
    "check_suite": frozenset({"rerequested"}),
}
"""Events and actions that may lead to a review; all others are answered and forgotten."""


class Payload(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Envelope(Payload):
    """What can be asked of any payload."""

    action: str | None = None


class User(Payload):
    id: int
    login: str
    type: str = "User"


class Installation(Payload):
    id: int


class Repository(Payload):
    id: int
    name: str
    owner: User


class Event(Payload):
    """`installation` is missing from deliveries of a webhook that was set up by hand on a repository."""

    action: str
    repository: Repository
    installation: Installation | None = None


class Branch(Payload):
    sha: str


class PullRequest(Payload):
    number: int
    state: Literal["open", "closed"]
    head: Branch


class BaseChange(Payload):
    """Present in `changes` when the pull request was pointed at another branch."""

    ref: dict[str, str] | None = None


class Changes(Payload):
    base: BaseChange | None = None


class PullRequestEvent(Event):
    pull_request: PullRequest
    changes: Changes | None = None


class PullRequestLink(Payload):
    url: str | None = None


class Issue(Payload):
    """`pull_request` is there if the issue is one."""

    number: int
    state: Literal["open", "closed"]
    user: User | None = None
    pull_request: PullRequestLink | None = None


class Comment(Payload):
    id: int
    body: str | None = None
    user: User | None = None


class IssueCommentEvent(Event):
    issue: Issue
    comment: Comment


class App(Payload):
    id: int


class CheckRun(Payload):
    head_sha: str
    external_id: str | None = None
    app: App | None = None


class CheckRunEvent(Event):
    check_run: CheckRun


class CheckSuite(Payload):
    head_sha: str
    app: App | None = None


class CheckSuiteEvent(Event):
    check_suite: CheckSuite
