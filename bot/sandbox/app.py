"""The sandbox as an ASGI application: the REST API under its prefix, and pages for people."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.sandbox import pages, registration, routes_apps, routes_checks, routes_comments, routes_pulls, routes_repos
from bot.sandbox.errors import not_found
from bot.sandbox.faults import RequestFault
from bot.sandbox.graphql import GRAPHQL
from bot.sandbox.http import Endpoint
from bot.sandbox.routes_repos import REPOSITORY
from bot.sandbox.world import World

BY_ID = "/repositories/{repository_id:int}"
"""Where GitHub sends requests for a repository that has another name by now."""

ENDPOINTS: tuple[Endpoint, ...] = (
    *routes_apps.ENDPOINTS,
    *routes_checks.ENDPOINTS,
    *routes_comments.ENDPOINTS,
    *routes_pulls.ENDPOINTS,
    *routes_repos.ENDPOINTS,
)
"""In this order: the paths under `commits/{ref}` of the checks come before the commit itself."""


def create_app(world: World) -> ASGIApp:
    """The whole sandbox as one ASGI application."""
    named = (endpoint for endpoint in ENDPOINTS if endpoint.path.startswith(REPOSITORY))
    by_id = [replace(endpoint, path=endpoint.path.replace(REPOSITORY, BY_ID)) for endpoint in named]
    api = [_route(world, endpoint, world.api_prefix) for endpoint in (*ENDPOINTS, *by_id)]
    graphql = _route(world, GRAPHQL, "/api" if world.api_prefix else "")
    routes: list[BaseRoute] = [*api, graphql, *registration.routes(world), *pages.routes(world)]
    app = Starlette(routes=routes, exception_handlers={404: _not_found, 405: _not_found})
    return Faulty(_Doorkeeper(app), world)


def _route(world: World, endpoint: Endpoint, prefix: str) -> Route:
    async def serve(request: Request) -> Response:
        return await endpoint.answer(world, request)

    return Route(prefix + endpoint.path, serve, methods=[endpoint.method], name=endpoint.handler.__name__)


async def _not_found(_request: Request, _error: Exception) -> Response:
    """GitHub answers 404 in JSON for any path or method it does not know."""
    return JSONResponse(not_found().body, 404)


class _Doorkeeper:
    """Turns away requests without a User-Agent, as GitHub does."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not dict(scope["headers"]).get(b"user-agent"):
            refusal = PlainTextResponse(
                "Request forbidden by administrative rules. Please make sure your request has a User-Agent header", 403
            )
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, send)


class Faulty:
    """Lets requests fail as `world.faults` says."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self.app = app
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body, receive = await _read(receive)
        fault = self.world.faults.take(lambda rule: rule.matches(scope["method"], scope["path"], body))
        if fault is None:
            await self.app(scope, receive, send)
            return
        await asyncio.sleep(fault.delay)
        if fault.status is None and not fault.drop:
            await self.app(scope, receive, send)
            return
        answer: list[Message] = []
        if fault.when == "after":
            await self.app(scope, receive, _keep_in(answer))
        await self._fail(fault, answer, scope, receive, send)

    async def _fail(
        self, fault: RequestFault, answer: list[Message], scope: Scope, receive: Receive, send: Send
    ) -> None:
        if fault.drop:
            # An answer that announces a longer body than it has makes the server close the connection.
            start: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]}
            body = b"".join(message.get("body", b"") for message in answer[1:])
            await send(answer[0] if body else start)
            if body:
                await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            return
        headers = {"content-type": "application/json", **fault.headers}
        await Response(fault.body, fault.status or 500, headers)(scope, receive, send)


async def _read(receive: Receive) -> tuple[bytes, Receive]:
    """The body of a request, and what hands it on to the application."""
    messages = [await receive()]
    while messages[-1].get("more_body", False):
        messages.append(await receive())
    body = b"".join(message.get("body", b"") for message in messages)

    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    return body, again


def _keep_in(answer: list[Message]) -> Send:
    """Takes the answer of a request that took effect, in place of the client."""

    async def keep(message: Message) -> None:
        answer.append(message)

    return keep
