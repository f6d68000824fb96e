"""Someone submitted a review: its body may hold commands. Its comments on lines come with events of their own."""

from __future__ import annotations

from bot.github.conversation import Place
from bot.service.events import ReviewEvent
from bot.service.handlers.commanded import handle_text
from bot.service.handlers.context import Context
from bot.service.requests import Decision


def handle(body: str, context: Context) -> Decision:
    event = ReviewEvent.model_validate_json(body)
    return handle_text(
        event,
        context,
        text=event.review.body,
        number=event.pull_request.number,
        state=event.pull_request.state,
        author=event.pull_request.user,
        commenter=event.review.user,
        place=Place(review=event.review.id),
        at=event.review.submitted_at,
    )
