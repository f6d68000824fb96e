"""``POST /webhook``: verify a delivery, store it durably, answer. All work is done later, by the jobs.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import anyio
import anyio.to_thread
import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import SecretStr, ValidationError
from starlette.requests import ClientDisconnect

from bot import metrics
from bot.service.events import HANDLED, Envelope, used

log = structlog.get_logger("webhook")

MAX_BODY_BYTES = 25 * 1024 * 1024
"""GitHub's own cap: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap"""

MAX_BODY_SECONDS = 10
"""GitHub gives up on an answer after ten seconds, so a slower sender is not GitHub."""

MAX_STORING_SECONDS = 8
"""So that GitHub hears of a database that hangs. What is stored later all the same is a duplicate when sent again."""

SIGNATURE_PREFIX = "sha256="
_REPEATED = frozenset({"check_run", "check_suite"})
"""A button that is pressed twice sends the same twice. Replaying it costs a review, which says nothing new."""

_DELIVERY_ID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_EVENT_NAME = re.compile(r"[a-z0-9_]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A verified delivery. `id` is GitHub's GUID, the same when it is delivered again.

    `body` is JSON text with what is used of the payload, `digest` a hash of all that was sent.
    """

    id: str
    event: str
    body: str
    digest: str

    @property
    def once(self) -> bool:
        """Whether GitHub never sends the same body for two events: it names what was written or pushed, and when."""
        return self.event not in _REPEATED


Stored = Literal["accepted", "duplicate", "replayed"]
"""`duplicate`: the GUID was there; `replayed`: the body was, under another GUID."""

Store = Callable[[Delivery], Stored]
"""Keeps a delivery so that it survives the process; blocks until it is written."""


class _RefusedError(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class _Headers(NamedTuple):
    """The delivery's GUID, event name and signature, all still unverified."""

    delivery: str
    event: str
    signature: str


def webhook_router(secrets: Sequence[SecretStr], store: Store) -> APIRouter:
    """The one route. `secrets` are those that a delivery may be signed with, during a rotation two."""
    router = APIRouter()

    @router.post("/webhook", status_code=202)
    async def webhook(request: Request) -> JSONResponse:
        delivery_id = request.headers.get("x-github-delivery", "")[:64]
        with structlog.contextvars.bound_contextvars(delivery=delivery_id):
            try:
                return await _receive(request, secrets, store)
            except _RefusedError as refusal:
                log.warning("refused", reason=refusal.code, status=refusal.status)
                _count(request.headers.get("x-github-event", ""), refusal.code)
                answer = {"error": refusal.code, "message": str(refusal)}
                return JSONResponse(answer, refusal.status)

    return router


async def _receive(request: Request, secrets: Sequence[SecretStr], store: Store) -> JSONResponse:
    headers = _check_headers(request)
    body = await _read(request)
    try:
        with anyio.fail_after(MAX_STORING_SECONDS):
            # In a thread, all of it: 25 MB are read and hashed for longer than other requests should wait.
            return await anyio.to_thread.run_sync(_take, headers, body, secrets, store, abandon_on_cancel=True)
    except TimeoutError:
        log.error("not-stored", reason="too-slow")
        raise _not_stored() from None


def _take(headers: _Headers, body: bytearray, secrets: Sequence[SecretStr], store: Store) -> JSONResponse:
    if not signed(body, headers.signature, secrets):
        raise _RefusedError(403, "bad-signature", "The signature does not match: check the App's webhook secret.")
    # Only from here on is the body known to be GitHub's.
    event = headers.event
    try:
        action = Envelope.model_validate_json(body).action
    except ValidationError:
        raise _RefusedError(400, "bad-payload", "The body is not a JSON object.") from None
    if event not in HANDLED:
        return _ignored(event, action, "unhandled-event")
    if action not in HANDLED[event]:
        return _ignored(event, action, "unhandled-action")
    try:
        status = store(Delivery(headers.delivery, event, used(event, body), _digest(event, body)))
    except Exception:
        log.exception("not-stored")
        raise _not_stored() from None
    log.info(status, event_name=event, action=action)
    _count(event, status)
    return JSONResponse({"status": status}, 202)


def _not_stored() -> _RefusedError:
    return _RefusedError(503, "not-stored", "The delivery could not be stored: deliver it again later.")


def _digest(event: str, body: bytearray) -> str:
    digest = hashlib.sha256(f"{event}\0".encode())
    digest.update(body)
    return digest.hexdigest()


def _ignored(event: str, action: str | None, reason: str) -> JSONResponse:
    log.info("ignored", event_name=event, action=action, reason=reason)
    _count(event, "ignored")
    return JSONResponse({"status": "ignored", "reason": reason}, 202)


def _count(event: str, outcome: str) -> None:
    """Anybody may send any name of an event, so only those that we know are told apart."""
    metrics.DELIVERIES.labels(event if event in HANDLED else "other", outcome).inc()


def _check_headers(request: Request) -> _Headers:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise _RefusedError(415, "bad-content-type", "Set the webhook's content type to application/json.")
    event = request.headers.get("x-github-event", "")
    if not _EVENT_NAME.fullmatch(event):
        raise _RefusedError(400, "bad-event", "The header X-GitHub-Event is missing or malformed.")
    delivery_id = request.headers.get("x-github-delivery", "")
    if not _DELIVERY_ID.fullmatch(delivery_id):
        raise _RefusedError(400, "bad-delivery", "The header X-GitHub-Delivery is missing or malformed.")
    signature = request.headers.get("x-hub-signature-256", "")
    if not signature:
        raise _RefusedError(401, "no-signature", "The header X-Hub-Signature-256 is missing: set a webhook secret.")
    return _Headers(delivery_id, event, signature)


async def _read(request: Request) -> bytearray:
    """The raw body, refused as soon as it is known to be too long."""
    too_large = _RefusedError(413, "too-large", f"The body is larger than {MAX_BODY_BYTES // 1024 // 1024} MiB.")
    length = request.headers.get("content-length", "0")
    if length.isascii() and length.isdecimal() and int(length) > MAX_BODY_BYTES:
        raise too_large
    body = bytearray()
    try:
        with anyio.fail_after(MAX_BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise too_large
    except TimeoutError:
        raise _RefusedError(408, "too-slow", f"The body took longer than {MAX_BODY_SECONDS} seconds.") from None
    except ClientDisconnect:
        raise _RefusedError(400, "cut-short", "The connection closed before the body was complete.") from None
    return body


def signed(body: bytes | bytearray, signature: str, secrets: Sequence[SecretStr]) -> bool:
    """Whether `signature` (``sha256=…``) is the HMAC of `body` under one of `secrets`, in constant time for each."""
    given = signature.encode("utf-8", "replace")
    expected = [
        (SIGNATURE_PREFIX + hmac.new(secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()).encode()
        for secret in secrets
    ]
    return any([hmac.compare_digest(given, one) for one in expected])  # noqa: C419 (compare all, always)
