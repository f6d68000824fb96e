"""The workflows: what happens to a delivery, to a review, to what was missed. All that touches the world is a step."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import structlog
from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

from bot.review.reviewer import REVIEWED_SINCE
from bot.service.requests import ReviewRequest
from bot.service.turns import Turns, Waiting, priority
from bot.service.work import Decided, Finished, Missed, OpenedRun, Ordered, StepResult, Turn, Work

log = structlog.get_logger("jobs")

JOBS_VERSION = 4
"""Jobs are resumed by the same version: count up when a workflow's steps change their order or their data. What an
older version left is begun again by a newer one, so the arguments of a workflow must stay readable."""

INTAKE_QUEUE = "intake"
REVIEW_QUEUE = "reviews"
QUEUES = {"intake": INTAKE_QUEUE, "recover": INTAKE_QUEUE, "review": REVIEW_QUEUE}

NEXT_LOOK = 0.5
"""Seconds until a review looks again whether the one before it of the same pull request has ended."""

Intake = Callable[[str, str, int], str]
Recover = Callable[[], str]
Result = TypeVar("Result", bound=StepResult)


class Enqueue(Protocol):
    """Puts a review into the queue. Without a priority it goes first: it has waited for its turn before."""

    def __call__(
        self,
        request: ReviewRequest,
        delivery: str,
        attempt: int,
        delay: float | None,
        *,
        looks: int = 0,
        priority: int | None = None,
    ) -> None: ...


@dataclass
class Steps:
    """Runs the steps of the jobs, and knows whether one is under way in this process."""

    _running: int = field(default=0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def idle(self) -> bool:
        return self._running == 0

    def run(self, name: str, kind: type[Result], body: Callable[[], Result]) -> Result:
        """Run `body` as a step, or take its result from the database if it was done before."""

        def counted() -> dict[str, object]:
            with self._counted():
                return body().model_dump(mode="json")

        return kind.model_validate(DBOS.run_step({"name": name}, counted))

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1


def define_workflows(work: Work, steps: Steps, turns: Turns) -> tuple[Intake, Recover]:
    """The bodies are deterministic, so that they can be resumed between any two steps."""
    enqueue = _define_review(work, steps, turns)

    def enqueue_all(requests: tuple[ReviewRequest, ...], delivery: str, pace: float = 0.0) -> None:
        if not requests:
            return
        with turns.ordering():
            order = steps.run("order", Ordered, lambda: Ordered(priorities=tuple(_priorities(requests))))
            for turn, (request, place) in enumerate(zip(requests, order.priorities, strict=True)):
                enqueue(request, delivery, 1, turn * pace or None, priority=place)

    @DBOS.workflow(name="intake")
    def intake(event: str, body: str, attempt: int) -> str:
        delivery = DBOS.workflow_id or ""
        with structlog.contextvars.bound_contextvars(delivery=delivery):
            decided = steps.run("decide", Decided, lambda: work.decide(event, body, attempt))
            if decided.delay is not None:
                with SetEnqueueOptions(delay_seconds=decided.delay):
                    DBOS.enqueue_workflow(INTAKE_QUEUE, intake, event, body, attempt + 1)
                return "put-off"
            enqueue_all(decided.decision.reviews, delivery, decided.decision.pace)
            if decided.decision.sweep:
                with SetWorkflowID(f"recover:{delivery}"):
                    DBOS.enqueue_workflow(INTAKE_QUEUE, recover)
            reason = decided.decision.skip or "enqueued"
            log.info(reason, event_name=event, reviews=len(decided.decision.reviews))
            return reason

    @DBOS.workflow(name="recover")
    def recover() -> str:
        turn = DBOS.workflow_id or ""
        steps.run("redeliver", StepResult, work.redeliver)
        missed = steps.run("sweep", Missed, work.missed)
        enqueue_all(missed.reviews, turn)
        if missed.reviews:
            log.info("missed", reviews=len(missed.reviews))
        if missed.moved:
            enqueue_all(missed.again, turn, work.context.pace)
            steps.run("note", StepResult, lambda: work.note(missed.moved))
        return "recovered"

    return intake, recover


def _define_review(work: Work, steps: Steps, turns: Turns) -> Enqueue:
    @DBOS.workflow(name="review")
    def review(request_json: str, delivery: str, attempt: int, looks: int = 0) -> str:
        request = ReviewRequest.model_validate_json(request_json)

        with structlog.contextvars.bound_contextvars(
            delivery=delivery, repo=f"{request.owner}/{request.name}", pr=request.number
        ):
            job = DBOS.workflow_id or delivery
            turn = steps.run("turn", Turn, lambda: Turn(mine=turns.take(request.key, job, _ended, time.time())))
            if not turn.mine:
                enqueue(request, delivery, attempt, NEXT_LOOK, looks=looks + 1)
                return "waits"
            run = steps.run("open", OpenedRun, lambda: work.open(request, job, attempt))
            if run.delay is not None:
                enqueue(request, delivery, attempt + 1, run.delay)
                return "put-off"
            if run.target is None:
                reason = run.skip or "skipped"
                done = reason == REVIEWED_SINCE
                log.info("skipped", reason=reason)
                steps.run("acknowledge", StepResult, lambda: work.acknowledge(request, done=done))
                return reason
            target = run.target

            def superseded() -> bool:
                waiting = _waiting(request.key, ("ENQUEUED", "DELAYED"))
                return any(other.tells_of_another(target) for other, _ in waiting) and work.moved_on(request, run)

            with structlog.contextvars.bound_contextvars(sha=target.head):
                finished = steps.run("finish", Finished, lambda: work.finish(request, run, attempt, superseded))
                if finished.delay is not None:
                    enqueue(request, delivery, attempt + 1, finished.delay)
                    return "put-off"
                where = run.moved or request
                steps.run("acknowledge", StepResult, lambda: work.acknowledge(where, done=finished.verdict))
                log.info("reviewed", reason=request.reason, verdict=finished.verdict)
                return "reviewed" if finished.verdict else "unfinished"

    def enqueue(
        request: ReviewRequest,
        delivery: str,
        attempt: int,
        delay: float | None,
        *,
        looks: int = 0,
        priority: int | None = None,
    ) -> None:
        again = f".{looks}" if looks else ""
        with (
            SetEnqueueOptions(delay_seconds=delay, priority=priority),
            SetWorkflowID(f"{request.key}:{delivery}:{attempt}{again}"),
        ):
            DBOS.enqueue_workflow(REVIEW_QUEUE, review, request.model_dump_json(), delivery, attempt, looks)

    return enqueue


def _waiting(pull: str | None = None, status: Sequence[str] = ("ENQUEUED",)) -> Iterator[tuple[ReviewRequest, int]]:
    """The reviews, of one pull request or of all, whose turn has not come, with their priorities."""
    waiting = DBOS.list_queued_workflows(
        queue_name=REVIEW_QUEUE, status=list(status), workflow_id_prefix=f"{pull}:" if pull is not None else None
    )
    for job in waiting:
        if job.input:
            yield ReviewRequest.model_validate_json(job.input["args"][0]), job.priority or 0


def _ended(job: str) -> bool:
    status = DBOS.get_workflow_status(job)
    return status is None or status.status not in ("PENDING", "ENQUEUED", "DELAYED")


def _priorities(requests: Iterable[ReviewRequest]) -> Iterator[int]:
    """The place of each in the queue of those that are due."""
    queue = [Waiting(due.installation, due.repository_id, place) for due, place in _waiting()]
    for request in requests:
        place = priority(request.installation, request.repository_id, queue)
        queue.append(Waiting(request.installation, request.repository_id, place))
        yield place
