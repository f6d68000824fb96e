"""Durable jobs: every delivery and every review is a workflow in the database, and survives the process.

A delivery is stored under its GUID and decided by a handler; each review that it asks for joins a queue in which the
reviews of one pull request wait for each other and those of different ones do not. A step that was done is never done
again; one that was interrupted is, and finds what is there already.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID
from dbos import error as dbos_error
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.service.requests import ReviewRequest
from bot.service.webhook import Delivery
from bot.service.work import Decided, Finished, Missed, OpenedRun, StepResult, Work
from bot.settings import Settings
from bot.tracing import is_traced

log = structlog.get_logger("jobs")

APPLICATION = "wrc-bot"
JOBS_VERSION = "2"
"""Only jobs of the same version are recovered: count up when a workflow's steps change their order or their data."""

INTAKE_QUEUE = "intake"
REVIEW_QUEUE = "reviews"
INTAKE_WORKERS = 8

KEPT = timedelta(days=30)
"""How long a finished job, and with it a delivery's GUID, is remembered; GitHub redelivers for three days."""

PRUNED_AT_ONCE = 500

SUBSECONDS_SINCE = (3, 42)
"""https://sqlite.org/releaselog/3_42_0.html; Debian 12, and so the usual Python image, has 3.40."""

Intake = Callable[[str, str, int], str]
Recover = Callable[[], str]
Result = TypeVar("Result", bound=StepResult)


@dataclass(frozen=True)
class Jobs:
    """The running job system. There can be one in a process, as dbos has one instance per process."""

    intake: Intake
    recover: Recover
    stopped: threading.Event = field(default_factory=threading.Event)

    def watch(self, interval: float) -> None:
        """Look for what was missed: now, and every `interval` seconds, once for all machines of one database."""
        turn = f"start-{uuid.uuid4()}"
        while True:
            with SetWorkflowID(f"recover:{turn}"):
                DBOS.enqueue_workflow(INTAKE_QUEUE, self.recover)
            if self.stopped.wait(interval):
                return
            turn = str(int(time.time() // interval))

    def store(self, delivery: Delivery) -> Literal["accepted", "duplicate"]:
        """Write a delivery to the database under its GUID; the second of two with the same GUID is a duplicate."""
        try:
            with SetWorkflowID(delivery.id, workflow_id_reuse_policy="reject"):
                DBOS.enqueue_workflow(INTAKE_QUEUE, self.intake, delivery.event, delivery.body, 1)
        except dbos_error.DBOSWorkflowIDInUseError:
            return "duplicate"
        return "accepted"

    def close(self) -> None:
        """Stop working. What is under way is taken up again at the next launch."""
        self.stopped.set()
        DBOS.destroy(destroy_registry=True)


def launch(settings: Settings, work: Work) -> Jobs:
    """Open the database, take up what an earlier process of the same name left, and begin to work."""
    settings.make_data_dir()
    if sqlite3.sqlite_version_info < SUBSECONDS_SINCE and not event.contains(Engine, "connect", _add_subseconds):
        event.listen(Engine, "connect", _add_subseconds)
    config: DBOSConfig = {
        "name": APPLICATION,
        "system_database_url": settings.database,
        "application_version": JOBS_VERSION,
        "executor_id": settings.executor_id,
        # Readable, and nothing that is stored can execute.
        "serializer": DBOSPortableJSONSerializer(),
        "enable_otlp": is_traced(),
        "log_level": "WARNING",
    }
    DBOS(config=config)
    jobs = Jobs(*_define_workflows(work))
    DBOS.launch()
    DBOS.register_queue(
        INTAKE_QUEUE,
        worker_concurrency=INTAKE_WORKERS,
        polling_interval_sec=settings.poll_interval,
        on_conflict="always_update",
    )
    DBOS.register_queue(
        REVIEW_QUEUE,
        partition_concurrency=1,
        worker_concurrency=settings.workers,
        polling_interval_sec=settings.poll_interval,
        on_conflict="always_update",
    )
    prune(datetime.now(UTC) - KEPT)
    threading.Thread(target=jobs.watch, args=[settings.recovery_interval], name="recovery", daemon=True).start()
    return jobs


def _add_subseconds(connection: object, _record: object) -> None:
    """Give an older SQLite the ``unixepoch('subsec')`` that dbos takes for granted from Python 3.12 on."""
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("unixepoch", 1, lambda _modifier: time.time())


def _define_workflows(work: Work) -> tuple[Intake, Recover]:
    """The three workflows. Their bodies are deterministic; all that touches the world is a step."""

    @DBOS.workflow(name="review")
    def review(request_json: str, delivery: str, attempt: int) -> str:
        request = ReviewRequest.model_validate_json(request_json)

        with structlog.contextvars.bound_contextvars(
            delivery=delivery, repo=f"{request.owner}/{request.name}", pr=request.number
        ):
            job = DBOS.workflow_id or delivery
            run = _step("open", OpenedRun, lambda: work.open(request, job, attempt))
            if run.delay is not None:
                enqueue(request, delivery, attempt + 1, run.delay)
                return "put-off"
            if run.target is None:
                reason = run.skip or "skipped"
                log.info("skipped", reason=reason)
                _step("acknowledge", StepResult, lambda: work.acknowledge(request, done=False))
                return reason
            target = run.target

            def superseded() -> bool:
                return any(later.supersedes(request, target) for later in _waiting(request.partition))

            with structlog.contextvars.bound_contextvars(sha=target.head):
                finished = _step("finish", Finished, lambda: work.finish(request, run, attempt, superseded))
                if finished.delay is not None:
                    enqueue(request, delivery, attempt + 1, finished.delay)
                    return "put-off"
                _step("acknowledge", StepResult, lambda: work.acknowledge(request, done=finished.verdict))
                log.info("reviewed", reason=request.reason, verdict=finished.verdict)
                return "reviewed" if finished.verdict else "unfinished"

    def enqueue(request: ReviewRequest, delivery: str, attempt: int, delay: float | None) -> None:
        with (
            SetEnqueueOptions(queue_partition_key=request.partition, delay_seconds=delay),
            SetWorkflowID(f"{request.partition}:{delivery}:{attempt}"),
        ):
            DBOS.enqueue_workflow(REVIEW_QUEUE, review, request.model_dump_json(), delivery, attempt)

    @DBOS.workflow(name="intake")
    def intake(event: str, body: str, attempt: int) -> str:
        delivery = DBOS.workflow_id or ""
        with structlog.contextvars.bound_contextvars(delivery=delivery):
            decided = _step("decide", Decided, lambda: work.decide(event, body, attempt))
            if decided.delay is not None:
                with SetEnqueueOptions(delay_seconds=decided.delay):
                    DBOS.enqueue_workflow(INTAKE_QUEUE, intake, event, body, attempt + 1)
                return "put-off"
            for turn, request in enumerate(decided.decision.reviews):
                enqueue(request, delivery, 1, turn * decided.decision.pace or None)
            if decided.decision.sweep:
                with SetWorkflowID(f"recover:{delivery}"):
                    DBOS.enqueue_workflow(INTAKE_QUEUE, recover)
            reason = decided.decision.skip or "enqueued"
            log.info(reason, event_name=event, reviews=len(decided.decision.reviews))
            return reason

    @DBOS.workflow(name="recover")
    def recover() -> str:
        turn = DBOS.workflow_id or ""
        _step("redeliver", StepResult, work.redeliver)
        missed = _step("sweep", Missed, work.missed)
        for request in missed.reviews:
            enqueue(request, turn, 1, None)
        if missed.reviews:
            log.info("missed", reviews=len(missed.reviews))
        return "recovered"

    return intake, recover


def _waiting(partition: str) -> list[ReviewRequest]:
    """The reviews of one pull request whose turn has not come."""
    waiting = DBOS.list_queued_workflows(
        queue_name=REVIEW_QUEUE, status=["ENQUEUED", "DELAYED"], workflow_id_prefix=f"{partition}:"
    )
    return [ReviewRequest.model_validate_json(job.input["args"][0]) for job in waiting if job.input]


def _step(name: str, kind: type[Result], body: Callable[[], Result]) -> Result:
    """Run `body` as a step, or take its result from the database if it was done before."""
    return kind.model_validate(DBOS.run_step({"name": name}, lambda: body().model_dump(mode="json")))


def prune(before: datetime) -> int:
    """Forget the jobs that ended before a moment; returns how many."""
    pruned = 0
    while True:
        old = DBOS.list_workflows(
            completed_before=before.isoformat(), limit=PRUNED_AT_ONCE, load_input=False, load_output=False
        )
        if not old:
            return pruned
        DBOS.delete_workflows([job.workflow_id for job in old])
        pruned += len(old)
