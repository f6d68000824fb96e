"""What can go wrong on purpose: answers that fail before or after they took effect, webhooks lost or doubled."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeVar

from bot.sandbox.state import PullRequest


class Rule(Protocol):
    times: int


R = TypeVar("R", bound=Rule)


@dataclass
class RequestFault:
    """The next `times` API requests that match fail: by method, path and, if `sent` is given, something in the body.

    `when="before"`: the request has no effect; `"after"`: it took effect and its answer is lost. `drop` closes the
    connection instead of answering, after an effect in the middle of the answer; with `status` None and a `delay` the
    request is only slow.
    """

    path: str
    method: str = "*"
    times: int = 1
    when: Literal["before", "after"] = "before"
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = '{"message": "Server Error"}'
    delay: float = 0.0
    drop: bool = False
    sent: str = ""

    def matches(self, method: str, path: str, body: bytes) -> bool:
        return (
            self.method in {"*", method}
            and re.search(self.path, path) is not None
            and re.search(self.sent, body.decode("utf-8", "replace")) is not None
        )


@dataclass
class DeliveryFault:
    """The next `times` webhooks whose `event` or `event.action` matches are dropped, sent again or late (seconds).

    `overtaken` ones are held back until so many others of the same event have been sent.
    """

    event: str = ".*"
    times: int = 1
    drop: bool = False
    duplicates: int = 0
    delay: float = 0.0
    overtaken: int = 0

    def matches(self, event: str, action: str | None) -> bool:
        return re.fullmatch(self.event, event) is not None or re.fullmatch(self.event, f"{event}.{action}") is not None


@dataclass
class OldHead:
    """The next `times` requests that show `pull`, once it was moved, show it with the `head` that it had before."""

    pull: PullRequest
    head: str
    times: int = 1

    def matches(self, pull: PullRequest) -> bool:
        return pull is self.pull and pull.head_sha != self.head


class Faults(Generic[R]):
    """Faults to come, in order; each is used up after its `times`."""

    def __init__(self) -> None:
        self._rules: list[R] = []
        self._lock = threading.Lock()

    def add(self, rule: R) -> None:
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def take(self, matches: Callable[[R], bool]) -> R | None:
        """The first matching rule, counted as used once; None if there is none."""
        with self._lock:
            rule = next((rule for rule in self._rules if matches(rule)), None)
            if rule is not None:
                rule.times -= 1
                if rule.times <= 0:
                    self._rules.remove(rule)
            return rule
