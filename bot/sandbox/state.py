"""What the sandbox remembers: plain records, one class a thing GitHub has."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.sandbox.git import Bare

Side = Literal["LEFT", "RIGHT"]
Role = Literal["admin", "maintain", "write", "triage", "read"]
UserType = Literal["User", "Organization", "Bot"]


@dataclass(eq=False)
class User:
    id: int
    login: str
    type: UserType = "User"


@dataclass(eq=False)
class App:
    """A registered GitHub App. `permissions` maps a permission's API name to `read` or `write`."""

    id: int
    slug: str
    name: str
    owner: User
    bot: User
    client_id: str
    public_key: str
    webhook_url: str | None
    webhook_secret: str
    hook_id: int
    permissions: dict[str, str]
    events: frozenset[str]
    created_at: datetime


@dataclass(eq=False)
class Installation:
    """An App on an account; `repository_ids` None means all repositories of the account."""

    id: int
    app: App
    account: User
    permissions: dict[str, str]
    events: frozenset[str]
    repository_ids: set[int] | None
    created_at: datetime
    suspended_at: datetime | None = None


@dataclass(eq=False)
class Token:
    """An installation access token. The whole-second `expires_at` matters: clients parse it so."""

    value: str
    installation: Installation
    repository_ids: frozenset[int] | None
    permissions: dict[str, str]
    expires_at: datetime


@dataclass(eq=False)
class Meter:
    """Requests counted against a rate limit until `resets_at`."""

    resets_at: datetime
    used: int = 0


@dataclass(eq=False)
class Reaction:
    id: int
    user: User
    content: str
    created_at: datetime


@dataclass(eq=False)
class Comment:
    """A comment in a conversation."""

    id: int
    number: int
    author: User
    body: str
    created_at: datetime
    updated_at: datetime
    app: App | None = None
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(frozen=True)
class Anchor:
    """Where a review comment stands: lines of the new (RIGHT) or old (LEFT) file, and the position in the patch."""

    line: int
    side: Side
    start_line: int | None
    start_side: Side | None
    position: int


@dataclass(eq=False)
class ReviewComment:
    """A comment on a diff. `anchor` is None once a push has changed its line (outdated) or for a whole file.

    `resolved_by` is who resolved the thread that the comment begins.
    """

    id: int
    number: int
    review_id: int
    author: User
    body: str
    path: str
    subject: Literal["line", "file"]
    anchor: Anchor | None
    original: Anchor | None
    diff_hunk: str
    commit_id: str
    original_commit_id: str
    created_at: datetime
    updated_at: datetime
    reply_to: int | None = None
    reactions: list[Reaction] = field(default_factory=list)
    resolved_by: User | None = None


@dataclass(eq=False)
class Review:
    id: int
    number: int
    author: User
    body: str
    state: Literal["COMMENTED", "APPROVED", "CHANGES_REQUESTED", "PENDING", "DISMISSED"]
    commit_id: str
    submitted_at: datetime | None


@dataclass(eq=False)
class Issue:
    """A conversation: an issue, or what a pull request shares with one."""

    id: int
    number: int
    title: str
    body: str | None
    author: User
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None

    @property
    def state(self) -> Literal["open", "closed"]:
        return "closed" if self.closed_at else "open"


@dataclass(eq=False)
class PullRequest(Issue):
    """`base_sha` is the tip of the base branch when the pull request last changed, as in GitHub's payloads."""

    base: Repository = field(kw_only=True)
    base_ref: str = field(kw_only=True)
    base_sha: str = field(kw_only=True)
    head: Repository = field(kw_only=True)
    head_ref: str = field(kw_only=True)
    head_sha: str = field(kw_only=True)
    draft: bool = False
    merged_at: datetime | None = None
    merged_by: User | None = None
    merge_commit_sha: str | None = None

    @property
    def from_fork(self) -> bool:
        return self.head is not self.base


@dataclass(frozen=True)
class Annotation:
    path: str
    start_line: int
    end_line: int
    start_column: int | None
    end_column: int | None
    annotation_level: str
    message: str
    title: str | None
    raw_details: str | None


@dataclass(frozen=True)
class Action:
    label: str
    description: str
    identifier: str


@dataclass(eq=False)
class CheckSuite:
    id: int
    app: App
    head_sha: str
    head_branch: str | None
    before: str | None
    created_at: datetime
    updated_at: datetime
    rerequested: bool = False


@dataclass(eq=False)
class CheckRun:
    id: int
    suite: CheckSuite
    name: str
    status: str
    conclusion: str | None
    external_id: str
    details_url: str | None
    started_at: datetime
    completed_at: datetime | None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[Annotation] = field(default_factory=list)
    actions: tuple[Action, ...] = ()


@dataclass(eq=False)
class Repository:
    id: int
    owner: User
    name: str
    git: Bare
    private: bool
    default_branch: str
    created_at: datetime
    pushed_at: datetime
    parent: Repository | None = None
    roles: dict[str, Role] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    reviews: dict[int, Review] = field(default_factory=dict)
    review_comments: dict[int, ReviewComment] = field(default_factory=dict)
    check_suites: dict[int, CheckSuite] = field(default_factory=dict)
    check_runs: dict[int, CheckRun] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def pulls(self) -> list[PullRequest]:
        return [issue for issue in self.issues.values() if isinstance(issue, PullRequest)]

    @property
    def threads(self) -> list[ReviewComment]:
        """The comments that begin a thread."""
        return [comment for comment in self.review_comments.values() if comment.reply_to is None]


@dataclass(eq=False)
class Delivery:
    """One attempt to deliver a webhook. Attempts of the same event share `guid`; `status_code` 0 means no answer."""

    id: int
    guid: str
    app: App
    event: str
    action: str | None
    installation_id: int | None
    repository_id: int | None
    request_headers: dict[str, str]
    body: bytes
    redelivery: bool
    delivered_at: datetime
    duration: float = 0.0
    status: str = "Pending"
    status_code: int = 0
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: str = ""
