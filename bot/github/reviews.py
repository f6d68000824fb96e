"""Reviews of a pull request: what our App said before, other words for it, and one more with comments on lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from githubkit import Response
from githubkit_schemas.latest.types import (
    ReposOwnerRepoPullsPullNumberReviewsPostBodyPropCommentsItemsType as CommentBody,
)

from bot.github.answers import Review, ReviewComment, parse
from bot.github.client import Repository
from bot.github.errors import asking, write_once
from bot.github.text import clip
from rules.model import Anchor

MAX_BODY_CHARACTERS = 65_536
"""GitHub's answer to more is 422 "body is too long (maximum is 65536 characters)"."""

PER_PAGE = 100
MAX_PAGES = 30
"""3,000 comments are looked at."""


Posted = TypeVar("Posted", Review, ReviewComment)


@dataclass(frozen=True, slots=True)
class Comment:
    anchor: Anchor
    body: str


def list_reviews(repository: Repository, number: int, login: str) -> list[Review]:
    """The reviews of the pull request that the user `login` wrote, oldest first."""
    listing = repository.client.rest.pulls.list_reviews
    return [review for review in _listed(repository, number, listing, list[Review]) if _by(review, login)]


def list_comments(repository: Repository, number: int) -> list[ReviewComment]:
    """Everybody's comments on lines of the pull request, oldest first."""
    return list(_listed(repository, number, repository.client.rest.pulls.list_review_comments, list[ReviewComment]))


def _by(posted: Review | ReviewComment, login: str) -> bool:
    return posted.user is not None and posted.user.login == login


def _listed(
    repository: Repository, number: int, listing: Callable[..., Response], kind: type[list[Posted]]
) -> Iterator[Posted]:
    for page in range(1, MAX_PAGES + 1):
        with asking(f"list what was said on #{number}"):
            response = listing(repository.owner, repository.name, number, per_page=PER_PAGE, page=page)
            found = parse(kind, response)
        yield from found
        if len(found) < PER_PAGE:
            break


def own_comments(comments: Iterable[ReviewComment], login: str) -> list[ReviewComment]:
    """Those that the user `login` wrote and that begin a thread in which nobody else has answered."""
    told = list(comments)
    answered = {comment.in_reply_to_id for comment in told if not _by(comment, login)}
    return [c for c in told if c.in_reply_to_id is None and c.id not in answered and _by(c, login)]


def edit_comment(repository: Repository, comment_id: int, body: str) -> None:
    """Give a comment of ours another text. What is lost on the way is written again: the text is the same."""
    pulls = repository.client.rest.pulls

    def edit() -> bool:
        with asking("edit a review comment"):
            pulls.update_review_comment(repository.owner, repository.name, comment_id, body=body)
            return True

    write_once(edit, lambda: None)


def edit_review(repository: Repository, number: int, review_id: int, body: str) -> None:
    """Give a review of ours another text."""
    pulls = repository.client.rest.pulls

    def edit() -> bool:
        with asking("edit a review"):
            pulls.update_review(repository.owner, repository.name, number, review_id, body=body)
            return True

    write_once(edit, lambda: None)


def post_review(repository: Repository, number: int, head: str, body: str, comments: Sequence[Comment]) -> None:
    """One review of commit `head`. GitHub refuses the whole of it if a single comment is not on a line of the diff."""
    with asking("post the review"):
        repository.client.rest.pulls.create_review(
            repository.owner,
            repository.name,
            number,
            commit_id=head,
            event="COMMENT",
            body=clip(body, MAX_BODY_CHARACTERS),
            comments=[_comment(comment) for comment in comments],
        )


def _comment(comment: Comment) -> CommentBody:
    anchor = comment.anchor
    body: CommentBody = {
        "path": anchor.path,
        "side": anchor.side,
        "line": anchor.end,
        "body": clip(comment.body, MAX_BODY_CHARACTERS),
    }
    if anchor.start < anchor.end:
        body["start_line"] = anchor.start
        body["start_side"] = anchor.side
    return body
