"""A GitHub of one's own: accounts, repositories, Apps, and what people do on the pages of github.com.

`World` is what demo and tests hold in their hands. Everything a person would do with git or a mouse is a method here
and sends the webhooks that GitHub would send; everything a program would do goes through the HTTP API (`app.py`), which
reads and changes the same state under the same lock.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from bot.sandbox import checks, events, reviews
from bot.sandbox.faults import Faults, OldHead, RequestFault
from bot.sandbox.git import ZERO, Bare, Change, FileChange, GitError, Signature
from bot.sandbox.shapes import Json, Shapes
from bot.sandbox.state import (
    App,
    CheckRun,
    CheckSuite,
    Comment,
    Installation,
    Issue,
    Meter,
    PullRequest,
    Repository,
    Review,
    ReviewComment,
    Role,
    Token,
    User,
    UserType,
)
from bot.sandbox.webhooks import Deliverer

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT_PERMISSIONS: Mapping[str, str] = {
    "metadata": "read",
    "contents": "read",
    "checks": "write",
    "pull_requests": "write",
    "issues": "read",
    "merge_queues": "read",
}
DEFAULT_EVENTS = (
    "pull_request",
    "issue_comment",
    "pull_request_review",
    "pull_request_review_comment",
    "check_run",
    "check_suite",
    "merge_group",
    "push",
)


def utc_now() -> datetime:
    return datetime.now(UTC)


def _locked(method: Callable[Concatenate[World, P], R]) -> Callable[Concatenate[World, P], R]:
    """One change at a time, whether it comes from a method or from a request."""

    @wraps(method)
    def inside(self: World, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            return method(self, *args, **kwargs)

    return inside


class World:
    """All state of one sandbox; repositories are bare git repositories under `directory`.

    `api_prefix` is empty as on github.com or `/api/v3` as on GitHub Enterprise. `url` is the root of every link; the
    server sets it when it knows its port.
    """

    def __init__(
        self,
        directory: Path,
        *,
        clock: Callable[[], datetime] = utc_now,
        api_prefix: str = "",
        url: str = "http://sandbox.invalid",
    ) -> None:
        self.directory = directory
        self.clock = clock
        self.api_prefix = api_prefix
        self.url = url
        self.lock = threading.RLock()
        self.users: dict[str, User] = {}
        self.apps: dict[int, App] = {}
        self.installations: dict[int, Installation] = {}
        self.tokens: dict[str, Token] = {}
        self.repositories: dict[str, Repository] = {}
        self.moved: dict[str, Repository] = {}
        """Repositories by the names that they had before, as long as no other has taken one."""
        self.rate_limit = 5000
        """Requests an installation has in an hour."""
        self.faults: Faults[RequestFault] = Faults()
        self.old_heads: Faults[OldHead] = Faults()
        self._meters: dict[str, Meter] = {}
        self._ids = itertools.count(1001)
        self.webhooks = Deliverer(self.clock, self.new_id)

    # Look-ups

    @property
    def api_url(self) -> str:
        return self.url + self.api_prefix

    @property
    def shapes(self) -> Shapes:
        return Shapes(api=self.api_url, web=self.url)

    def new_id(self) -> int:
        return next(self._ids)

    def meter(self, key: str) -> Meter:
        """The requests of the present hour that count against the limit of one App or installation."""
        meter = self._meters.get(key)
        if meter is None or meter.resets_at <= self.clock():
            meter = self._meters[key] = Meter(self.clock() + timedelta(hours=1))
        return meter

    def find(self, owner: str, name: str) -> Repository | None:
        """A repository by name, in any case, as GitHub finds it."""
        return self.repositories.get(f"{owner}/{name}".lower())

    def find_moved(self, owner: str, name: str) -> Repository | None:
        """The repository that had this name before it was renamed or transferred."""
        return self.moved.get(f"{owner}/{name}".lower())

    def find_by_id(self, number: int) -> Repository | None:
        return next((repository for repository in self.repositories.values() if repository.id == number), None)

    def covers(self, installation: Installation, repository: Repository) -> bool:
        chosen = installation.repository_ids
        return installation.account is repository.owner and (chosen is None or repository.id in chosen)

    def email(self, user: User) -> str:
        return f"{user.id}+{user.login}@users.noreply.sandbox.invalid"

    def branch_of(self, repository: Repository, sha: str) -> str | None:
        """A branch of this very repository whose tip is `sha`; None for the head of a fork."""
        heads = repository.git.text("for-each-ref", f"--points-at={sha}", "--format=%(refname:lstrip=2)", "refs/heads")
        return heads.split("\n")[0] or None

    def merge_base(self, pull: PullRequest, commit: str) -> str:
        """Where the pull request's diff starts: the merge base of `commit` and the base branch's tip."""
        tip = pull.base.git.resolve(f"refs/heads/{pull.base_ref}") if pull.merged_at is None else None
        tip = tip or pull.base_sha
        return pull.base.git.merge_base(tip, commit) or tip

    def changes(self, pull: PullRequest) -> tuple[FileChange, ...]:
        return pull.base.git.diff(self.merge_base(pull, pull.head_sha), pull.head_sha)

    def shown(self, pull: PullRequest) -> PullRequest:
        """The pull request as the server that was asked knows it."""
        old = self.old_heads.take(lambda each: each.matches(pull))
        return replace(pull, head_sha=old.head) if old else pull

    def pull_shape(self, pull: PullRequest, *, mergeable: bool | None = None) -> Json:
        commits = pull.base.git.count(self.merge_base(pull, pull.head_sha), pull.head_sha)
        return self.shapes.full_pull_request(pull, changes=self.changes(pull), commits=commits, mergeable=mergeable)

    # Accounts and Apps

    @_locked
    def user(self, login: str, kind: UserType = "User") -> User:
        """The account of that name, made when there is none."""
        if login.lower() not in self.users:
            self.users[login.lower()] = User(self.new_id(), login, kind)
        return self.users[login.lower()]

    @_locked
    def register_app(
        self,
        public_key: str,
        *,
        slug: str = "wrc",
        owner: str = "sandbox",
        webhook_url: str | None = None,
        webhook_secret: str = "",
        permissions: Mapping[str, str] = DEFAULT_PERMISSIONS,
        events: Iterable[str] = DEFAULT_EVENTS,
    ) -> App:
        """Register a GitHub App whose JSON Web Tokens are signed with the private half of `public_key` (PEM)."""
        number = self.new_id()
        app = App(
            number,
            slug,
            slug,
            self.user(owner, "Organization"),
            self.user(f"{slug}[bot]", "Bot"),
            f"Iv23sandbox{number}",
            public_key,
            webhook_url,
            webhook_secret,
            self.new_id(),
            {"metadata": "read", **permissions},
            frozenset(events),
            self.clock(),
        )
        self.apps[app.id] = app
        return app

    @_locked
    def install(self, app: App, account: str, repositories: Sequence[Repository] | None = None) -> Installation:
        """Install an App on an account: on all of its repositories, also future ones, or on the given ones."""
        ids = None if repositories is None else {repository.id for repository in repositories}
        owner = self.user(account)
        installation = Installation(self.new_id(), app, owner, dict(app.permissions), app.events, ids, self.clock())
        self.installations[installation.id] = installation
        covered = [repository for repository in self.repositories.values() if self.covers(installation, repository)]
        events.installation(self, installation, "created", owner, covered)
        return installation

    @_locked
    def uninstall(self, installation: Installation) -> None:
        del self.installations[installation.id]
        self.tokens = {key: token for key, token in self.tokens.items() if token.installation is not installation}
        events.installation(self, installation, "deleted", installation.account, [])

    # Repositories and git

    @_locked
    def create_repository(
        self, owner: str, name: str, files: Mapping[str, Change], *, private: bool = False, branch: str = "main"
    ) -> Repository:
        """A repository whose default branch holds one commit with `files`."""
        account = self.user(owner)
        git = Bare.create(self._folder(owner, name), branch)
        git.commit(branch, files, message="Initial commit", author=self.signature(account))
        return self._add(account, name, git, branch, private=private)

    @_locked
    def fork(self, repository: Repository, owner: str) -> Repository:
        git = Bare.clone(repository.git.path, self._folder(owner, repository.name))
        branch = repository.default_branch
        return self._add(self.user(owner), repository.name, git, branch, private=False, parent=repository)

    def _add(
        self, owner: User, name: str, git: Bare, branch: str, *, private: bool, parent: Repository | None = None
    ) -> Repository:
        now = self.clock()
        repository = Repository(self.new_id(), owner, name, git, private, branch, now, now, parent)
        self._name(repository)
        return repository

    def _folder(self, owner: str, name: str) -> Path:
        """Where a new repository lives; one that was called so before it was renamed stays where it is."""
        folder = self.directory / owner / f"{name}.git"
        return folder.with_name(f"{name}-{self.new_id()}.git") if folder.exists() else folder

    def _name(self, repository: Repository) -> None:
        self.repositories[repository.full_name.lower()] = repository
        self.moved.pop(repository.full_name.lower(), None)

    @_locked
    def rename(self, repository: Repository, name: str) -> None:
        """Give a repository another name; requests for the old one are sent on, until another repository takes it."""
        self._move(repository, repository.owner, name)

    @_locked
    def transfer(self, repository: Repository, owner: str) -> None:
        """Give a repository to another account. Installations on the old one no longer see it."""
        self._move(repository, self.user(owner), repository.name)

    def _move(self, repository: Repository, owner: User, name: str) -> None:
        before = repository.full_name.lower()
        del self.repositories[before]
        repository.owner, repository.name = owner, name
        self._name(repository)
        self.moved[before] = repository

    def signature(self, user: User) -> Signature:
        return Signature(user.login, self.email(user), self.clock())

    @_locked
    def set_role(self, repository: Repository, login: str, role: Role) -> None:
        repository.roles[self.user(login).login] = role

    @_locked
    def push(
        self,
        repository: Repository,
        branch: str,
        changes: Mapping[str, Change],
        message: str = "Change",
        *,
        author: str | None = None,
        start: str | None = None,
    ) -> str:
        """Commit `changes` to a branch and push it; returns the commit id.

        The commit's parent is the branch's tip, for a new branch the default branch's; `start`, a revision, says
        otherwise, which makes it a forced push.
        """
        git = repository.git
        before = git.resolve(f"refs/heads/{branch}")
        parent = git.resolve(start) if start else before or git.resolve(f"refs/heads/{repository.default_branch}")
        who = self.user(author) if author else repository.owner
        after = git.commit(branch, changes, message=message, author=self.signature(who), parent=parent)
        self._pushed(repository, branch, before or ZERO, after, who)
        return after

    def _pushed(self, repository: Repository, branch: str, before: str, after: str, sender: User) -> None:
        """What follows a push: its own event, new check suites, and every pull request of that branch moves on."""
        repository.pushed_at = self.clock()
        events.push(self, repository, sender, ref=f"refs/heads/{branch}", before=before, after=after)
        for installation in list(self.installations.values()):
            if self.covers(installation, repository) and installation.permissions.get("checks") == "write":
                suite = checks.suite_for(self, repository, installation.app, after)
                events.check_suite(self, repository, suite, "requested", sender)
        for base in self.repositories.values():
            for pull in base.pulls:
                if pull.head is repository and pull.head_ref == branch and pull.state == "open":
                    self._synchronize(pull, after, sender)

    def _synchronize(self, pull: PullRequest, after: str, sender: User) -> None:
        before, pull.head_sha = pull.head_sha, after
        pull.base.git.fetch(pull.head.git, after, f"refs/pull/{pull.number}/head")
        self._touch(pull)
        reviews.reanchor(self, pull)
        events.pull_request(self, pull, "synchronize", sender, {"before": before, "after": after})

    # Pull requests

    @_locked
    def open_pull_request(
        self,
        repository: Repository,
        branch: str,
        *,
        title: str = "A change",
        body: str | None = None,
        base: str | None = None,
        author: str | None = None,
        fork: Repository | None = None,
        draft: bool = False,
    ) -> PullRequest:
        """Open a pull request from `branch` of the repository itself or of `fork`.

        Raises:
            GitError: there is no such branch.
        """
        head, now = fork or repository, self.clock()
        base = base or repository.default_branch
        head_sha, base_sha = head.git.resolve(f"refs/heads/{branch}"), repository.git.resolve(f"refs/heads/{base}")
        if head_sha is None or base_sha is None:
            raise GitError(f"no branch {branch if head_sha is None else base}")
        who = self.user(author) if author else head.owner
        pull = PullRequest(
            self.new_id(),
            self._next_number(repository),
            title,
            body,
            who,
            now,
            now,
            base=repository,
            base_ref=base,
            base_sha=base_sha,
            head=head,
            head_ref=branch,
            head_sha=head_sha,
            draft=draft,
        )
        repository.git.fetch(head.git, head_sha, f"refs/pull/{pull.number}/head")
        repository.issues[pull.number] = pull
        events.pull_request(self, pull, "opened", who)
        return pull

    def _next_number(self, repository: Repository) -> int:
        return max(repository.issues, default=0) + 1

    def _touch(self, pull: PullRequest) -> None:
        pull.updated_at = self.clock()
        pull.base_sha = pull.base.git.resolve(f"refs/heads/{pull.base_ref}") or pull.base_sha

    @_locked
    def edit(self, pull: PullRequest, *, title: str, by: str | None = None) -> None:
        before, pull.title = pull.title, title
        pull.updated_at = self.clock()
        events.pull_request(self, pull, "edited", self._person(pull, by), {"changes": {"title": {"from": before}}})

    @_locked
    def retarget(self, pull: PullRequest, base: str, *, by: str | None = None) -> None:
        """Change the base branch."""
        before = {"ref": {"from": pull.base_ref}, "sha": {"from": pull.base_sha}}
        pull.base_ref = base
        self._touch(pull)
        reviews.reanchor(self, pull)
        events.pull_request(self, pull, "edited", self._person(pull, by), {"changes": {"base": before}})

    @_locked
    def close(self, pull: PullRequest, *, by: str | None = None) -> None:
        pull.closed_at = pull.updated_at = self.clock()
        events.pull_request(self, pull, "closed", self._person(pull, by))

    @_locked
    def reopen(self, pull: PullRequest, *, by: str | None = None) -> None:
        pull.closed_at = None
        self._touch(pull)
        events.pull_request(self, pull, "reopened", self._person(pull, by))

    @_locked
    def ready_for_review(self, pull: PullRequest, *, by: str | None = None) -> None:
        pull.draft, pull.updated_at = False, self.clock()
        events.pull_request(self, pull, "ready_for_review", self._person(pull, by))

    @_locked
    def convert_to_draft(self, pull: PullRequest, *, by: str | None = None) -> None:
        pull.draft, pull.updated_at = True, self.clock()
        events.pull_request(self, pull, "converted_to_draft", self._person(pull, by))

    @_locked
    def merge(self, pull: PullRequest, *, by: str | None = None) -> str:
        """Merge with a merge commit; returns its id.

        Raises:
            GitError: head and base conflict.
        """
        who, git = self._person(pull, by), pull.base.git
        before = git.resolve(f"refs/heads/{pull.base_ref}") or ZERO
        message = f"Merge pull request #{pull.number} from {pull.head.owner.login}/{pull.head_ref}\n\n{pull.title}"
        merged = git.merge(pull.base_ref, pull.head_sha, message=message, author=self.signature(who))
        pull.base_sha, pull.merge_commit_sha, pull.merged_by = before, merged, who
        pull.merged_at = pull.closed_at = pull.updated_at = self.clock()
        events.pull_request(self, pull, "closed", who)
        self._pushed(pull.base, pull.base_ref, before, merged, who)
        return merged

    @_locked
    def queue(self, pulls: Sequence[PullRequest]) -> str:
        """Put pull requests of one base into the merge queue as a group; returns the group's commit.

        Raises:
            GitError: they conflict.
        """
        first, git = pulls[0], pulls[0].base.git
        base = git.resolve(f"refs/heads/{first.base_ref}") or ZERO
        branch = f"gh-readonly-queue/{first.base_ref}/pr-{pulls[-1].number}-{base}"
        git.text("update-ref", f"refs/heads/{branch}", base)
        for pull in pulls:
            head = git.merge(branch, pull.head_sha, message=pull.title, author=self.signature(pull.author))
        names = {"base_ref": first.base_ref, "head_ref": branch}
        events.merge_group(self, first.base, base=base, head=head, sender=first.author, **names)
        return head

    def _person(self, pull: PullRequest, login: str | None) -> User:
        return self.user(login) if login else pull.author

    # Conversations and reviews

    @_locked
    def open_issue(self, repository: Repository, title: str, *, author: str, body: str | None = None) -> Issue:
        now = self.clock()
        issue = Issue(self.new_id(), self._next_number(repository), title, body, self.user(author), now, now)
        repository.issues[issue.number] = issue
        return issue

    @_locked
    def comment(self, repository: Repository, issue: Issue, body: str, *, author: str) -> Comment:
        """A person's comment in the conversation of an issue or pull request."""
        return self.add_comment(repository, issue.number, self.user(author), body)

    def add_comment(
        self, repository: Repository, number: int, author: User, body: str, app: App | None = None
    ) -> Comment:
        """
        Raises:
            ApiError: 422, the body is too long.
        """
        reviews.check_body(body)
        now = self.clock()
        comment = Comment(self.new_id(), number, author, body, now, now, app)
        repository.comments[comment.id] = comment
        repository.issues[number].updated_at = now
        events.comment(self, repository, comment, "created")
        return comment

    @_locked
    def review(
        self,
        pull: PullRequest,
        *,
        author: str,
        body: str = "",
        event: reviews.Event = "COMMENT",
        comments: Sequence[reviews.Draft] = (),
    ) -> Review:
        """A person's review, under the same rules as the API's."""
        who = self.user(author)
        return reviews.create_review(self, pull, who, body=body, event=event, commit=None, drafts=comments)

    @_locked
    def reply(self, pull: PullRequest, comment: ReviewComment, body: str, *, author: str) -> ReviewComment:
        """A person's answer in the thread that `comment` began."""
        return reviews.reply(self, pull, self.user(author), comment, body)

    @_locked
    def resolve(self, comment: ReviewComment, *, by: str) -> None:
        """The button below the thread that `comment` began."""
        reviews.settle(comment, self.user(by))

    @_locked
    def unresolve(self, comment: ReviewComment) -> None:
        reviews.settle(comment, None)

    # Checks

    @_locked
    def rerequest_check_run(self, repository: Repository, run: CheckRun, *, by: str) -> None:
        checks.rerequest_run(self, repository, run, self.user(by))

    @_locked
    def rerequest_check_suite(self, repository: Repository, suite: CheckSuite, *, by: str) -> None:
        checks.rerequest_suite(self, repository, suite, self.user(by))

    @_locked
    def request_action(self, repository: Repository, run: CheckRun, identifier: str, *, by: str) -> None:
        checks.request_action(self, repository, run, identifier, self.user(by))

    def close_webhooks(self) -> None:
        """Stop sending webhooks; those already queued are still sent."""
        self.webhooks.close()
