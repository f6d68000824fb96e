"""What GitHub says about the App itself: who it is, what it may do, where its webhooks go and how they arrived."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx

from bot.github.answers import Answer, parse
from bot.github.client import AppClient
from bot.github.errors import asking
from bot.github.installations import Delivery

PER_PAGE = 100
"""Of installations and of deliveries the first hundred are looked at."""


class Account(Answer):
    login: str
    type: str = "User"


class Registration(Answer):
    """https://docs.github.com/en/rest/apps/apps#get-the-authenticated-app"""

    slug: str
    owner: Account
    permissions: dict[str, str]
    events: list[str]


class Grant(Answer):
    """An installation, and what its account has granted: less than the App asks for until new wishes are accepted."""

    account: Account
    html_url: str
    permissions: dict[str, str]
    events: list[str]
    suspended_at: str | None = None


class HookConfig(Answer):
    """https://docs.github.com/en/rest/apps/webhooks#get-a-webhook-configuration-for-an-app"""

    url: str = ""
    content_type: str = "form"
    insecure_ssl: str | float = "0"
    secret: str = ""
    """Masked by GitHub; empty if none is set."""


def registration(app: AppClient) -> Registration:
    with asking("show the App"):
        return parse(Registration, app.rest.apps.get_authenticated())


def grants(app: AppClient) -> list[Grant]:
    with asking("list the installations"):
        return parse(list[Grant], app.rest.apps.list_installations(per_page=PER_PAGE))


def hook_config(app: AppClient) -> HookConfig:
    with asking("show the webhook"):
        return parse(HookConfig, app.rest.apps.get_webhook_config_for_app())


def last_deliveries(app: AppClient) -> list[Delivery]:
    """The newest first."""
    with asking("list the deliveries"):
        return parse(list[Delivery], app.rest.apps.list_webhook_deliveries(per_page=PER_PAGE))


def server_time(http: httpx.Client, api_url: str) -> datetime | None:
    """GitHub's clock, which needs no credentials; None if the answer does not tell.

    Raises:
        httpx.HTTPError: GitHub cannot be reached.
    """
    answer = http.get(f"{api_url}/rate_limit")
    try:
        return parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return None
