"""How the service is watched: `/healthz` (it lives), `/readyz` (it can work) and `/metrics` (how the work goes)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from wsgiref.simple_server import WSGIServer

import structlog
from dbos import DBOS
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest, start_http_server
from sqlalchemy.exc import SQLAlchemyError

from bot import metrics
from bot.service.workflows import INTAKE_QUEUE, REVIEW_QUEUE
from bot.settings import Hosting, SettingsError
from bot.store import Store

log = structlog.get_logger("watching")

QUEUES = (INTAKE_QUEUE, REVIEW_QUEUE)

MAX_COUNTED = 2000
"""Jobs that are looked at for one answer: where more wait, this many are told."""

Ready = Callable[[], str | None]
"""Why the service cannot work, in a sentence; None if it can."""


def health_router(ready: Ready, *, metrics_here: bool) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    # Not `async`: it asks the database, and so runs in a thread.
    @router.get("/readyz")
    def readyz() -> JSONResponse:
        return readiness(ready())

    if metrics_here:

        @router.get("/metrics")
        def show_metrics() -> Response:
            return Response(generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return router


def readiness(reason: str | None) -> JSONResponse:
    """The answer of `/readyz`."""
    if reason is None:
        return JSONResponse({"status": "ready"})
    return JSONResponse({"status": "not-ready", "reason": reason}, 503)


def why_unreadable(store: Store) -> str | None:
    """What to say of a database that does not answer; None if it does."""
    try:
        store.ping()
    except SQLAlchemyError as error:
        log.warning("not-ready", reason=type(error).__name__)
        return f"The database does not answer ({type(error).__name__})."
    return None


@contextmanager
def metrics_served(hosting: Hosting) -> Iterator[None]:
    """Serve `/metrics` on a port of its own while the block runs, if the settings say so.

    Raises:
        SettingsError: the port is taken.
    """
    if not hosting.metrics_port:
        yield
        return
    server, thread = _start(hosting.metrics_host or hosting.host, hosting.metrics_port)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _start(host: str, port: int) -> tuple[WSGIServer, threading.Thread]:
    try:
        return start_http_server(port, host, metrics.REGISTRY)
    except OSError as error:
        raise SettingsError(
            f"Cannot serve metrics on {host}, port {port} ({error.strerror or error}): "
            "set WRC_METRICS_PORT to a port that is free, or to 0 for none."
        ) from error


@contextmanager
def queues_watched() -> Iterator[None]:
    """Tell of the queues in the metrics while the jobs run."""
    queues = metrics.Queues(_look)
    metrics.REGISTRY.register(queues)
    try:
        yield
    finally:
        metrics.REGISTRY.unregister(queues)


def _look() -> list[metrics.Queue]:
    try:
        jobs = DBOS.list_queued_workflows(
            queue_name=list(QUEUES), limit=MAX_COUNTED, load_input=False, load_output=False
        )
    except Exception as error:
        # A database that fails must not hide the other metrics.
        log.warning("queues-not-seen", reason=type(error).__name__)
        return []
    now = time.time()
    found = []
    for name in QUEUES:
        mine = [job for job in jobs if job.queue_name == name]
        waiting = [job for job in mine if job.status in ("ENQUEUED", "DELAYED")]
        # A job that was put off is not late.
        due = [job.created_at / 1000 for job in waiting if job.status == "ENQUEUED" and job.created_at is not None]
        oldest = max(0.0, now - min(due)) if due else 0.0
        found.append(metrics.Queue(name, len(waiting), len(mine) - len(waiting), oldest))
    return found
