"""Webhook delivery as GitHub does it: signed, logged, at least once, on its own thread, never retried by itself."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

import httpx

from bot.sandbox.faults import DeliveryFault, Faults
from bot.sandbox.state import App, Delivery

TIMEOUT_SECONDS = 10.0
"""GitHub gives a webhook receiver ten seconds to answer (docs: best practices for using webhooks)."""

MAX_RESPONSE_CHARACTERS = 64_000


def signature(secret: str, body: bytes) -> str:
    """The value of `X-Hub-Signature-256` (docs: validating webhook deliveries)."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Deliverer:
    """Sends webhooks one after the other and keeps the log that `/app/hook/deliveries` shows."""

    def __init__(self, clock: Callable[[], datetime], new_id: Callable[[], int]) -> None:
        self.log: list[Delivery] = []
        self.faults: Faults[DeliveryFault] = Faults()
        self._held: list[tuple[int, Delivery]] = []
        self._clock = clock
        self._new_id = new_id
        self._queue: queue.Queue[Delivery | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._start = threading.Lock()

    def send(
        self,
        app: App,
        event: str,
        payload: dict[str, object],
        *,
        installation_id: int | None,
        repository_id: int | None,
    ) -> None:
        """Queue one event for an App; returns at once."""
        if app.webhook_url is None:
            return
        body = json.dumps(payload, separators=(",", ":")).encode()
        guid = str(uuid.uuid4())
        action = payload.get("action")
        delivery = Delivery(
            self._new_id(),
            guid,
            app,
            event,
            action if isinstance(action, str) else None,
            installation_id,
            repository_id,
            _headers(app, event, guid, body),
            body,
            redelivery=False,
            delivered_at=self._clock(),
        )
        self._put(delivery)

    def redeliver(self, delivery: Delivery) -> Delivery:
        """Queue the same event again, under the same GUID, signed with the App's present secret."""
        again = replace(
            delivery,
            id=self._new_id(),
            redelivery=True,
            delivered_at=self._clock(),
            request_headers=_headers(delivery.app, delivery.event, delivery.guid, delivery.body),
            status="Pending",
            status_code=0,
            response_headers={},
            response_body="",
        )
        self._put(again)
        return again

    def settle(self, timeout: float = 30.0) -> None:
        """Wait until every queued delivery was attempted.

        Raises:
            TimeoutError: some are still under way after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while self._queue.unfinished_tasks:
            if time.monotonic() > deadline:
                raise TimeoutError(f"webhooks still under way after {timeout} s")
            time.sleep(0.005)

    def close(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(TIMEOUT_SECONDS + 1)

    def _put(self, delivery: Delivery) -> None:
        with self._start:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="sandbox-webhooks", daemon=True)
                self._thread.start()
        self._queue.put(delivery)

    def _work(self) -> None:
        with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            while (delivery := self._queue.get()) is not None:
                for attempt in (*self._faulted(delivery), *self._overtaken(delivery)):
                    self.log.append(_attempt(client, attempt))
                self._queue.task_done()
            self._queue.task_done()

    def _overtaken(self, by: Delivery) -> Iterator[Delivery]:
        """What was held back until `by` was sent."""
        waiting, self._held = self._held, []
        for left, held in waiting:
            others = left - (held is not by and held.event == by.event)
            if others:
                self._held.append((others, held))
            else:
                yield held

    def _faulted(self, delivery: Delivery) -> Iterator[Delivery]:
        """The attempts that really happen: none for a lost webhook, two for a duplicated one."""
        fault = self.faults.take(lambda rule: rule.matches(delivery.event, delivery.action))
        if fault is None:
            yield delivery
            return
        time.sleep(fault.delay)
        if fault.overtaken:
            self._held.append((fault.overtaken, delivery))
            return
        if fault.drop:
            self.log.append(replace(delivery, status="failed to connect to host"))
            return
        yield delivery
        for _ in range(fault.duplicates):
            yield replace(delivery, id=self._new_id())


def _headers(app: App, event: str, guid: str, body: bytes) -> dict[str, str]:
    return {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/5a4d5a4",
        "X-GitHub-Delivery": guid,
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": str(app.hook_id),
        "X-GitHub-Hook-Installation-Target-ID": str(app.id),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
        "X-Hub-Signature-256": signature(app.webhook_secret, body),
    }


def _attempt(client: httpx.Client, delivery: Delivery) -> Delivery:
    """Make one attempt and note how it went."""
    assert delivery.app.webhook_url is not None
    started = time.monotonic()
    try:
        response = client.post(delivery.app.webhook_url, content=delivery.body, headers=delivery.request_headers)
    except httpx.TimeoutException:
        delivery.status = "timed out"
    except httpx.HTTPError:
        delivery.status = "failed to connect to host"
    else:
        delivery.status_code = response.status_code
        delivery.status = "OK" if response.is_success else f"Invalid HTTP Response: {response.status_code}"
        delivery.response_headers = dict(response.headers)
        delivery.response_body = response.text[:MAX_RESPONSE_CHARACTERS]
    delivery.duration = round(time.monotonic() - started, 2)
    return delivery
