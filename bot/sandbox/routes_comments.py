"""Endpoints of conversation comments, and of reactions on either kind of comment."""

from __future__ import annotations

from bot.sandbox import bodies, events, reviews
from bot.sandbox.errors import ApiError, forbidden, not_found
from bot.sandbox.http import Answer, Call, Endpoint
from bot.sandbox.routes_repos import REPOSITORY
from bot.sandbox.shapes import Json
from bot.sandbox.state import Comment, PullRequest, Reaction, ReviewComment


def list_comments(call: Call) -> Answer:
    issue = call.pick(call.repository.issues, "number")
    comments = [item for item in call.repository.comments.values() if item.number == issue.number]
    return call.page(comments, lambda item: call.world.shapes.comment(call.repository, item))


def create_comment(call: Call) -> Answer:
    """On a pull request either permission will do, on an issue only Issues."""
    issue, caller = call.pick(call.repository.issues, "number"), call.caller
    if not isinstance(issue, PullRequest) and not caller.may("issues", "write"):
        raise forbidden()
    body = call.body(bodies.CommentText).body
    if not body.strip():
        raise ApiError(422, "Validation Failed", [_blank_body()])
    comment = call.world.add_comment(call.repository, issue.number, caller.user, body, caller.app)
    shape = call.world.shapes.comment(call.repository, comment)
    return Answer(shape, 201, {"Location": str(shape["url"])})


def _blank_body() -> Json:
    return {"resource": "IssueComment", "code": "missing_field", "field": "body"}


def get_comment(call: Call) -> Json:
    return call.world.shapes.comment(call.repository, call.pick(call.repository.comments))


def update_comment(call: Call) -> Json:
    comment, body = call.pick(call.repository.comments), call.body(bodies.CommentText)
    if comment.author is not call.caller.user:
        raise forbidden()
    reviews.check_body(body.body)
    changes = {"body": {"from": comment.body}}
    comment.body, comment.updated_at = body.body, call.world.clock()
    events.comment(call.world, call.repository, comment, "edited", changes=changes)
    return call.world.shapes.comment(call.repository, comment)


def reacted(call: Call) -> Comment | ReviewComment:
    """The comment of the path, of either kind."""
    if "/issues/comments/" in call.path:
        return call.pick(call.repository.comments)
    return call.pick(call.repository.review_comments)


def list_reactions(call: Call) -> Answer:
    content = call.query.get("content")
    reactions = [item for item in reacted(call).reactions if content in {None, item.content}]
    return call.page(reactions, call.world.shapes.reaction)


def create_reaction(call: Call) -> Answer:
    """201 for a new reaction, 200 when the same one is there already."""
    comment, content = reacted(call), call.body(bodies.ReactionContent).content
    for reaction in comment.reactions:
        if reaction.user is call.caller.user and reaction.content == content:
            return Answer(call.world.shapes.reaction(reaction), 200)
    reaction = Reaction(call.world.new_id(), call.caller.user, content, call.world.clock())
    comment.reactions.append(reaction)
    return Answer(call.world.shapes.reaction(reaction), 201)


def delete_reaction(call: Call) -> Answer:
    comment = reacted(call)
    own = {item.id: item for item in comment.reactions if item.user is call.caller.user}
    if call.number("reaction") not in own:
        raise not_found()
    comment.reactions.remove(call.pick(own, "reaction"))
    return Answer(status=204)


ISSUE = f"{REPOSITORY}/issues"
READ = "issues:read|pull_requests:read"
WRITE = "issues:write|pull_requests:write"
ENDPOINTS = (
    Endpoint("GET", f"{ISSUE}/{{number:int}}/comments", READ, list_comments),
    Endpoint("POST", f"{ISSUE}/{{number:int}}/comments", WRITE, create_comment),
    Endpoint("GET", f"{ISSUE}/comments/{{id:int}}", READ, get_comment),
    Endpoint("PATCH", f"{ISSUE}/comments/{{id:int}}", WRITE, update_comment),
    *(
        endpoint
        for comment, read, write in (
            (f"{ISSUE}/comments/{{id:int}}/reactions", READ, WRITE),
            (f"{REPOSITORY}/pulls/comments/{{id:int}}/reactions", "pull_requests:read", "pull_requests:write"),
        )
        for endpoint in (
            Endpoint("GET", comment, read, list_reactions),
            Endpoint("POST", comment, write, create_reaction),
            Endpoint("DELETE", f"{comment}/{{reaction:int}}", write, delete_reaction),
        )
    ),
)
