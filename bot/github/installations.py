"""What the App asks about itself: where it is installed, and which webhooks GitHub could not deliver."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from githubkit.utils import UNSET

from bot.github.answers import Answer, User, parse
from bot.github.client import AppClient, InstallationClient
from bot.github.errors import asking, write_once

PER_PAGE = 100
MAX_DELIVERY_PAGES = 10
"""1,000 deliveries are looked at, the newest first."""

MAX_PAGES = 10


class Installation(Answer):
    id: int
    suspended_at: str | None = None


class InstalledRepository(Answer):
    id: int
    name: str
    owner: User
    archived: bool = False


class InstalledRepositories(Answer):
    repositories: list[InstalledRepository]


class Delivery(Answer):
    """One attempt at a delivery; attempts at the same event share the `guid`."""

    id: int
    guid: str
    redelivery: bool
    status_code: int


def failed_deliveries(app: AppClient) -> list[Delivery]:
    """The last attempt at each event that never arrived and that nobody has delivered again."""
    attempts: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in _deliveries(app):
        attempts[delivery.guid].append(delivery)
    return [tried[0] for tried in attempts.values() if not any(_arrived(one) or one.redelivery for one in tried)]


def _arrived(delivery: Delivery) -> bool:
    return 200 <= delivery.status_code < 400


def _deliveries(app: AppClient) -> Iterator[Delivery]:
    cursor: str | None = None
    for _ in range(MAX_DELIVERY_PAGES):
        with asking("list the deliveries"):
            response = app.rest.apps.list_webhook_deliveries(per_page=PER_PAGE, cursor=cursor or UNSET)
            yield from parse(list[Delivery], response)
        following = response.raw_response.links.get("next", {}).get("url", "")
        cursor = next(iter(parse_qs(urlsplit(following).query).get("cursor", [])), None)
        if cursor is None:
            return


def redeliver(app: AppClient, delivery: Delivery) -> None:
    """Ask for one more attempt; again where the answer is lost, for a duplicate is known by its GUID."""

    def ask() -> bool:
        with asking("deliver a webhook again"):
            app.rest.apps.redeliver_webhook_delivery(delivery.id)
            return True

    write_once(ask, lambda: None)


def list_installations(app: AppClient) -> Iterator[Installation]:
    """Where the App is installed and not suspended."""
    for page in range(1, MAX_PAGES + 1):
        with asking("list the installations"):
            response = app.rest.apps.list_installations(per_page=PER_PAGE, page=page)
            found = parse(list[Installation], response)
        yield from (installation for installation in found if installation.suspended_at is None)
        if len(found) < PER_PAGE:
            return


def installation_of(app: AppClient, owner: str, name: str) -> int:
    """The installation that covers a repository, which may have had this name before."""
    with asking(f"find the installation on {owner}/{name}"):
        return parse(Installation, app.rest.apps.get_repo_installation(owner, name)).id


def list_repositories(client: InstallationClient) -> Iterator[InstalledRepository]:
    """The repositories of an installation that can have open pull requests."""
    for page in range(1, MAX_PAGES + 1):
        with asking("list the repositories"):
            response = client.rest.apps.list_repos_accessible_to_installation(per_page=PER_PAGE, page=page)
            found = parse(InstalledRepositories, response).repositories
        yield from (repository for repository in found if not repository.archived)
        if len(found) < PER_PAGE:
            return
