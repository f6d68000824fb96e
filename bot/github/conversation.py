"""What a command needs: who may give it, a sign that it was seen, and an answer where it was given."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.github.answers import Answer, Permission, User, parse
from bot.github.client import Repository
from bot.github.errors import GitHubError, asking, write_once
from bot.github.text import clip

Reaction = Literal["eyes", "rocket", "confused"]

MAX_CHARACTERS = 65_536
"""GitHub's answer to more is 422 "body is too long (maximum is 65536 characters)"."""

PER_PAGE = 100

_MARK = re.compile(r"<!-- wrc:fp=([^\s>]{1,80}) -->")


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody wrote: a comment in the conversation, one on a line (`thread` is the first there), or a review."""

    comment: int | None = None
    review: int | None = None
    thread: int | None = None

    @property
    def mark(self) -> str:
        """What hides in our answer, so that it is written once."""
        return f"<!-- wrc:re={'review' if self.comment is None else 'comment'}-{self.comment or self.review} -->"


class _Author(User):
    type: str = "User"


class _Comment(Answer):
    user: _Author | None = None
    body: str | None = None


def react(repository: Repository, place: Place, content: Reaction) -> None:
    """React to a comment. GitHub keeps one of a kind, so repeating is harmless. Its API knows none on a review."""
    if place.comment is None:
        return
    reactions = repository.client.rest.reactions
    create = (
        reactions.create_for_issue_comment if place.thread is None else reactions.create_for_pull_request_review_comment
    )
    comment = place.comment

    def write() -> bool:
        with asking("add a reaction"):
            create(repository.owner, repository.name, comment, content=content)
            return True

    write_once(write, lambda: None)


def reply(repository: Repository, number: int, place: Place, since: datetime, text: str) -> None:
    """Answer (Markdown) in the thread where somebody wrote, or in the conversation; not twice, if it is repeated.

    `since` is when it was written, for no answer is older.
    """
    body = clip(f"{place.mark}\n{text}", MAX_CHARACTERS)

    def find() -> bool | None:
        return True if _answered(repository, number, place, since) else None

    def write() -> bool:
        rest = repository.client.rest
        with asking(f"answer in #{number}"):
            if place.thread is None:
                rest.issues.create_comment(repository.owner, repository.name, number, body=body)
            else:
                rest.pulls.create_reply_for_review_comment(
                    repository.owner, repository.name, number, place.thread, body=body
                )
        return True

    if not find():
        write_once(write, find)


def _answered(repository: Repository, number: int, place: Place, since: datetime) -> bool:
    """Whether a bot has answered already, among the first comments from then on."""
    rest = repository.client.rest
    with asking(f"list what was said in #{number}"):
        response = (
            rest.issues.list_comments(repository.owner, repository.name, number, since=since, per_page=PER_PAGE)
            if place.thread is None
            else rest.pulls.list_review_comments(
                repository.owner, repository.name, number, since=since, per_page=PER_PAGE
            )
        )
        found = parse(list[_Comment], response)
    return any(c.user and c.user.type == "Bot" and (c.body or "").startswith(place.mark) for c in found)


def finding_of_thread(repository: Repository, comment_id: int) -> str | None:
    """The fingerprint that a comment on a line is marked with. Anyone can write such a mark: it proves nothing."""
    with asking("show a review comment"):
        response = repository.client.rest.pulls.get_review_comment(repository.owner, repository.name, comment_id)
        found = _MARK.search(parse(_Comment, response).body or "")
    return found[1] if found else None


def may_write(repository: Repository, login: str) -> bool:
    """Whether the user has write access. Asked of GitHub each time: a payload's `author_association` is unreliable."""
    try:
        with asking(f"tell the permission of {login}"):
            response = repository.client.rest.repos.get_collaborator_permission_level(
                repository.owner, repository.name, login
            )
            return parse(Permission, response).permission in ("admin", "write")
    except GitHubError as error:
        if error.status == 404:  # no collaborator, or a user who is gone
            return False
        raise
