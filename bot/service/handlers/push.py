"""The default branch moved. Where the contract or the configuration changed, open pull requests are judged again.

Slowly: nobody waits for these reviews.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.github.pulls import open_pulls
from bot.review.decisive import is_decisive
from bot.service.events import PushEvent
from bot.service.handlers.context import Context
from bot.service.requests import Decision, ReviewRequest, skip

MAX_COMMITS = 2_048
"""https://docs.github.com/en/webhooks/webhook-events-and-payloads#push: a longer list is cut."""


def handle(body: str, context: Context) -> Decision:
    event = PushEvent.model_validate_json(body)
    if event.installation is None:
        return skip("no-installation")
    branch = event.repository.default_branch
    if event.ref != f"refs/heads/{branch}":
        return skip("not-the-default-branch")
    all_told = not event.forced and 0 < len(event.commits) < MAX_COMMITS
    if all_told and not any(is_decisive(path) for path in _paths(event)):
        return skip("contract-unchanged")
    owner, name = event.repository.owner.login, event.repository.name
    repository = context.repository(event.installation.id, event.repository)
    numbers = [pull.number for pull in open_pulls(repository, branch)]
    if not numbers:
        return skip("no-pull-request")
    reviews = (
        ReviewRequest(
            installation=event.installation.id,
            owner=owner,
            name=name,
            repository_id=event.repository.id,
            number=number,
            reason="contract-changed",
            again=True,
        )
        for number in numbers
    )
    return Decision(reviews=tuple(reviews), pace=context.pace)


def _paths(event: PushEvent) -> Iterator[str]:
    for commit in event.commits:
        yield from (*commit.added, *commit.removed, *commit.modified)
