"""The application that is served until there are credentials: `/setup` and its steps.

The way in is a token printed at start, so that nobody who reaches the port first can plant credentials. It becomes a
cookie, which other sites' forms do not carry; the state that travels over GitHub and back is used once.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import anyio.to_thread
import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.background import BackgroundTask

from bot.github.registration import Registered, RegistrationError, convert
from bot.service.setup import pages
from bot.service.setup.credentials import Credentials, Vault
from bot.service.setup.manifest import BadFieldError, Registration, registration
from bot.service.watching import readiness
from bot.settings import Hosting, SettingsError

log = structlog.get_logger("setup")

COOKIE = "wrc_setup"
MAX_FORM_BYTES = 16 * 1024
MAX_STATES = 100
"""Registrations begun and not come back; the oldest is forgotten when there are more."""


@dataclass
class Setup:
    """One set-up: the token that opens it, and the registrations under way by their state."""

    hosting: Hosting
    vault: Vault
    done: Callable[[], None]
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    pending: dict[str, Registration] = field(default_factory=dict)

    def opens(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self.token.encode())

    def admits(self, request: Request) -> bool:
        return self.opens(request.cookies.get(COOKIE, ""))

    def begin(self, registered: Registration) -> str:
        state = secrets.token_urlsafe(24)
        while len(self.pending) >= MAX_STATES:
            self.pending.pop(next(iter(self.pending)))
        self.pending[state] = registered
        return state

    @property
    def address(self) -> str:
        """What is printed for the operator to open."""
        host = "localhost" if self.hosting.host in ("127.0.0.1", "0.0.0.0", "::") else self.hosting.host  # noqa: S104
        base = self.hosting.public_url or f"http://{host}:{self.hosting.port}"
        return f"{base}/setup?token={self.token}"


def create_setup_app(setup: Setup) -> FastAPI:
    """The application; `setup.done` is called once the credentials are kept and the browser has its answer."""
    app = FastAPI(title="wrc-bot", openapi_url=None)
    app.include_router(_router(setup))

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "setup"}

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        return readiness("There are no credentials yet: open /setup.")

    @app.post("/webhook")
    async def webhook() -> JSONResponse:
        return JSONResponse({"error": "not-set-up", "message": "Open /setup first."}, 503)

    return app


def _router(setup: Setup) -> APIRouter:
    router = APIRouter()

    @router.get("/")
    async def root() -> Response:
        return RedirectResponse("/setup", 303)

    @router.get("/setup")
    async def show(request: Request, token: str = "") -> Response:
        if token and setup.opens(token):
            answer = RedirectResponse("/setup", 303)
            secure = request.url.scheme == "https"
            answer.set_cookie(COOKIE, token, path="/setup", httponly=True, samesite="lax", secure=secure)
            return answer
        if not setup.admits(request):
            return pages.shut()
        return pages.start(_defaults(setup, request))

    @router.post("/setup/register")
    async def register(request: Request) -> Response:
        if not setup.admits(request):
            return pages.shut()
        fields = await _form(request)
        try:
            wanted = registration(
                name=fields.get("name", ""),
                owner=fields.get("owner", ""),
                github=fields.get("github", ""),
                public_url=fields.get("public_url", ""),
                resolves=setup.hosting.resolve_threads,
            )
        except BadFieldError as error:
            return pages.start(fields, str(error))
        return pages.confirm(wanted, setup.begin(wanted))

    @router.get("/setup/callback")
    async def callback(request: Request, code: str = "", state: str = "") -> Response:
        if not setup.admits(request):
            return pages.shut()
        begun = setup.pending.pop(state, None)
        if begun is None or not code:
            return pages.failed("This answer of GitHub belongs to no registration that was begun here, or came twice.")
        try:
            registered = await anyio.to_thread.run_sync(convert, begun.api_url, code)
        except RegistrationError as error:
            log.warning("not-registered", reason=str(error))
            return pages.failed(str(error), 502)
        try:
            await anyio.to_thread.run_sync(setup.vault.keep, _credentials(registered, begun))
        except SettingsError as error:
            log.warning("not-kept", reason=str(error))
            lost = f"{error} The App exists, at {registered.html_url}: delete it there before you start again."
            return pages.failed(lost, 500)
        log.info("registered", app=registered.app_id, slug=registered.slug)
        to_install = f"{registered.html_url}/installations/new"
        return RedirectResponse(to_install, 303, background=BackgroundTask(setup.done))

    return router


def _credentials(registered: Registered, begun: Registration) -> Credentials:
    return Credentials(
        app_id=registered.app_id,
        slug=registered.slug,
        html_url=registered.html_url,
        api_url=begun.api_url,
        private_key=registered.private_key,
        webhook_secret=registered.webhook_secret,
    )


def _defaults(setup: Setup, request: Request) -> dict[str, str]:
    return {
        "name": "wrc-bot",
        "github": "https://github.com",
        "public_url": setup.hosting.public_url or str(request.base_url).rstrip("/"),
    }


async def _form(request: Request) -> dict[str, str]:
    """The fields of an urlencoded form; one that is too long counts as empty."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20))
