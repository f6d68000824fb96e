"""Someone wrote on a line, or answered in a thread."""

from __future__ import annotations

from bot.github.conversation import Place
from bot.service.events import ReviewCommentEvent
from bot.service.handlers.commanded import handle_text
from bot.service.handlers.context import Context
from bot.service.requests import Decision


def handle(body: str, context: Context) -> Decision:
    event = ReviewCommentEvent.model_validate_json(body)
    comment = event.comment
    return handle_text(
        event,
        context,
        text=comment.body,
        number=event.pull_request.number,
        state=event.pull_request.state,
        author=event.pull_request.user,
        commenter=comment.user,
        place=Place(comment=comment.id, thread=comment.in_reply_to_id or comment.id),
        at=comment.created_at,
    )
