"""Delivers a webhook, in a process that does nothing else meanwhile."""

from __future__ import annotations

import time
from collections.abc import Mapping

import httpx

_CLIENT = httpx.Client(timeout=60)
"""Reading the certificates takes longer than many an answer."""


def sent(url: str, body: bytes, headers: Mapping[str, str]) -> float:
    """Seconds until the delivery is answered; it must be taken."""
    begun = time.perf_counter()
    answer = _CLIENT.post(url, content=body, headers=headers)
    seconds = time.perf_counter() - begun
    assert answer.json() == {"status": "accepted"}, answer.text
    return seconds
