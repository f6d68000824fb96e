"""Webhook payloads: the fields that are used, and no others.

A payload has some 25 KB, and its schema grows with every release of GitHub; what is not named here cannot break us.
https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

HANDLED: dict[str, frozenset[str | None]] = {
    "pull_request": frozenset({"opened", "synchronize", "reopened", "ready_for_review", "edited"}),
    "issue_comment": frozenset({"created"}),
    "pull_request_review": frozenset({"submitted"}),
    "pull_request_review_comment": frozenset({"created"}),
    "check_run": frozenset({"rerequested", "requested_action"}),
    "check_suite": frozenset({"rerequested"}),
    "merge_group": frozenset({"checks_requested"}),
    "push": frozenset({None}),
    "installation": frozenset({"created", "deleted", "suspend", "unsuspend", "new_permissions_accepted"}),
    "installation_repositories": frozenset({"added", "removed"}),
}
"""Events and actions that may lead to something; all others are answered and forgotten."""


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


class Addressed(Payload):
    """What tells from where a payload about a repository comes."""

    repository: Repository
    installation: Installation


class Event(Payload):
    """`installation` is missing from deliveries of a webhook that was set up by hand on a repository."""

    action: str
    repository: Repository
    installation: Installation | None = None


class Branch(Payload):
    sha: str
    ref: str | None = None


class PullRequest(Payload):
    number: int
    state: Literal["open", "closed"]
    head: Branch
    base: Branch | None = None


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
    """`in_reply_to_id` is the first comment of a thread on a line."""

    id: int
    body: str | None = None
    user: User | None = None
    created_at: datetime
    in_reply_to_id: int | None = None


class IssueCommentEvent(Event):
    issue: Issue
    comment: Comment


class Conversation(Payload):
    """A pull request in the events of its reviews."""

    number: int
    state: Literal["open", "closed"]
    user: User | None = None


class Review(Payload):
    id: int
    body: str | None = None
    user: User | None = None
    submitted_at: datetime


class ReviewEvent(Event):
    pull_request: Conversation
    review: Review


class ReviewCommentEvent(Event):
    pull_request: Conversation
    comment: Comment


class App(Payload):
    id: int


class CheckRun(Payload):
    head_sha: str
    external_id: str | None = None
    app: App | None = None


class RequestedAction(Payload):
    """The button of a check run that was pressed."""

    identifier: str


class CheckRunEvent(Event):
    check_run: CheckRun
    requested_action: RequestedAction | None = None


class CheckSuite(Payload):
    head_sha: str
    app: App | None = None


class CheckSuiteEvent(Event):
    check_suite: CheckSuite


class MergeGroup(Payload):
    """Commits that wait to be merged together. `base_sha` is what they would be merged into."""

    head_sha: str
    base_sha: str


class MergeGroupEvent(Event):
    merge_group: MergeGroup


class Commit(Payload):
    added: list[str] = []
    removed: list[str] = []
    modified: list[str] = []


class PushedRepository(Repository):
    default_branch: str


class PushEvent(Payload):
    """`commits` is cut at 2,048, and at none for a branch that is new or was moved back."""

    ref: str
    forced: bool = False
    commits: list[Commit] = []
    repository: PushedRepository
    installation: Installation | None = None


class InstallationDetails(Payload):
    id: int
    permissions: dict[str, str] = {}


class InstallationEvent(Payload):
    action: str
    installation: InstallationDetails


MODELS: dict[str, type[Payload]] = {
    "pull_request": PullRequestEvent,
    "issue_comment": IssueCommentEvent,
    "pull_request_review": ReviewEvent,
    "pull_request_review_comment": ReviewCommentEvent,
    "check_run": CheckRunEvent,
    "check_suite": CheckSuiteEvent,
    "merge_group": MergeGroupEvent,
    "push": PushEvent,
    "installation": InstallationEvent,
    "installation_repositories": InstallationEvent,
}


def used(event: str, body: bytes | bytearray) -> str:
    """What is used of a payload, as JSON of the same shape; all of it where it is not as expected."""
    try:
        return MODELS[event].model_validate_json(body).model_dump_json(exclude_unset=True)
    except ValidationError:
        return body.decode()
