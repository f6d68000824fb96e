"""Reviews and their comments: what GitHub accepts on a diff, and what a push does to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from bot.sandbox import anchors, events
from bot.sandbox.errors import ApiError, unprocessable, validation_failed
from bot.sandbox.git import FileChange
from bot.sandbox.state import Anchor, PullRequest, Review, ReviewComment, Side, User

if TYPE_CHECKING:
    from bot.sandbox.world import World

Event = Literal["APPROVE", "REQUEST_CHANGES", "COMMENT"]

MAX_BODY_CHARACTERS = 65_536
"""Longest body of a comment or review."""

TOO_LONG = f"Body is too long (maximum is {MAX_BODY_CHARACTERS} characters)"

STATES: dict[Event, Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED"]] = {
    "APPROVE": "APPROVED",
    "REQUEST_CHANGES": "CHANGES_REQUESTED",
    "COMMENT": "COMMENTED",
}

RESOURCE = "PullRequestReviewComment"


@dataclass(frozen=True)
class Draft:
    """A review comment to be: on lines, on a `position` of the patch, or (`whole_file`) on a file."""

    path: str
    body: str
    line: int | None = None
    side: Side = "RIGHT"
    start_line: int | None = None
    start_side: Side | None = None
    position: int | None = None
    whole_file: bool = False


@dataclass(frozen=True)
class Placed:
    """A draft that GitHub accepts, with its place and the excerpt shown above it."""

    draft: Draft
    anchor: Anchor | None
    hunk: str


class Misplaced(Exception):
    """A draft that GitHub refuses: the field at fault and what it says of it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def place(changes: Sequence[FileChange], draft: Draft) -> Placed:
    """Find a draft's lines in a diff.

    Raises:
        Misplaced: its path is not in the diff, or its lines are not inside one hunk.
    """
    change = next((change for change in changes if change.path == draft.path), None)
    if change is None:
        raise Misplaced("path", "Path could not be resolved")
    if draft.whole_file:
        return Placed(draft, None, "")
    anchor = _anchor(change.patch or "", draft)
    return Placed(draft, anchor, anchors.excerpt(change.patch or "", anchor))


def _anchor(patch: str, draft: Draft) -> Anchor:
    if draft.line is None:
        found = anchors.at_position(patch, draft.position) if draft.position is not None else None
        if found is None:
            raise Misplaced("line", "Line could not be resolved")
        return found
    anchor, complaint = anchors.resolve(
        patch, line=draft.line, side=draft.side, start_line=draft.start_line, start_side=draft.start_side
    )
    if anchor is None:
        raise Misplaced((complaint or "").split()[0], complaint or "")
    return anchor


def create_review(
    world: World,
    pull: PullRequest,
    author: User,
    *,
    body: str,
    event: Event | None,
    commit: str | None,
    drafts: Sequence[Draft],
) -> Review:
    """Store a review with all its comments, or nothing.

    Raises:
        ApiError: 422 as GitHub's, also when a single comment's place is wrong.
    """
    _check_review(pull, author, body, event, drafts)
    commit = commit or pull.head_sha
    changes = _changes_at(world, pull, commit)
    if changes is None:
        raise unprocessable("The given commit_id is not part of the pull request")
    try:
        placed = [place(changes, draft) for draft in drafts]
    except Misplaced as error:
        raise unprocessable(_sentence(error)) from error
    now = world.clock()
    state = STATES[event] if event else "PENDING"
    review = Review(world.new_id(), pull.number, author, body, state, commit, now if event else None)
    pull.base.reviews[review.id] = review
    comments = [_store(world, pull, review, item) for item in placed]
    pull.updated_at = now
    if event:
        events.review(world, pull, review, comments)
    return review


def _sentence(error: Misplaced) -> str:
    """What the review endpoint says of a misplaced comment."""
    if error.field == "line":
        return "Line could not be resolved"
    if error.field == "start_line":
        return f"Pull request review thread start line {str(error).removeprefix('start_line ')}"
    return str(error)


def _check_review(pull: PullRequest, author: User, body: str, event: Event | None, drafts: Sequence[Draft]) -> None:
    if event == "REQUEST_CHANGES" and not body:
        raise unprocessable("Body can't be blank")
    if event == "COMMENT" and not body and not drafts:
        raise unprocessable("Body can't be blank")
    if event in {"APPROVE", "REQUEST_CHANGES"} and author is pull.author:
        raise unprocessable(f"Can not {event.lower().replace('_', ' ')} on your own pull request")
    reviews = [review for review in pull.base.reviews.values() if review.number == pull.number]
    if event is None and any(review.state == "PENDING" and review.author is author for review in reviews):
        raise unprocessable("User can only have one pending review per pull request")
    for text in (body, *(draft.body for draft in drafts)):
        if len(text) > MAX_BODY_CHARACTERS:
            raise unprocessable(TOO_LONG)
    if any(not draft.body.strip() for draft in drafts):
        raise unprocessable("Pull request review comment body can't be blank")


def check_body(body: str) -> None:
    """Refuse a body that is too long, in the words all comment endpoints share."""
    if len(body) > MAX_BODY_CHARACTERS:
        raise validation_failed("IssueComment", "body", "unprocessable", TOO_LONG)


def create_comment(world: World, pull: PullRequest, author: User, draft: Draft, commit: str) -> ReviewComment:
    """A single comment, which GitHub wraps in a review of its own.

    Raises:
        ApiError: 422 as GitHub's.
    """
    check_body(draft.body)
    changes = _changes_at(world, pull, commit)
    if changes is None:
        raise validation_failed(RESOURCE, "commit_id", "custom", "commit_id is not part of the pull request")
    try:
        placed = place(changes, draft)
    except Misplaced as error:
        thread = f"pull_request_review_thread.{error.field}"
        if error.field == "path":
            raise validation_failed(RESOURCE, thread, "invalid") from error
        message = f"pull_request_review_thread.{error}"
        blank = {"resource": RESOURCE, "code": "missing_field", "field": "pull_request_review_thread.diff_hunk"}
        wrong = {"resource": RESOURCE, "code": "custom", "field": thread, "message": message}
        raise ApiError(422, "Validation Failed", [wrong, blank]) from error
    review = Review(world.new_id(), pull.number, author, "", "COMMENTED", commit, world.clock())
    pull.base.reviews[review.id] = review
    comment = _store(world, pull, review, placed)
    events.review(world, pull, review, [comment])
    return comment


def reply(world: World, pull: PullRequest, author: User, parent: ReviewComment, body: str) -> ReviewComment:
    """A reply in the thread of a comment; GitHub makes it a review of its own."""
    check_body(body)
    now = world.clock()
    review = Review(world.new_id(), pull.number, author, "", "COMMENTED", parent.commit_id, now)
    pull.base.reviews[review.id] = review
    comment = replace(
        parent,
        id=world.new_id(),
        review_id=review.id,
        author=author,
        body=body,
        created_at=now,
        updated_at=now,
        reply_to=parent.reply_to or parent.id,
        reactions=[],
        resolved_by=None,
    )
    pull.base.review_comments[comment.id] = comment
    events.review(world, pull, review, [comment])
    return comment


def edit_comment(world: World, pull: PullRequest, comment: ReviewComment, body: str) -> None:
    check_body(body)
    changes = {"body": {"from": comment.body}}
    comment.body, comment.updated_at = body, world.clock()
    events.review_comment(world, pull, comment, "edited", changes=changes)


def settle(root: ReviewComment, by: User | None) -> None:
    """Mark the thread that a comment begins as resolved, or (None) as open. Who resolved it first has done it."""
    root.resolved_by = by and (root.resolved_by or by)


def reanchor(world: World, pull: PullRequest) -> None:
    """After a push: move each comment with its line, or leave it outdated when that line changed or left the diff."""
    changes = world.changes(pull)
    for comment in pull.base.review_comments.values():
        if comment.number != pull.number or comment.original is None:
            continue
        comment.anchor = _moved_anchor(world, pull, changes, comment)
        if comment.anchor is not None:
            comment.commit_id = pull.head_sha


def _moved_anchor(
    world: World, pull: PullRequest, changes: Sequence[FileChange], comment: ReviewComment
) -> Anchor | None:
    """The lines of a comment's original anchor in the present diff."""
    original, git = comment.original, pull.base.git
    change = next((change for change in changes if change.path == comment.path), None)
    if original is None or change is None or git.resolve(comment.original_commit_id) is None:
        return None

    def moved(line: int, side: Side) -> int | None:
        old, new = comment.original_commit_id, pull.head_sha
        if side == "LEFT":
            old, new = world.merge_base(pull, old), world.merge_base(pull, new)
        return anchors.moved(git, old, new, comment.path, line)

    line = moved(original.line, original.side)
    start_side = original.start_side or original.side
    start = moved(original.start_line, start_side) if original.start_line else None
    if line is None or (original.start_line and start is None):
        return None
    anchor, _ = anchors.resolve(
        change.patch or "", line=line, side=original.side, start_line=start, start_side=original.start_side
    )
    return anchor


def _changes_at(world: World, pull: PullRequest, commit: str) -> Sequence[FileChange] | None:
    """The pull request's diff as of one of its commits; None for any other commit."""
    git = pull.base.git
    if commit != pull.head_sha and commit not in git.shas(world.merge_base(pull, pull.head_sha), pull.head_sha):
        return None
    return git.diff(world.merge_base(pull, commit), commit)


def _store(world: World, pull: PullRequest, review: Review, placed: Placed) -> ReviewComment:
    now = world.clock()
    draft = placed.draft
    comment = ReviewComment(
        id=world.new_id(),
        number=pull.number,
        review_id=review.id,
        author=review.author,
        body=draft.body,
        path=draft.path,
        subject="file" if draft.whole_file else "line",
        anchor=placed.anchor,
        original=placed.anchor,
        diff_hunk=placed.hunk,
        commit_id=review.commit_id,
        original_commit_id=review.commit_id,
        created_at=now,
        updated_at=now,
    )
    pull.base.review_comments[comment.id] = comment
    if review.commit_id != pull.head_sha and comment.original is not None:
        comment.anchor = _moved_anchor(world, pull, world.changes(pull), comment)
    return comment
