"""Where a repository is by now that was renamed or transferred after a job for it was stored.

GitHub sends requests for the old name on, as long as no other repository takes it and the App may see where it went.
This is for the rest: the repository keeps its id, and is looked for where the App is installed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import structlog
from pydantic import ValidationError

from bot.github.client import GitHubApp
from bot.github.errors import GitHubError
from bot.github.installations import installation_of, list_repositories
from bot.service.events import Addressed

log = structlog.get_logger("whereabouts")

ELSEWHERE = frozenset({403, 404, 422})
"""What GitHub answers about a repository that is not where it was: it is not seen, or no token is given for it."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a repository is: by its id, its names at the time, and the installation that covers it there."""

    installation: int
    repository_id: int
    owner: str
    name: str


def find_again(github: GitHubApp, known: Address) -> Address | None:
    """Where the repository is by now; None if it is where it was, or nowhere that the App sees."""
    for installation in _installations(github, known):
        try:
            found = list_repositories(github.installation(installation))
            place = next((each for each in found if each.id == known.repository_id), None)
        except GitHubError as error:
            log.info("not-found", installation=installation, reason=str(error))
            continue
        if place is not None:
            now = Address(installation, place.id, place.owner.login, place.name)
            return now if now != known else None
    return None


def _installations(github: GitHubApp, known: Address) -> Iterator[int]:
    yield known.installation
    try:
        elsewhere = installation_of(github.app(), known.owner, known.name)
    except GitHubError as error:
        log.info("not-installed", reason=str(error))
        return
    if elsewhere != known.installation:
        yield elsewhere


def forwarded(github: GitHubApp, body: str) -> str | None:
    """A payload as GitHub would send it from where its repository is by now; None if it is where it was."""
    try:
        sent = Addressed.model_validate_json(body)
    except ValidationError:
        # About no repository, or from no installation.
        return None
    repository = sent.repository
    known = Address(sent.installation.id, repository.id, repository.owner.login, repository.name)
    now = find_again(github, known)
    if now is None:
        return None
    payload = json.loads(body)
    payload["installation"]["id"] = now.installation
    payload["repository"]["name"] = now.name
    payload["repository"]["owner"]["login"] = now.owner
    log.info("moved", installation=now.installation, to=f"{now.owner}/{now.name}")
    return json.dumps(payload)
