"""The service: a FastAPI application, and the command that serves it."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NoReturn

import anyio.to_thread
import sqlalchemy as sa
import structlog
import uvicorn
from fastapi import FastAPI

from bot import tracing
from bot.database import opened
from bot.github.client import GitHubApp
from bot.github.disk import DiskCache
from bot.github.trees import ObjectCache
from bot.logs import Redact
from bot.review.accepted import Accepting
from bot.review.judge import judge as ask_engine
from bot.review.material import Judge
from bot.review.reviewer import Reviewer
from bot.review.watched import Watched
from bot.service import jobs
from bot.service.handlers.context import Context
from bot.service.members import Members
from bot.service.recovery import Recovery
from bot.service.setup.app import Setup, create_setup_app
from bot.service.setup.credentials import Vault, vault_of
from bot.service.turns import Turns, WriteGate
from bot.service.watching import health_router, metrics_served, queues_watched, why_unreadable
from bot.service.webhook import Delivery, Stored, webhook_router
from bot.service.work import Work
from bot.service.workflows import JOBS_VERSION
from bot.settings import Hosting, Role, Settings, SettingsError, credentials_given, load_hosting, load_settings
from bot.store import Store

EXIT_BAD_SETTINGS = 2

MAX_ANSWER_SECONDS = 3
"""How long a request that is under way may go on when the service is told to stop."""

MAX_CLOSING_SECONDS = 3
"""How long the jobs may take to notice it. What they were doing is in the database, and is done at the next start."""


SWITCH_SECONDS = 0.0005
"""How long a thread that reviews may keep the one that answers waiting, which is Python's 5 ms otherwise: a delivery of
25 MB comes in 400 pieces."""


@dataclass
class Service:
    """The parts of the service while it runs."""

    settings: Settings
    judge: Judge
    engine: sa.Engine | None
    running: jobs.Jobs | None = field(default=None, init=False)
    database: Store | None = field(default=None, init=False)

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        with contextlib.ExitStack() as parts:
            self.running = await anyio.to_thread.run_sync(self._start, parts)
            try:
                with queues_watched():
                    yield
            finally:
                self.database = None
                # What is under way finds the database closed, and is done at the next start: that is no news.
                logging.getLogger("dbos").setLevel(logging.CRITICAL)
                with anyio.move_on_after(MAX_CLOSING_SECONDS):
                    await anyio.to_thread.run_sync(self.running.close, abandon_on_cancel=True)
                    await anyio.to_thread.run_sync(tracing.stop, abandon_on_cancel=True)
                self.running = None

    def _start(self, parts: contextlib.ExitStack) -> jobs.Jobs:
        """Put the parts together and begin to work; `parts` closes them."""
        settings = self.settings
        settings.make_data_dir()
        engine = self.engine or parts.enter_context(opened(settings.database))
        members = Members(engine, settings.lease, JOBS_VERSION, alone=not settings.shared)
        turns = Turns(engine)
        github = GitHubApp(settings, WriteGate(members, turns, settings.write_interval))
        parts.callback(github.close)
        store = Store(engine)
        cache = ObjectCache(disk=DiskCache(settings.data_dir / "objects.sqlite"))
        judge = Accepting(Watched(self.judge, store), store)
        reviewer = Reviewer(settings.app_id, settings.check_name, settings.web_url, judge, cache)
        context = Context(
            settings.app_id, settings.check_name, github, settings.web_url, store=store, cache=reviewer.cache
        )
        recovery = Recovery(github, settings.app_id, settings.check_name, store, set())
        running = jobs.launch(settings, Work(context, reviewer, recovery), members, turns)
        self.database = store
        return running

    def store(self, delivery: Delivery) -> Stored:
        """Keep a delivery. A GUID is not signed, so a body that came under another one is a replay."""
        if self.running is None or self.database is None:
            raise RuntimeError("the service is not running")
        if delivery.once:
            first = self.database.first_guid(delivery.digest, delivery.id, datetime.now(UTC), jobs.KEPT)
            if first != delivery.id:
                return "replayed"
        return self.running.store(delivery)

    def why_not_ready(self) -> str | None:
        if self.database is None:
            return "The jobs do not run: the service is starting or stopping."
        return why_unreadable(self.database)


def create_app(settings: Settings, judge: Judge = ask_engine, engine: sa.Engine | None = None) -> FastAPI:
    """The application; it opens its database, if it is given none, and begins to work when the server starts it."""
    service = Service(settings, judge, engine)
    app = FastAPI(title="wrc-bot", lifespan=service.lifespan, openapi_url=None)
    if settings.role != "worker":
        app.include_router(webhook_router(settings.webhook_secrets, service.store))
    app.include_router(health_router(service.why_not_ready, metrics_here=settings.metrics_port is None))
    return app


def serve(role: Role | None = None) -> int:
    """Load the settings and serve until stopped; without credentials, set them up in a browser first.

    Returns an exit status: 2 for missing or wrong settings, a taken address, or a database that cannot be used.
    """
    try:
        settings = _settings({} if role is None else {"role": role})
        if settings is None:
            return 0
        settings.make_data_dir()
        with _bind(settings) as address, opened(settings.database) as engine, metrics_served(settings):
            tracing.start()
            configure_logging(secret.get_secret_value() for secret in settings.webhook_secrets)
            print(f"wrc-bot listens on http://{settings.host}:{settings.port}/webhook", flush=True)  # noqa: T201
            _run(_server(create_app(settings, engine=engine)), address)
            _leave()
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 (a person reads this)
        return EXIT_BAD_SETTINGS


def _server(app: FastAPI) -> uvicorn.Server:
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=MAX_ANSWER_SECONDS)
    return uvicorn.Server(config)


def _run(server: uvicorn.Server, address: socket.socket) -> None:
    """Serve until told to stop."""
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        server.run(sockets=[address])
    except KeyboardInterrupt:
        # uvicorn hands the signal on once it has stopped.
        return


def _leave() -> NoReturn:
    """End the process without waiting for threads that wait for GitHub: their work goes on at the next start.

    A process that was told to stop ends by that signal before it comes here, except where it is the first one, as in a
    container.
    """
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


def _bind(hosting: Hosting) -> socket.socket:
    """The address to serve at, taken but not yet listened on: until the service is ready, callers are refused.

    Raises:
        SettingsError: something else has it, or this machine does not.
    """
    address = socket.socket(socket.AF_INET6 if ":" in hosting.host else socket.AF_INET)
    address.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        address.bind((hosting.host, hosting.port))
    except OSError as error:
        address.close()
        raise SettingsError(
            f"Cannot listen on {hosting.host}, port {hosting.port} ({error.strerror or error}): "
            "stop what uses it, or set WRC_HOST and WRC_PORT to an address that is free."
        ) from error
    return address


def _settings(given: Mapping[str, object]) -> Settings | None:
    """The settings, with credentials from the operator, from an earlier set-up or from one now; None if it ends early.

    Raises:
        SettingsError: something is missing or wrong.
    """
    if credentials_given():
        return load_settings(given=given)
    hosting = load_hosting(given=given)
    hosting.make_data_dir()
    vault = vault_of(hosting)
    stored = vault.load()
    if hosting.role != "all" and hosting.credentials_key is None:
        raise SettingsError(
            "WRC_CREDENTIALS_KEY is not set: with it, what /setup gets is kept in the database, for all roles to find."
        )
    if stored is None and hosting.role == "worker":
        raise SettingsError(
            "There are no credentials yet: set up the process that takes the deliveries, then start this."
        )
    if stored is None:
        serve_setup(hosting, vault)
        stored = vault.load()
    return load_settings(given={**given, **stored.settings}) if stored is not None else None


def serve_setup(hosting: Hosting, vault: Vault) -> None:
    """Serve `/setup` until the App is registered, or the process is told to stop.

    Raises:
        SettingsError: the address is taken.
    """
    address = _bind(hosting)
    configure_logging()
    setup = Setup(hosting, vault, done=lambda: setattr(server, "should_exit", True))
    server = _server(create_setup_app(setup))
    print(f"wrc-bot has no credentials yet. To register its GitHub App, open\n\n  {setup.address}\n", flush=True)  # noqa: T201
    _run(server, address)


def configure_logging(secrets: Iterable[str] = ()) -> None:
    """One JSON object a line on stderr, for our own events and the libraries'; what is secret is masked in all."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                Redact(secrets),
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=shared,
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # A line a request, with full URLs, from the HTTP client says nothing that our own events do not.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # dbos writes to a handler of its own unless it finds one. This is called again after the set-up.
    dbos = logging.getLogger("dbos")
    dbos.handlers[:] = [handler]
    dbos.propagate = False
    dbos.setLevel(logging.WARNING)
