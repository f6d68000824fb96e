"""Once more what a check run was made for: a pull request, or a group of the merge queue."""

from __future__ import annotations

from bot.github.checks import RunKey
from bot.review.material import Target
from bot.service.events import Event
from bot.service.requests import ReviewRequest, request


def again(event: Event, installation: int, key: RunKey, head: str, *, explain: bool = False) -> ReviewRequest:
    """The request for a new check run beside the one on `head` that has `key`."""
    group = None if key.pull is not None else Target(number=None, head=head, base_ref=key.base, base_sha=key.base)
    return request(event, installation, key.pull or 0, "re-run", again=True, explain=explain, group=group)
