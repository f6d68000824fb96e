"""From an HTTP request to an endpoint and back: credentials, permissions, limits, pages, ETags, errors."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import TypeVar
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from bot.sandbox import bodies
from bot.sandbox.auth import Caller, Need, authenticate, demand
from bot.sandbox.errors import ApiError, moved, not_found
from bot.sandbox.shapes import Json
from bot.sandbox.state import PullRequest, Repository
from bot.sandbox.world import World

T = TypeVar("T")

DEFAULT_PAGE = 30
MAX_PAGE = 100
API_VERSIONS = ("2022-11-28", "2026-03-10")
ENTERPRISE_API_VERSIONS = ("2022-11-28",)
"""What Enterprise Server 3.17 to 3.19 know."""

MAX_REQUEST_BYTES = 25 * 1024 * 1024


@dataclass
class Answer:
    """`body` is JSON unless it is bytes; None with status 204."""

    body: object = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "application/json; charset=utf-8"

    @property
    def content(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Call:
    """One request, as the endpoints see it."""

    world: World
    caller: Caller
    method: str
    params: Mapping[str, str | int]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    path: str
    raw: bytes

    def text(self, name: str) -> str:
        return str(self.params[name])

    def number(self, name: str) -> int:
        return int(self.params[name])

    def body(self, model: type[bodies.B]) -> bodies.B:
        return bodies.parse(model, self.raw)

    def accepts(self, kind: str) -> bool:
        """Whether the request asks for a media type such as `diff` or `raw`."""
        accept = self.headers.get("accept", "")
        return f"application/vnd.github.{kind}" in accept or f"application/vnd.github.v3.{kind}" in accept

    @property
    def repository(self) -> Repository:
        """The repository of the path, if the caller sees it.

        Raises:
            ApiError: 404; 301 or 307, it has another name by now.
        """
        if "repository_id" in self.params:
            return self._seen(self.world.find_by_id(self.number("repository_id")))
        owner, name = self.text("owner"), self.text("repo")
        if (former := self.world.find_moved(owner, name)) is not None:
            rest = self.path.removeprefix(f"{self.world.api_prefix}/repos/{owner}/{name}")
            url = f"{self.world.api_url}/repositories/{self._seen(former).id}{rest}"
            raise moved(self.method, f"{url}?{urlencode(self.query)}" if self.query else url)
        return self._seen(self.world.find(owner, name))

    def _seen(self, repository: Repository | None) -> Repository:
        if repository is None or (self.caller.token and not self.caller.sees(self.world, repository)):
            raise not_found()
        return repository

    @property
    def pull(self) -> PullRequest:
        """
        Raises:
            ApiError: 404.
        """
        pull = self.repository.issues.get(self.number("number"))
        if not isinstance(pull, PullRequest):
            raise not_found()
        return pull

    def pick(self, items: Mapping[int, T], name: str = "id") -> T:
        """
        Raises:
            ApiError: 404.
        """
        if (item := items.get(self.number(name))) is None:
            raise not_found()
        return item

    @property
    def page_size(self) -> int:
        return min(max(_integer(self.query.get("per_page"), DEFAULT_PAGE), 1), MAX_PAGE)

    def page(self, items: Sequence[T], shape: Callable[[T], object], *, wrap: str | None = None) -> Answer:
        """The page that was asked for, with `Link`; `wrap` is the key beside `total_count` where GitHub has one."""
        size, page = self.page_size, max(_integer(self.query.get("page"), 1), 1)
        last = max((len(items) + size - 1) // size, 1)
        shown = [shape(item) for item in items[(page - 1) * size : page * size]]
        relations = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        if page >= last:
            relations = {name: number for name, number in relations.items() if name not in {"next", "last"}}
        if page == 1:
            relations = {name: number for name, number in relations.items() if name not in {"prev", "first"}}
        links = [f'<{self._page_url(number)}>; rel="{name}"' for name, number in relations.items()]
        body = shown if wrap is None else {"total_count": len(items), wrap: shown}
        return Answer(body, headers={"Link": ", ".join(links)} if links else {})

    def _page_url(self, number: int) -> str:
        return f"{self.world.url}{self.path}?{urlencode(dict(self.query) | {'page': str(number)})}"


def _integer(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdigit() else default


Handler = Callable[[Call], Answer | Json]


@dataclass(frozen=True)
class Endpoint:
    """`path` has Starlette's parameters; `need` is what the caller must be or may do (`auth.Need`)."""

    method: str
    path: str
    need: Need
    handler: Handler
    metered: bool = True

    async def answer(self, world: World, request: Request) -> Response:
        raw = await request.body()
        return await run_in_threadpool(self._answer, world, request, raw)

    def _answer(self, world: World, request: Request, raw: bytes) -> Response:
        headers = {
            "Date": format_datetime(world.clock(), usegmt=True),
            "X-GitHub-Request-Id": request_id(),
            "X-GitHub-Media-Type": "github.v3; format=json",
        }
        try:
            with world.lock:
                answer = self._handle(world, request, raw, headers)
        except ApiError as error:
            answer = Answer(error.body, error.status, error.headers)
        content = answer.content
        if request.method == "GET" and answer.status == 200:
            tag = answer.headers.get("ETag", f'W/"{hashlib.sha256(content).hexdigest()}"')
            headers |= {"ETag": tag, "Cache-Control": "private, max-age=60, s-maxage=60"}
            if tag in _tags(request.headers.get("if-none-match", "")):
                return Response(status_code=304, headers=headers)
        return Response(content, answer.status, headers | answer.headers, answer.media_type if content else None)

    def _handle(self, world: World, request: Request, raw: bytes, headers: dict[str, str]) -> Answer:
        """Run the endpoint; fills in the headers that a refusal carries as well."""
        if len(raw) > MAX_REQUEST_BYTES:
            raise ApiError(413, "Payload too large")
        version = request.headers.get("x-github-api-version", API_VERSIONS[0])
        if version not in (ENTERPRISE_API_VERSIONS if world.api_prefix else API_VERSIONS):
            raise ApiError(400, f"{version} is not a valid API version.")
        headers["X-GitHub-Api-Version-Selected"] = version
        caller = authenticate(world, request.headers.get("authorization"))
        meter(world, caller, headers, counted=self.metered)
        headers["X-Accepted-GitHub-Permissions"] = self.need.replace(":", "=").replace("|", "; ")
        query, incoming = dict(request.query_params), dict(request.headers)
        call = Call(world, caller, request.method, request.path_params, query, incoming, request.url.path, raw)
        if "repo" in call.params or "repository_id" in call.params:
            _ = call.repository
        demand(caller, self.need)
        answer = self.handler(call)
        return answer if isinstance(answer, Answer) else Answer(answer)


def meter(world: World, caller: Caller, headers: dict[str, str], *, counted: bool) -> None:
    """Count a request against the caller's hourly limit and tell it where it stands.

    Raises:
        ApiError: 403, an installation's limit is used up; an App that calls as itself is only counted.
    """
    used = world.meter(caller.meter_key)
    exceeded = counted and caller.token is not None and used.used >= world.rate_limit
    used.used += counted and not exceeded
    headers |= {
        "X-RateLimit-Limit": str(world.rate_limit),
        "X-RateLimit-Remaining": str(max(world.rate_limit - used.used, 0)),
        "X-RateLimit-Reset": str(int(used.resets_at.timestamp())),
        "X-RateLimit-Used": str(used.used),
        "X-RateLimit-Resource": "core",
    }
    if exceeded:
        raise ApiError(403, f"API rate limit exceeded for {caller.meter_key}.")


def request_id() -> str:
    """An id of the form GitHub's support asks for."""
    return ":".join(secrets.token_hex(size).upper() for size in (2, 2, 4, 4, 4))


def _tags(header: str) -> Iterable[str]:
    return [tag.strip() for tag in header.split(",")]
