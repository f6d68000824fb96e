"""What is counted while the service works, in Prometheus' form.

No name of a repository, a person or an address is in it, and every label has a bounded set of values.
https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version

import httpx
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from rules.model import Report

# A second series for each counter, which nobody looks at.
disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

BUILD = Info("wrc_build", "The version that runs.", registry=REGISTRY)
BUILD.info({"version": version("wrc-bot")})

DELIVERIES = Counter(
    "wrc_deliveries", "Webhook deliveries, by what became of them.", ["event", "outcome"], registry=REGISTRY
)
PHASE_SECONDS = Histogram(
    "wrc_review_phase_seconds",
    "How long the phases of a review take.",
    ["phase"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
    registry=REGISTRY,
)
REVIEWS = Counter(
    "wrc_reviews", "Reviews that ended, by the conclusion of the check run.", ["conclusion"], registry=REGISTRY
)
FINDINGS = Counter("wrc_findings", "What reviews found, by rule.", ["rule", "status"], registry=REGISTRY)
GITHUB_REQUESTS = Counter(
    "wrc_github_requests",
    "Requests to GitHub, by the status of the answer; 'none' without one.",
    ["status"],
    registry=REGISTRY,
)


def count_findings(report: Report) -> None:
    for finding in report.findings:
        FINDINGS.labels(finding.rule, finding.status).inc()


@dataclass(frozen=True, slots=True)
class _Window:
    remaining: int
    ends: float


class RateLimits(Collector):
    """What GitHub's answers say is left of the hour's requests: of all installations the one that has the fewest.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#checking-the-status-of-your-rate-limit
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._windows: dict[tuple[int, str], _Window] = {}
        self._lock = threading.Lock()

    def seen(self, installation: int, headers: Mapping[str, str]) -> None:
        """Note the headers of an answer; without those of a rate limit it says nothing."""
        try:
            window = _Window(int(headers["x-ratelimit-remaining"]), float(headers["x-ratelimit-reset"]))
        except (KeyError, ValueError):
            return
        with self._lock:
            self._windows[installation, headers.get("x-ratelimit-resource", "core")] = window

    def collect(self) -> Iterator[Metric]:
        remaining = GaugeMetricFamily(
            "wrc_github_rate_limit_remaining",
            "Requests left until GitHub's limit starts anew, of the installation that has the fewest.",
            labels=["resource"],
        )
        for resource, window in sorted(self._lowest().items()):
            remaining.add_metric([resource], window)
        yield remaining

    def _lowest(self) -> dict[str, int]:
        lowest: dict[str, int] = {}
        with self._lock:
            now = self._clock()
            self._windows = {key: window for key, window in self._windows.items() if window.ends > now}
            for (_, resource), window in self._windows.items():
                lowest[resource] = min(window.remaining, lowest.get(resource, window.remaining))
        return lowest


RATE_LIMITS = RateLimits()
REGISTRY.register(RATE_LIMITS)


def github_answered(installation: int) -> Callable[[httpx.Response], None]:
    """A hook for the HTTP client of an installation; 0 stands for the App itself."""

    def answered(response: httpx.Response) -> None:
        GITHUB_REQUESTS.labels(str(response.status_code)).inc()
        RATE_LIMITS.seen(installation, response.headers)

    return answered


@dataclass(frozen=True, slots=True)
class Queue:
    """How a queue stands: jobs that wait and jobs that run, and for how many seconds the oldest has been waiting."""

    name: str
    waiting: int
    running: int
    oldest: float


class Queues(Collector):
    """The queues as they are when somebody asks `look`."""

    def __init__(self, look: Callable[[], Iterable[Queue]]) -> None:
        self._look = look

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering does not look."""
        return ()

    def collect(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("wrc_queue_jobs", "Jobs that wait or run.", labels=["queue", "state"])
        oldest = GaugeMetricFamily(
            "wrc_queue_oldest_seconds", "How long the oldest waiting job has been waiting.", labels=["queue"]
        )
        for queue in self._look():
            jobs.add_metric([queue.name, "waiting"], queue.waiting)
            jobs.add_metric([queue.name, "running"], queue.running)
            oldest.add_metric([queue.name], queue.oldest)
        yield jobs
        yield oldest
