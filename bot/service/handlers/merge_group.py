"""A group of the merge queue wants its checks: what was harmless alone may break the contract together."""

from __future__ import annotations

from bot.review.material import Target
from bot.service.events import MergeGroupEvent
from bot.service.handlers.context import Context
from bot.service.requests import Decision, request, skip


def handle(body: str, context: Context) -> Decision:  # noqa: ARG001 (all handlers have the same shape)
    event = MergeGroupEvent.model_validate_json(body)
    if event.installation is None:
        return skip("no-installation")
    base, head = event.merge_group.base_sha, event.merge_group.head_sha
    group = Target(number=None, head=head, base_ref=base, base_sha=base)
    return Decision(reviews=(request(event, event.installation.id, 0, "merge_group", group=group),))
