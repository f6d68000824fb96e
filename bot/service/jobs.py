"""Durable jobs: every delivery and every review is a workflow in the database, and survives the process.

A delivery is stored under its GUID and decided by a handler; each review that it asks for joins a queue in which the
repositories take turns. Reviews of one pull request wait for each other and those of different ones do not, in whatever
process of the database they run. A step that was done is never done again; one that was interrupted is, and finds what
is there already.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID
from dbos import error as dbos_error
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.database import POSTGRESQL
from bot.service.members import Members, StruckOff
from bot.service.takeover import take_up
from bot.service.turns import Turns
from bot.service.webhook import Delivery
from bot.service.work import Work
from bot.service.workflows import (
    INTAKE_QUEUE,
    JOBS_VERSION,
    REVIEW_QUEUE,
    Intake,
    Recover,
    Steps,
    define_workflows,
)
from bot.settings import Settings
from bot.tracing import is_traced

log = structlog.get_logger("jobs")

APPLICATION = "wrc-bot"

INTAKE_WORKERS = 8

KEPT = timedelta(days=30)
"""How long a finished job, and with it a delivery's GUID, is remembered; GitHub redelivers for three days."""

PRUNED_AT_ONCE = 500

SUBSECONDS_SINCE = (3, 42)
"""https://sqlite.org/releaselog/3_42_0.html; Debian 12, and so the usual Python image, has 3.40."""

EXIT_STRUCK_OFF = 70
"""What a supervisor sees of a process that was taken for dead: it is to be started again."""


@dataclass(frozen=True)
class Jobs:
    """The running job system. There can be one in a process, as dbos has one instance per process."""

    intake: Intake
    recover: Recover
    members: Members
    turns: Turns
    steps: Steps
    stopped: threading.Event = field(default_factory=threading.Event)

    def work(self, settings: Settings) -> None:
        """Become one of those that work on the queues, and look after the work of the others."""
        take_up(self.members)
        forgotten = datetime.now(UTC) - KEPT
        prune(forgotten)
        self.turns.forget(forgotten.timestamp())
        if not self.members.alone:
            threading.Thread(target=self._stay, name="members", daemon=True).start()
        threading.Thread(target=self.watch, args=[settings.recovery_interval], name="recovery", daemon=True).start()

    def watch(self, interval: float) -> None:
        """Look for what was missed: now, and every `interval` seconds, once for all machines of one database."""
        turn = f"start-{uuid.uuid4()}"
        while True:
            with SetWorkflowID(f"recover:{turn}"):
                DBOS.enqueue_workflow(INTAKE_QUEUE, self.recover)
            if self.stopped.wait(interval):
                return
            turn = str(int(time.time() // interval))

    def _stay(self) -> None:
        """Beat, and take up what others leave, until this process stops or is itself taken for dead."""
        while not self.stopped.wait(self.members.interval):
            try:
                self.members.beat()
                self.members.strike_off_the_silent()
                take_up(self.members)
            except StruckOff:
                # Its jobs run elsewhere now. There is nothing to clean up that would not disturb them.
                log.error("struck-off-myself", member=self.members.id)
                os._exit(EXIT_STRUCK_OFF)
            except sa.exc.SQLAlchemyError as error:
                log.warning("no-beat", reason=type(error).__name__)
            except Exception:
                log.exception("not-taken-up")

    def store(self, delivery: Delivery) -> Literal["accepted", "duplicate"]:
        """Write a delivery to the database under its GUID; the second of two with the same GUID is a duplicate.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database cannot be reached.
        """
        # dbos would wait until it is back, and GitHub does not.
        with self.turns.engine.connect() as connection:
            connection.execute(sa.select(1))
        try:
            with SetWorkflowID(delivery.id, workflow_id_reuse_policy="reject"):
                DBOS.enqueue_workflow(INTAKE_QUEUE, self.intake, delivery.event, delivery.body, 1)
        except dbos_error.DBOSWorkflowIDInUseError:
            return "duplicate"
        return "accepted"

    def close(self) -> None:
        """Stop working. What is under way is taken up by another process, or at the next launch."""
        self.stopped.set()
        DBOS.destroy(destroy_registry=True)
        self.members.leave(idle=self.steps.idle)


def launch(settings: Settings, work: Work, members: Members, turns: Turns) -> Jobs:
    """Open the database, take up what an earlier or a dead process left, and begin to work."""
    settings.make_data_dir()
    if sqlite3.sqlite_version_info < SUBSECONDS_SINCE and not event.contains(Engine, "connect", _add_subseconds):
        event.listen(Engine, "connect", _add_subseconds)
    config: DBOSConfig = {
        "name": APPLICATION,
        "system_database_url": settings.database,
        "application_version": str(JOBS_VERSION),
        "executor_id": members.id,
        # Readable, and nothing that is stored can execute.
        "serializer": DBOSPortableJSONSerializer(),
        "enable_otlp": is_traced(),
        "log_level": "WARNING",
        # What it looks for we do not use, and a stop waits for it to look.
        "notification_listener_polling_interval_sec": min(settings.poll_interval, 1.0),
    }
    if settings.shared:
        config["db_engine_kwargs"] = {"connect_args": POSTGRESQL}
    DBOS(config=config)
    works = settings.role != "web"
    if works:
        members.join()
    else:
        DBOS.listen_queues([])
    steps = Steps()
    jobs = Jobs(*define_workflows(work, steps, turns), members, turns, steps)
    DBOS.launch()
    DBOS.register_queue(
        INTAKE_QUEUE,
        worker_concurrency=INTAKE_WORKERS,
        polling_interval_sec=settings.poll_interval,
        on_conflict="always_update",
    )
    DBOS.register_queue(
        REVIEW_QUEUE,
        worker_concurrency=settings.workers,
        polling_interval_sec=settings.poll_interval,
        on_conflict="always_update",
    )
    if works:
        jobs.work(settings)
    return jobs


def _add_subseconds(connection: object, _record: object) -> None:
    """Give an older SQLite the ``unixepoch('subsec')`` that dbos takes for granted from Python 3.12 on."""
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("unixepoch", 1, lambda _modifier: time.time())


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
