"""Reviews of a pull request: what our App said before, and one more with comments on lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from githubkit_schemas.latest.types import (
    ReposOwnerRepoPullsPullNumberReviewsPostBodyPropCommentsItemsType as CommentBody,
)

from bot.github.answers import Posted, parse
from bot.github.client import Repository
from bot.github.errors import asking
from bot.github.text import clip
from rules.model import Anchor

MAX_BODY_CHARACTERS = 65_536
"""GitHub's answer to more is 422 "body is too long (maximum is 65536 characters)"."""

PER_PAGE = 100
MAX_PAGES = 30
"""3,000 comments are looked at."""


@dataclass(frozen=True, slots=True)
class Comment:
    anchor: Anchor
    body: str


def earlier_texts(repository: Repository, number: int, login: str) -> Iterator[str]:
    """The text of every review and review comment on the pull request that the user `login` wrote.

    Other people's text is left out: anyone can paste one of our markers.
    """
    pulls = repository.client.rest.pulls
    for listing, what in ((pulls.list_review_comments, "review comments"), (pulls.list_reviews, "reviews")):
        for page in range(1, MAX_PAGES + 1):
            with asking(f"list the {what} of #{number}"):
                response = listing(repository.owner, repository.name, number, per_page=PER_PAGE, page=page)
                found = parse(list[Posted], response)
            yield from (posted.body or "" for posted in found if posted.user and posted.user.login == login)
            if len(found) < PER_PAGE:
                break


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
