"""A pull request was opened, pushed to, reopened, marked ready, or pointed at another base."""

from __future__ import annotations

from bot.service.events import PullRequestEvent
from bot.service.handlers.context import Context
from bot.service.requests import Decision, request, skip


def handle(body: str, context: Context) -> Decision:  # noqa: ARG001 (all handlers have the same shape)
    event = PullRequestEvent.model_validate_json(body)
    if event.installation is None:
        return skip("no-installation")
    if event.pull_request.state != "open":
        return skip("closed")
    if event.action == "edited" and not (event.changes and event.changes.base):
        return skip("base-unchanged")
    review = request(
        event,
        event.installation.id,
        event.pull_request.number,
        f"pull_request.{event.action}",
        # A draft's head has a check run, but its comments were held back.
        again=event.action == "ready_for_review",
        head=event.pull_request.head.sha,
        base_ref=event.pull_request.base.ref if event.pull_request.base else None,
    )
    return Decision(reviews=(review,))
