"""Which webhook each change sends, with what in it and to whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.sandbox.git import ZERO
from bot.sandbox.shapes import Json, node_id
from bot.sandbox.state import (
    App,
    CheckRun,
    CheckSuite,
    Comment,
    Installation,
    PullRequest,
    Repository,
    Review,
    ReviewComment,
    User,
)

if TYPE_CHECKING:
    from bot.sandbox.world import World

PERMISSION = {
    "check_run": "checks",
    "check_suite": "checks",
    "issue_comment": "issues",
    "merge_group": "merge_queues",
    "pull_request": "pull_requests",
    "pull_request_review": "pull_requests",
    "pull_request_review_comment": "pull_requests",
    "push": "contents",
}
"""What an App must be allowed to read to be sent an event (docs: webhook events and payloads). That `issue_comment`
needs Issues, also on pull requests, has broken the commands of more than one App."""


def emit(
    world: World, event: str, repository: Repository, sender: User, payload: Json, *, only: App | None = None
) -> None:
    """Send an event to every App that is installed on the repository, subscribed, and allowed to see it."""
    for installation in world.installations.values():
        if (
            not world.covers(installation, repository)
            or installation.suspended_at
            or only not in {None, installation.app}
        ):
            continue
        if event not in installation.events or PERMISSION[event] not in installation.permissions:
            continue
        context: Json = {"repository": world.shapes.repository(repository)}
        if repository.owner.type == "Organization":
            context["organization"] = _organization(world, repository.owner)
        context["sender"] = world.shapes.user(sender)
        context["installation"] = {"id": installation.id, "node_id": node_id("I", installation.id)}
        ids = {"installation_id": installation.id, "repository_id": repository.id}
        world.webhooks.send(installation.app, event, payload | context, **ids)


def _organization(world: World, owner: User) -> Json:
    url = f"{world.shapes.api}/orgs/{owner.login}"
    return {
        "login": owner.login,
        "id": owner.id,
        "node_id": node_id("O", owner.id),
        "url": url,
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events",
        "hooks_url": f"{url}/hooks",
        "issues_url": f"{url}/issues",
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": f"{world.shapes.web}/avatars/{owner.id}",
        "description": "",
    }


def push(world: World, repository: Repository, sender: User, *, ref: str, before: str, after: str) -> None:
    page = world.shapes.repository_page(repository)
    created, deleted = before == ZERO, after == ZERO
    shas = [] if created or deleted else repository.git.shas(before, after)
    commits = [_pushed_commit(world, repository, sha) for sha in shas]
    head = None if deleted else _pushed_commit(world, repository, after)
    payload: Json = {
        "ref": ref,
        "before": before,
        "after": after,
        "created": created,
        "deleted": deleted,
        "forced": not (created or deleted) and repository.git.merge_base(before, after) != before,
        "base_ref": None,
        "compare": f"{page}/compare/{before[:12]}...{after[:12]}",
        "commits": commits,
        "head_commit": head,
        "pusher": {"name": sender.login, "email": world.email(sender)},
    }
    emit(world, "push", repository, sender, payload)


def _pushed_commit(world: World, repository: Repository, sha: str) -> Json:
    commit = repository.git.show(sha)
    changes = repository.git.diff(commit.parents[0], sha) if commit.parents else ()
    paths = {status: [c.path for c in changes if c.status == status] for status in ("added", "removed", "modified")}
    author = {"name": commit.author.name, "email": commit.author.email, "username": commit.author.name}
    return world.shapes.simple_commit(commit) | {
        "distinct": True,
        "url": f"{world.shapes.repository_page(repository)}/commit/{sha}",
        "author": author,
        "committer": author,
        **paths,
    }


def pull_request(world: World, pull: PullRequest, action: str, sender: User, extra: Json | None = None) -> None:
    payload = {"action": action, "number": pull.number, "pull_request": world.pull_shape(pull)} | (extra or {})
    emit(world, "pull_request", pull.base, sender, payload)


def comment(world: World, repository: Repository, item: Comment, action: str, **extra: object) -> None:
    """`extra` has the `changes` of an edit."""
    issue = world.shapes.issue(repository, repository.issues[item.number])
    payload: Json = {"action": action, "issue": issue, "comment": world.shapes.comment(repository, item)}
    emit(world, "issue_comment", repository, item.author, payload | extra)


def review(world: World, pull: PullRequest, item: Review, comments: Sequence[ReviewComment]) -> None:
    """A submitted review: one event for it and one for each of its comments."""
    shape = world.shapes.review(pull.base, item)
    shape["state"] = item.state.lower()
    about = world.shapes.pull_request(pull)
    payload: Json = {"action": "submitted", "review": shape, "pull_request": about}
    emit(world, "pull_request_review", pull.base, item.author, payload)
    for note in comments:
        review_comment(world, pull, note, "created")


def review_comment(world: World, pull: PullRequest, item: ReviewComment, action: str, **extra: object) -> None:
    shape = world.shapes.review_comment(pull.base, item)
    payload: Json = {"action": action, "comment": shape, "pull_request": world.shapes.pull_request(pull)}
    emit(world, "pull_request_review_comment", pull.base, item.author, payload | extra)


def check_run(world: World, repository: Repository, run: CheckRun, action: str, sender: User, **extra: object) -> None:
    """`rerequested` and `requested_action` go to the App that made the run, everything else to every reader."""
    suite = world.shapes.check_suite(repository, run.suite)
    shape = world.shapes.check_run(repository, run) | {"check_suite": suite}
    only = run.suite.app if action in {"rerequested", "requested_action"} else None
    emit(world, "check_run", repository, sender, {"action": action, "check_run": shape} | extra, only=only)


def check_suite(world: World, repository: Repository, suite: CheckSuite, action: str, sender: User) -> None:
    """`requested` and `rerequested` go to the suite's App, `completed` to every reader."""
    shape = world.shapes.check_suite(repository, suite)
    only = suite.app if action != "completed" else None
    emit(world, "check_suite", repository, sender, {"action": action, "check_suite": shape}, only=only)


def merge_group(
    world: World, repository: Repository, *, base_ref: str, base: str, head_ref: str, head: str, sender: User
) -> None:
    """A group of the merge queue asks for its checks."""
    group: Json = {
        "head_sha": head,
        "head_ref": f"refs/heads/{head_ref}",
        "base_sha": base,
        "base_ref": f"refs/heads/{base_ref}",
        "head_commit": world.shapes.simple_commit(repository.git.show(head)),
    }
    emit(world, "merge_group", repository, sender, {"action": "checks_requested", "merge_group": group})


def installation(
    world: World, item: Installation, action: str, sender: User, repositories: Sequence[Repository]
) -> None:
    """Sent to its App always, whatever it subscribed to."""
    short = [
        {
            "id": repository.id,
            "node_id": node_id("R", repository.id),
            "name": repository.name,
            "full_name": repository.full_name,
            "private": repository.private,
        }
        for repository in repositories
    ]
    payload: Json = {
        "action": action,
        "installation": world.shapes.installation(item),
        "repositories": short,
        "requester": None,
        "sender": world.shapes.user(sender),
    }
    world.webhooks.send(item.app, "installation", payload, installation_id=item.id, repository_id=None)
