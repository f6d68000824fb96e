"""The one way to GitHub: an authenticated, typed client per installation, kept for the life of the service."""

from __future__ import annotations

import random
import re
import ssl
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Protocol

import httpx
from githubkit import GitHub
from githubkit.auth import AppAuthStrategy, AppInstallationAuthStrategy
from githubkit.cache import MemCacheStrategy
from githubkit.exception import GitHubException, RequestError, RequestFailed, RequestTimeout
from githubkit.retry import RetryOption
from githubkit.utils import UNSET
from githubkit_schemas.latest.types import AppPermissionsType

from bot import metrics
from bot.github.errors import unwrapped
from bot.settings import Settings

USER_AGENT = "wrc-bot"
VERSION_HEADER = "X-GitHub-Api-Version"

MAX_READ_RETRIES = 3
FIRST_RETRY_SECONDS = 0.5
"""Doubled at each retry, with jitter: a read is given up after about four seconds."""

MAX_CLIENTS = 1000
"""Kept at once; the least recently used one is closed when there are more."""

PERMISSIONS: AppPermissionsType = {"contents": "read", "checks": "write", "pull_requests": "write"}
"""What the token for a repository may do: all that a review and its commands do. That Apps must also be allowed to read
issues and merge queues is for the events that GitHub sends them."""

READING: AppPermissionsType = {"contents": "read"}
"""What a token for all repositories of an installation may do: list them, and read a contract kept elsewhere."""

RESOLVING: AppPermissionsType = {"contents": "write", "pull_requests": "write"}
"""What a token may do that resolves threads of a repository, where the operator wants that. GitHub's documentation does
not say so: https://github.com/orgs/community/discussions/44650"""

TOKENS = "/access_tokens"
GRAPHQL = "/graphql"


_CONTENT = re.compile(r"/(pulls|issues)/(?!.*/reactions$)")
"""Paths under which a write is something that people are told of; of a reaction they are not."""


class Gate(Protocol):
    """What a request that changes something waits at before it is sent, with the installation that sends it."""

    def __call__(self, installation: int, *, content: bool) -> None: ...


def open_gate(installation: int, *, content: bool) -> None:
    """The gate of a process that writes alone."""


@dataclass(frozen=True)
class _Shared:
    """What all clients have in common. Reading the certificates takes longer than many a request."""

    settings: Settings
    # Not githubkit's shared default, which would hand one App's tokens to another with the same id.
    tokens: MemCacheStrategy = field(default_factory=MemCacheStrategy)
    tls: ssl.SSLContext = field(default_factory=httpx.create_ssl_context)


class InstallationClient(GitHub[AppInstallationAuthStrategy]):
    """githubkit's client with one `httpx.Client` of its own, and tokens for one repository (None: for all of them).

    githubkit makes a new one for each call unless it is entered as a context manager, and then keeps it in a context
    variable, which the threads of our workflows do not share. Of POST requests those whose path ends with one of
    `harmless` may be sent again.
    """

    def __init__(
        self,
        shared: _Shared,
        installation_id: int,
        repository_id: int | None,
        permissions: AppPermissionsType,
        gate: Gate,
        harmless: tuple[str, ...] = (TOKENS, GRAPHQL),
    ) -> None:
        settings = shared.settings

        def set_version(request: httpx.Request) -> None:
            request.headers[VERSION_HEADER] = settings.spoken_version
            if request.method != "GET":
                gate(installation_id, content=_CONTENT.search(request.url.path) is not None)

        app = AppAuthStrategy(settings.app_id, settings.private_key_pem())
        repositories = UNSET if repository_id is None else [repository_id]
        narrowed = app.as_installation(installation_id, repository_ids=repositories, permissions=permissions)
        super().__init__(
            narrowed,
            base_url=settings.api_url,
            user_agent=USER_AGENT,
            timeout=settings.github_timeout,
            event_hooks={"request": [set_version], "response": [metrics.github_answered(installation_id)]},
            cache_strategy=shared.tokens,
            ssl_verify=shared.tls,
            # githubkit's cache of responses has no bound; what is worth keeping (trees, blobs) is kept by content hash.
            http_cache=False,
            auto_retry=partial(retry_reads, harmless=harmless),
        )
        self._http = self._create_sync_client()

    @contextmanager
    def get_sync_client(self) -> Iterator[httpx.Client]:
        yield self._http

    def close(self) -> None:
        self._http.close()


class AppClient(GitHub[AppAuthStrategy]):
    """The App as itself: it sees its installations and its deliveries, and no repository."""

    def __init__(self, shared: _Shared) -> None:
        settings = shared.settings

        def set_version(request: httpx.Request) -> None:
            request.headers[VERSION_HEADER] = settings.spoken_version

        super().__init__(
            AppAuthStrategy(settings.app_id, settings.private_key_pem()),
            base_url=settings.api_url,
            user_agent=USER_AGENT,
            timeout=settings.github_timeout,
            event_hooks={"request": [set_version], "response": [metrics.github_answered(0)]},
            cache_strategy=shared.tokens,
            ssl_verify=shared.tls,
            http_cache=False,
            auto_retry=retry_reads,
        )


@dataclass(frozen=True)
class Repository:
    """One repository as seen by one installation: what every function of this package takes first.

    `client` may do what a review does here, `reader` may read whatever the installation sees, and `resolver`, which is
    there if the operator wants it, may resolve threads. The `id` stays when the name changes; it is 0 for one that is
    only read.
    """

    client: InstallationClient
    id: int
    owner: str
    name: str
    reader: InstallationClient
    resolver: InstallationClient | None = None

    def elsewhere(self, owner: str, name: str) -> Repository:
        """Another repository, for reading."""
        if (owner.lower(), name.lower()) == (self.owner.lower(), self.name.lower()):
            return self
        return Repository(self.reader, 0, owner, name, self.reader)


def retry_reads(error: GitHubException, retries: int, harmless: tuple[str, ...] = (TOKENS, GRAPHQL)) -> RetryOption:
    """Whether and when githubkit may repeat a request: only reads, only what may pass, a few times.

    A write is never repeated blindly (see `write_once`), and a rate limit is not waited for in a worker.
    """
    cause = unwrapped(error)
    if not isinstance(cause, RequestFailed):
        metrics.GITHUB_REQUESTS.labels("none").inc()
    if retries >= MAX_READ_RETRIES or not isinstance(cause, RequestError) or not _harmless(cause, harmless):
        return RetryOption(do_retry=False)
    if isinstance(cause, RequestFailed) and cause.response.status_code < 500:
        return RetryOption(do_retry=False)
    seconds = FIRST_RETRY_SECONDS * 2**retries * random.uniform(0.8, 1.2)  # noqa: S311 (jitter, no secret)
    return RetryOption(do_retry=True, retry_after=timedelta(seconds=seconds))


def _harmless(error: RequestError[Exception], harmless: tuple[str, ...]) -> bool:
    """Whether the failed request may be sent twice: it reads, or it asks for a token."""
    if isinstance(error, (RequestFailed, RequestTimeout)):
        request = error.request
    elif isinstance(error.exc, httpx.RequestError):
        request = error.exc.request
    else:
        return False
    return request.method == "GET" or request.url.path.endswith(harmless)


class GitHubApp:
    """Makes and keeps the clients of the App's repositories. Safe to use from several threads."""

    def __init__(self, settings: Settings, gate: Gate = open_gate) -> None:
        self._shared = _Shared(settings)
        self._gate = gate
        self._clients: OrderedDict[tuple[int, int | None, bool], InstallationClient] = OrderedDict()
        self._lock = threading.Lock()

    def repository(self, installation_id: int, repository_id: int, owner: str, name: str) -> Repository:
        client, reader = self._client(installation_id, repository_id), self.installation(installation_id)
        wanted = self._shared.settings.resolve_threads
        resolver = self._client(installation_id, repository_id, resolving=True) if wanted else None
        return Repository(client, repository_id, owner, name, reader, resolver)

    def app(self) -> AppClient:
        return AppClient(self._shared)

    def installation(self, installation_id: int) -> InstallationClient:
        """A client that can list and read the repositories of an installation, and do nothing else."""
        return self._client(installation_id, None)

    def _client(
        self, installation_id: int, repository_id: int | None, *, resolving: bool = False
    ) -> InstallationClient:
        key = (installation_id, repository_id, resolving)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._made(installation_id, repository_id, resolving=resolving)
                if len(self._clients) > MAX_CLIENTS:
                    self._clients.popitem(last=False)[1].close()
            self._clients.move_to_end(key)
            return self._clients[key]

    def _made(self, installation_id: int, repository_id: int | None, *, resolving: bool) -> InstallationClient:
        make = partial(InstallationClient, self._shared, installation_id, repository_id, gate=self._gate)
        if resolving:
            # All that it sends by GraphQL changes something.
            return make(permissions=RESOLVING, harmless=(TOKENS,))
        return make(permissions=READING if repository_id is None else PERMISSIONS)

    def close(self) -> None:
        with self._lock:
            while self._clients:
                self._clients.popitem()[1].close()
