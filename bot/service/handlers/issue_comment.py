"""Someone wrote in a pull request's conversation."""

from __future__ import annotations

from bot.github.conversation import Place
from bot.service.events import IssueCommentEvent
from bot.service.handlers.commanded import handle_text
from bot.service.handlers.context import Context
from bot.service.requests import Decision, skip


def handle(body: str, context: Context) -> Decision:
    event = IssueCommentEvent.model_validate_json(body)
    if event.issue.pull_request is None:
        return skip("not-a-pull-request")
    return handle_text(
        event,
        context,
        text=event.comment.body,
        number=event.issue.number,
        state=event.issue.state,
        author=event.issue.user,
        commenter=event.comment.user,
        place=Place(comment=event.comment.id),
        at=event.comment.created_at,
    )
