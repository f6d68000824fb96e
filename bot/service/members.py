"""The processes that work on one database, and what happens to the work of one that dies.

Each beats in a table. One that has not beaten for as long as a lease lasts, by the clock of whoever watches, is struck
off and its jobs are taken up; one that finds itself struck off (it was frozen, or cut off) ends at once. So that two
never work on the same, nothing is written to GitHub on a lease that may have run out.
"""

from __future__ import annotations

import os
import platform
import threading
import time
import uuid
from dataclasses import dataclass, field

import sqlalchemy as sa
import structlog

from bot.database import RETRY_SECONDS

log = structlog.get_logger("members")

BEATS_IN_A_LEASE = 5


class StruckOff(BaseException):
    """This process may do nothing more: others do its work. Like a cancellation, it is no failure to be handled."""


@dataclass
class Members:
    """This process among those of its database. `alone` says that there can be no other."""

    engine: sa.Engine
    lease: float
    version: int
    alone: bool
    id: str = field(default_factory=lambda: f"{platform.node()[:50]}-{os.getpid()}-{uuid.uuid4().hex[:8]}")
    _held_until: float = field(default=0.0, init=False)
    _left: bool = field(default=False, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _seen: dict[str, tuple[int, float]] = field(default_factory=dict, init=False)
    _looked_at: float = field(default=0.0, init=False)

    @property
    def interval(self) -> float:
        return self.lease / BEATS_IN_A_LEASE

    def join(self) -> None:
        """Become one of them. Who is alone strikes off all that it finds: they are earlier lives of its own."""
        begun = time.monotonic()
        with self.engine.begin() as connection:
            if self.alone:
                connection.execute(sa.text("DELETE FROM wrc_members"))
            row = {"id": self.id, "version": self.version}
            connection.execute(sa.text("INSERT INTO wrc_members (id, version, beat) VALUES (:id, :version, 0)"), row)
        self._held_until = begun + self.lease

    def leave(self, *, idle: bool) -> None:
        """Write nothing more. The others take over at once, or when the lease ends if a job is in the middle of it."""
        self._left = True
        if idle:
            with self.engine.begin() as connection:
                connection.execute(sa.text("DELETE FROM wrc_members WHERE id = :id"), {"id": self.id})

    def beat(self) -> None:
        """Extend the lease.

        Raises:
            StruckOff: another process has ended it.
            sqlalchemy.exc.SQLAlchemyError: the database cannot be reached.
        """
        # One at a time, or an older one that was slow would shorten the lease.
        with self._lock:
            begun = time.monotonic()
            with self.engine.begin() as connection:
                mine = sa.text("UPDATE wrc_members SET beat = beat + 1 WHERE id = :id")
                if connection.execute(mine, {"id": self.id}).rowcount == 0:
                    raise StruckOff("this process was taken for dead")
            self._held_until = begun + self.lease

    def hold(self) -> None:
        """Return when the lease holds for long enough to write something, however long the database is away.

        Raises:
            StruckOff: it ended, or this process is stopping.
        """
        while not self._left:
            if self.alone or time.monotonic() < self._held_until - self.lease / 2:
                return
            try:
                self.beat()
            except sa.exc.SQLAlchemyError as error:
                log.warning("no-beat", reason=type(error).__name__)
                time.sleep(RETRY_SECONDS)
        raise StruckOff("this process is stopping")

    def strike_off_the_silent(self) -> None:
        """Strike off who has not beaten for a lease. Time in which this process did not look does not count."""
        now = time.monotonic()
        away = max(0.0, now - self._looked_at - self.interval)
        self._looked_at = now
        with self.engine.begin() as connection:
            rows = connection.execute(sa.text("SELECT id, beat FROM wrc_members")).all()
            self._seen = {
                name: (beat, seen[1] + away if (seen := self._seen.get(name)) and seen[0] == beat else now)
                for name, beat in rows
            }
            for name, (beat, since) in self._seen.items():
                if name != self.id and now - since > self.lease:
                    dead = sa.text("DELETE FROM wrc_members WHERE id = :id AND beat = :beat")
                    if connection.execute(dead, {"id": name, "beat": beat}).rowcount:
                        log.warning("struck-off", member=name, silent=round(now - since, 1))

    def living(self) -> dict[str, int]:
        """The members and the version of the jobs that each works on."""
        with self.engine.connect() as connection:
            rows = connection.execute(sa.text("SELECT id, version FROM wrc_members")).all()
        return {str(name): int(version) for name, version in rows}
