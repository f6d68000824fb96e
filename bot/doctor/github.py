"""What GitHub must know and grant: the App by its key, permissions, events, installations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import httpx

from bot.doctor.model import Check, fail, ok, warn
from bot.doctor.webhook import look_at_webhook
from bot.github.app import Grant, Registration, grants, registration, server_time
from bot.github.client import USER_AGENT, AppClient, GitHubApp
from bot.github.errors import GitHubError
from bot.service.setup.manifest import TO_RESOLVE, load_manifest
from bot.settings import Settings

LEVELS = {"read": 1, "write": 2, "admin": 3}

ODD_SECONDS = 10
"""A clock that is off by more than this is worth a word."""

WRONG_SECONDS = 60
"""Beyond it GitHub refuses our tokens:
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app"""

LATER = "Try again; if it stays so, see GitHub's status page."
CLOCK_REMEDY = "Let this machine keep the time by NTP."


def look_at_github(settings: Settings) -> Iterator[Check]:
    """Stops where nothing more can be learnt: at a GitHub that cannot be reached or does not know us."""
    with httpx.Client(headers={"User-Agent": USER_AGENT}, timeout=settings.github_timeout) as http:
        try:
            theirs = server_time(http, settings.api_url)
        except httpx.HTTPError as error:
            yield _unreachable(settings, error)
            return
        yield ok("network", f"{settings.api_url} answers.")
        yield _clock(theirs, datetime.now(UTC))
        with GitHubApp(settings).app() as app:
            yield from _look_as_app(app, settings, http)


def _look_as_app(app: AppClient, settings: Settings, http: httpx.Client) -> Iterator[Check]:
    try:
        registered = registration(app)
    except GitHubError as error:
        yield _unknown(settings, error)
        return
    yield ok("credentials", f"GitHub knows the App {registered.slug} (id {settings.app_id}) by its key.")
    page = _settings_page(settings, registered)
    yield _permissions(settings, registered, page)
    if settings.resolve_threads:
        yield from _answered("threads", lambda: _threads(app, registered, page))
    yield _events(registered, page)
    yield from _answered("installations", lambda: _installations(app, settings, registered))
    yield from _answered("webhook", lambda: look_at_webhook(app, http, settings, page))


def _answered(name: str, look: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from look()
    except GitHubError as error:
        yield fail(name, str(error), LATER)


def _unreachable(settings: Settings, error: httpx.HTTPError) -> Check:
    reason = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        remedy = "Name a file with your own certificate authority in it, as PEM, in SSL_CERT_FILE."
    elif isinstance(error, httpx.ProxyError):
        remedy = "Check HTTPS_PROXY and NO_PROXY."
    else:
        remedy = "Check WRC_API_URL, the name server and the firewall; behind a proxy, set HTTPS_PROXY."
    return fail("network", f"{settings.api_url} cannot be reached ({reason}).", remedy)


def _clock(theirs: datetime | None, ours: datetime) -> Check:
    if theirs is None:
        return warn("clock", "GitHub's answer has no date to compare with.", CLOCK_REMEDY)
    # The date of an answer has whole seconds.
    off = (ours - theirs).total_seconds()
    if abs(off) <= ODD_SECONDS:
        return ok("clock", "It agrees with GitHub's.")
    found = f"It is {abs(off):.0f} seconds {'ahead of' if off > 0 else 'behind'} GitHub's."
    if abs(off) <= WRONG_SECONDS:
        return warn("clock", found, CLOCK_REMEDY)
    return fail("clock", f"{found} GitHub refuses our tokens.", CLOCK_REMEDY)


def _unknown(settings: Settings, error: GitHubError) -> Check:
    if error.status in (401, 404):
        return fail(
            "credentials",
            f"GitHub does not take the App id {settings.app_id} with this private key: {error}",
            "Take the App id from the App's settings page and generate a private key there; check the clock too.",
        )
    return fail("credentials", str(error), LATER)


def _settings_page(settings: Settings, registered: Registration) -> str:
    owner = registered.owner
    of_owner = f"/organizations/{owner.login}" if owner.type == "Organization" else ""
    return f"{settings.web_url}{of_owner}/settings/apps/{registered.slug}"


def _lacking(granted: Mapping[str, str]) -> list[str]:
    """The permissions of `app.yml` that are not granted, or at a lower level."""
    return [
        f"{name}: {level}"
        for name, level in load_manifest().default_permissions.items()
        if LEVELS.get(granted.get(name, ""), 0) < LEVELS[level]
    ]


def _permissions(settings: Settings, registered: Registration, page: str) -> Check:
    wanted = load_manifest(resolves=settings.resolve_threads).default_permissions
    if lacking := _lacking(registered.permissions):
        return fail("permissions", f"The App lacks {', '.join(lacking)}.", f"Add them at {page}/permissions")
    more = [
        f"{name}: {level}"
        for name, level in sorted(registered.permissions.items())
        if LEVELS.get(level, 0) > LEVELS.get(wanted.get(name, ""), 0)
    ]
    if more:
        return warn(
            "permissions", f"The App has more than it needs: {', '.join(more)}.", f"Take it away at {page}/permissions"
        )
    return ok("permissions", "The App has what it needs and no more.")


def _threads(app: AppClient, registered: Registration, page: str) -> Iterator[Check]:
    """Whether threads can be resolved, as the operator wants. Nothing else depends on it."""
    name = "threads"
    [(permission, level)] = TO_RESOLVE.items()
    if registered.permissions.get(permission) != level:
        yield warn(
            name,
            f"WRC_RESOLVE_THREADS is set, and the App lacks {permission}: {level}; no thread is resolved.",
            f"Add it at {page}/permissions, or remove the setting",
        )
        return
    missing = [grant for grant in grants(app) if grant.permissions.get(permission) != level]
    for grant in missing:
        yield warn(
            name,
            f"{grant.account.login} has not granted {permission}: {level}; no thread is resolved there.",
            f"Let an owner accept it: {grant.html_url}",
        )
    if not missing:
        yield ok(name, "The App may resolve the threads of what is fixed.")


def _events(registered: Registration, page: str) -> Check:
    lacking = [name for name in load_manifest().default_events if name not in registered.events]
    if lacking:
        return fail("events", f"The App does not get {', '.join(lacking)}.", f"Subscribe to them at {page}/permissions")
    return ok("events", "The App gets the events that it answers to.")


def _installations(app: AppClient, settings: Settings, registered: Registration) -> Iterator[Check]:
    name, found = "installations", grants(app)
    if not found:
        yield fail(
            name,
            "The App is installed nowhere.",
            f"Install it: {settings.web_url}/apps/{registered.slug}/installations/new",
        )
    for grant in found:
        if (problem := _ungranted(grant)) is not None:
            yield problem
    useful = [grant.account.login for grant in found if _ungranted(grant) is None]
    if useful:
        yield ok(name, f"The App is installed on {_listed(useful)}.")


def _ungranted(grant: Grant) -> Check | None:
    name, login = "installations", grant.account.login
    if grant.suspended_at is not None:
        return warn(name, f"The installation on {login} is suspended.", f"Unsuspend or remove it: {grant.html_url}")
    lacking = _lacking(grant.permissions)
    lacking += [event for event in load_manifest().default_events if event not in grant.events]
    if lacking:
        return fail(name, f"{login} has not granted {', '.join(lacking)}.", f"Let an owner accept it: {grant.html_url}")
    return None


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
