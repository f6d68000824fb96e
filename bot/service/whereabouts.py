"""Where a repository is by now that was renamed or transferred after a job for it was stored.

GitHub sends requests for the old name on, as long as no other repository takes it and the App may see where it went.
This is for the rest: the repository keeps its id, and is looked for where the App is installed.
"""

from __future__ import annotations

from collections.abc import Iterator

import structlog

from bot.github.client import GitHubApp
from bot.github.errors import GitHubError
from bot.github.installations import installation_of, list_repositories
from bot.service.requests import ReviewRequest

log = structlog.get_logger("whereabouts")

ELSEWHERE = frozenset({403, 404, 422})
"""What GitHub answers about a repository that is not where it was: it is not seen, or no token is given for it."""


def find_again(github: GitHubApp, request: ReviewRequest) -> ReviewRequest | None:
    """The same request where its repository is by now; None if it is where it was, or nowhere that the App sees."""
    for installation in _installations(github, request):
        try:
            found = list_repositories(github.installation(installation))
            place = next((each for each in found if each.id == request.repository_id), None)
        except GitHubError as error:
            log.info("not-found", installation=installation, reason=str(error))
            continue
        if place is not None:
            now = {"installation": installation, "owner": place.owner.login, "name": place.name}
            moved = request.model_copy(update=now)
            return moved if moved != request else None
    return None


def _installations(github: GitHubApp, request: ReviewRequest) -> Iterator[int]:
    yield request.installation
    try:
        elsewhere = installation_of(github.app(), request.owner, request.name)
    except GitHubError as error:
        log.info("not-installed", reason=str(error))
        return
    if elsewhere != request.installation:
        yield elsewhere
