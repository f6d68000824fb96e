"""Endpoints of pull requests, their files, reviews and review comments."""

from __future__ import annotations

from bot.sandbox import bodies, reviews
from bot.sandbox.errors import ApiError, not_found, unprocessable, validation_failed
from bot.sandbox.http import Answer, Call, Endpoint
from bot.sandbox.routes_repos import REPOSITORY, diff_answer
from bot.sandbox.shapes import Json
from bot.sandbox.state import PullRequest, Review, ReviewComment

MAX_FILES = 3000
"""`/pulls/N/files` lists no more (docs: list pull requests files)."""

MAX_COMMITS = 250


def list_pulls(call: Call) -> Answer:
    wanted = call.query.get("state", "open")
    if wanted not in {"open", "closed", "all"}:
        raise validation_failed("PullRequest", "state", "invalid")
    pulls = [pull for pull in call.repository.pulls if wanted in {"all", pull.state}]
    if base := call.query.get("base"):
        pulls = [pull for pull in pulls if pull.base_ref == base]
    if head := call.query.get("head"):
        pulls = [pull for pull in pulls if f"{pull.head.owner.login}:{pull.head_ref}" == head]
    by_update = call.query.get("sort", "created") == "updated"
    ascending = call.query.get("direction", "desc") == "asc"
    pulls.sort(key=lambda pull: (pull.updated_at if by_update else pull.created_at, pull.number), reverse=not ascending)
    return call.page(pulls, call.world.shapes.pull_request)


def get_pull(call: Call) -> Answer:
    pull = call.world.shown(call.pull)
    if call.accepts("diff"):
        return diff_answer(call.world.changes(pull))
    mergeable = None
    if pull.state == "open":
        mergeable = pull.base.git.merge_tree(f"refs/heads/{pull.base_ref}", pull.head_sha) is not None
    return Answer(call.world.pull_shape(pull, mergeable=mergeable))


def list_files(call: Call) -> Answer:
    pull = call.pull
    files = call.world.shapes.files(pull.base, pull.head_sha, call.world.changes(pull)[:MAX_FILES])
    return call.page(files, lambda file: file)


def list_commits(call: Call) -> Answer:
    pull = call.pull
    git, shapes = pull.base.git, call.world.shapes
    shas = git.shas(call.world.merge_base(pull, pull.head_sha), pull.head_sha)[:MAX_COMMITS]
    return call.page(shas, lambda sha: shapes.commit(pull.base, git.show(sha)))


def visible_reviews(call: Call, pull: PullRequest) -> list[Review]:
    """A pending review is seen by its author alone."""
    found = [review for review in pull.base.reviews.values() if review.number == pull.number]
    return [review for review in found if review.state != "PENDING" or review.author is call.caller.user]


def list_reviews(call: Call) -> Answer:
    pull = call.pull
    return call.page(visible_reviews(call, pull), lambda item: call.world.shapes.review(pull.base, item))


def one_review(call: Call) -> Review:
    return call.pick({review.id: review for review in visible_reviews(call, call.pull)})


def get_review(call: Call) -> Json:
    return call.world.shapes.review(call.repository, one_review(call))


def update_review(call: Call) -> Json:
    review, body = one_review(call), call.body(bodies.CommentText)
    if review.author is not call.caller.user:
        raise ApiError(403, "You cannot edit this review.")
    reviews.check_body(body.body)
    review.body = body.body
    return call.world.shapes.review(call.repository, review)


def list_review_comments(call: Call) -> Answer:
    review, shapes = one_review(call), call.world.shapes
    comments = [item for item in call.repository.review_comments.values() if item.review_id == review.id]
    return call.page(comments, lambda item: _short(shapes.review_comment(call.repository, item)))


def _short(shape: Json) -> Json:
    """The comments of a review come without `line` where that would be null."""
    return {key: value for key, value in shape.items() if value is not None or key not in {"line", "original_line"}}


def create_review(call: Call) -> Json:
    pull, body = call.pull, call.body(bodies.NewReview)
    drafts = [_draft(draft) for draft in body.comments]
    review = reviews.create_review(
        call.world,
        pull,
        call.caller.user,
        body=body.body or "",
        event=body.event,
        commit=body.commit_id,
        drafts=drafts,
    )
    return call.world.shapes.review(pull.base, review)


def _draft(draft: bodies.ReviewDraft, *, whole_file: bool = False) -> reviews.Draft:
    return reviews.Draft(
        draft.path,
        draft.body,
        draft.line,
        draft.side or "RIGHT",
        draft.start_line,
        draft.start_side,
        draft.position,
        whole_file,
    )


def list_comments(call: Call) -> Answer:
    pull = call.pull
    comments = [item for item in pull.base.review_comments.values() if item.number == pull.number]
    if call.query.get("direction") == "desc":
        comments.reverse()
    return call.page(comments, lambda item: call.world.shapes.review_comment(pull.base, item))


def create_comment(call: Call) -> Answer:
    pull, body = call.pull, call.body(bodies.NewReviewComment)
    if body.in_reply_to is not None:
        return _reply(call, pull, body.in_reply_to, body.body)
    draft = _draft(body, whole_file=body.subject_type == "file")
    comment = reviews.create_comment(call.world, pull, call.caller.user, draft, body.commit_id)
    return _created(call, comment)


def create_reply(call: Call) -> Answer:
    return _reply(call, call.pull, call.number("id"), call.body(bodies.CommentText).body)


def _reply(call: Call, pull: PullRequest, parent_id: int, body: str) -> Answer:
    parent = pull.base.review_comments.get(parent_id)
    if parent is None or parent.number != pull.number:
        raise not_found()
    if parent.reply_to is not None:
        raise unprocessable("Replies to replies are not supported")
    return _created(call, reviews.reply(call.world, pull, call.caller.user, parent, body))


def _created(call: Call, comment: ReviewComment) -> Answer:
    shape = call.world.shapes.review_comment(call.repository, comment)
    return Answer(shape, 201, {"Location": str(shape["url"])})


def get_comment(call: Call) -> Json:
    comment = call.pick(call.repository.review_comments)
    return call.world.shapes.review_comment(call.repository, comment)


def update_comment(call: Call) -> Json:
    """An App may edit its own comments only."""
    comment, body = call.pick(call.repository.review_comments), call.body(bodies.CommentText)
    if comment.author is not call.caller.user:
        raise ApiError(403, "Resource not accessible by integration")
    pull = call.repository.issues[comment.number]
    assert isinstance(pull, PullRequest)
    reviews.edit_comment(call.world, pull, comment, body.body)
    return call.world.shapes.review_comment(call.repository, comment)


PULL = f"{REPOSITORY}/pulls/{{number:int}}"
READ, WRITE = "pull_requests:read", "pull_requests:write"
ENDPOINTS = (
    Endpoint("GET", f"{REPOSITORY}/pulls", READ, list_pulls),
    Endpoint("GET", PULL, READ, get_pull),
    Endpoint("GET", f"{PULL}/files", READ, list_files),
    Endpoint("GET", f"{PULL}/commits", READ, list_commits),
    Endpoint("GET", f"{PULL}/reviews", READ, list_reviews),
    Endpoint("POST", f"{PULL}/reviews", WRITE, create_review),
    Endpoint("GET", f"{PULL}/reviews/{{id:int}}", READ, get_review),
    Endpoint("PUT", f"{PULL}/reviews/{{id:int}}", WRITE, update_review),
    Endpoint("GET", f"{PULL}/reviews/{{id:int}}/comments", READ, list_review_comments),
    Endpoint("GET", f"{PULL}/comments", READ, list_comments),
    Endpoint("POST", f"{PULL}/comments", WRITE, create_comment),
    Endpoint("POST", f"{PULL}/comments/{{id:int}}/replies", WRITE, create_reply),
    Endpoint("GET", f"{REPOSITORY}/pulls/comments/{{id:int}}", READ, get_comment),
    Endpoint("PATCH", f"{REPOSITORY}/pulls/comments/{{id:int}}", WRITE, update_comment),
)
