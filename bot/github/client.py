"""The one way to GitHub: an authenticated, typed client per installation, kept for the life of the service."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
from githubkit import GitHub
from githubkit.auth import AppAuthStrategy, AppInstallationAuthStrategy
from githubkit.cache import MemCacheStrategy
from githubkit.exception import GitHubException, RequestError, RequestFailed, RequestTimeout
from githubkit.retry import RetryOption

from bot import metrics
from bot.github.errors import unwrapped
from bot.settings import Settings

USER_AGENT = "wrc-bot"
VERSION_HEADER = "X-GitHub-Api-Version"

MAX_READ_RETRIES = 3
FIRST_RETRY_SECONDS = 0.5
"""Doubled at each retry, with jitter: a read is given up after about four seconds."""

MAX_INSTALLATIONS = 1000
"""Clients kept at once; the least recently made one is closed when there are more."""


_CONTENT = re.compile(r"/(pulls|issues)/")
"""Paths under which a write is something that people are told of."""


class Pace:
    """Lets one caller pass at a time, and the next one `seconds` later at the earliest.

    https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#pause-between-mutative-requests
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._free_at = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        with self._lock:
            time.sleep(max(0.0, self._free_at - time.monotonic()))
            self._free_at = time.monotonic() + self._seconds


class InstallationClient(GitHub[AppInstallationAuthStrategy]):
    """githubkit's client with one `httpx.Client` of its own.

    githubkit makes a new one for each call unless it is entered as a context manager, and then keeps it in a context
    variable, which the threads of our workflows do not share.
    """

    def __init__(self, settings: Settings, installation_id: int, cache: MemCacheStrategy) -> None:
        pace = Pace(settings.write_interval)

        def set_version(request: httpx.Request) -> None:
            request.headers[VERSION_HEADER] = settings.api_version
            if request.method != "GET" and _CONTENT.search(request.url.path):
                pace.wait()

        app = AppAuthStrategy(settings.app_id, settings.private_key_pem())
        super().__init__(
            app.as_installation(installation_id),
            base_url=settings.api_url,
            user_agent=USER_AGENT,
            timeout=settings.github_timeout,
            event_hooks={"request": [set_version], "response": [metrics.github_answered(installation_id)]},
            cache_strategy=cache,
            # githubkit's cache of responses has no bound; what is worth keeping (trees, blobs) is kept by content hash.
            http_cache=False,
            auto_retry=retry_reads,
        )
        self._http = self._create_sync_client()

    @contextmanager
    def get_sync_client(self) -> Iterator[httpx.Client]:
        yield self._http

    def close(self) -> None:
        self._http.close()


class AppClient(GitHub[AppAuthStrategy]):
    """The App as itself: it sees its installations and its deliveries, and no repository."""

    def __init__(self, settings: Settings, cache: MemCacheStrategy) -> None:
        def set_version(request: httpx.Request) -> None:
            request.headers[VERSION_HEADER] = settings.api_version

        super().__init__(
            AppAuthStrategy(settings.app_id, settings.private_key_pem()),
            base_url=settings.api_url,
            user_agent=USER_AGENT,
            timeout=settings.github_timeout,
            event_hooks={"request": [set_version], "response": [metrics.github_answered(0)]},
            cache_strategy=cache,
            http_cache=False,
            auto_retry=retry_reads,
        )


@dataclass(frozen=True)
class Repository:
    """One repository as seen by one installation: what every function of this package takes first."""

    client: InstallationClient
    owner: str
    name: str


def retry_reads(error: GitHubException, retries: int) -> RetryOption:
    """Whether and when githubkit may repeat a request: only reads, only what may pass, a few times.

    A write is never repeated blindly (see `write_once`), and a rate limit is not waited for in a worker.
    """
    cause = unwrapped(error)
    if not isinstance(cause, RequestFailed):
        metrics.GITHUB_REQUESTS.labels("none").inc()
    if retries >= MAX_READ_RETRIES or not isinstance(cause, RequestError) or not _harmless(cause):
        return RetryOption(do_retry=False)
    if isinstance(cause, RequestFailed) and cause.response.status_code < 500:
        return RetryOption(do_retry=False)
    seconds = FIRST_RETRY_SECONDS * 2**retries * random.uniform(0.8, 1.2)  # noqa: S311 (jitter, no secret)
    return RetryOption(do_retry=True, retry_after=timedelta(seconds=seconds))


def _harmless(error: RequestError[Exception]) -> bool:
    """Whether the failed request may be sent twice: it reads, or it asks for a token and comes before all else."""
    if isinstance(error, (RequestFailed, RequestTimeout)):
        request = error.request
    elif isinstance(error.exc, httpx.RequestError):
        request = error.exc.request
    else:
        return False
    return request.method == "GET" or request.url.path.endswith("/access_tokens")


class GitHubApp:
    """Makes and keeps the clients of the App's installations. Safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # Not githubkit's shared default, which would hand one App's tokens to another with the same id.
        self._cache = MemCacheStrategy()
        self._clients: dict[int, InstallationClient] = {}
        self._lock = threading.Lock()

    def repository(self, installation_id: int, owner: str, name: str) -> Repository:
        return Repository(self.client(installation_id), owner, name)

    def app(self) -> AppClient:
        return AppClient(self._settings, self._cache)

    def client(self, installation_id: int) -> InstallationClient:
        with self._lock:
            if installation_id not in self._clients:
                if len(self._clients) >= MAX_INSTALLATIONS:
                    self._clients.pop(next(iter(self._clients))).close()
                self._clients[installation_id] = InstallationClient(self._settings, installation_id, self._cache)
            return self._clients[installation_id]

    def close(self) -> None:
        with self._lock:
            while self._clients:
                self._clients.popitem()[1].close()
