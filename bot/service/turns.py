"""Whose turn it is, among all processes: to review a pull request, and to write as an installation."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import sqlalchemy as sa

from bot.database import Lock, clock, patient
from bot.service.members import Members

ORDER_ATTEMPTS = 20
ORDER_SECONDS = 0.1
"""How long a process waits for another that puts reviews into the queue. Then it goes on: the order is a courtesy."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A review in the queue. The least priority comes first."""

    installation: int
    repository: int
    priority: int


def priority(installation: int, repository: int, queue: Sequence[Waiting]) -> int:
    """The priority with which a review joins the queue, so that however many wait for one, none waits for all of them.

    Installations take turns, and within one its repositories do: the n-th review of a repository comes after the first
    n of each other repository of its installation, and together these count as so many of the installation's. It
    begins to count where the queue begins, so that who has waited is not overtaken for ever: start-time fair queueing,
    https://doi.org/10.1145/248156.248171, with whole reviews as the unit.
    """
    front = min((waiting.priority for waiting in queue if waiting.priority > 0), default=1)
    counts = Counter(waiting.repository for waiting in queue if waiting.installation == installation)
    rank = counts.pop(repository, 0) + 1
    return front - 1 + rank + sum(min(count, rank) for count in counts.values())


@dataclass(frozen=True)
class Turns:
    engine: sa.Engine
    _ordering: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def ordering(self) -> Iterator[None]:
        """The time in which one process alone, if it can be had, looks at the queue and adds to it."""
        with self._ordering, ExitStack() as held:
            if self.engine.dialect.name != "sqlite":
                with suppress(sa.exc.SQLAlchemyError):
                    # No transaction, which would be ended if the queue is long in coming.
                    outside = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                    held.callback(_unlock, held.enter_context(outside))
                    _lock(outside)
            yield

    @patient
    def take(self, pull: str, job: str, ended: Callable[[str], bool], now: float) -> bool:
        """Whether `job` has the pull request for itself: nobody had it, it has it already, or who had it has ended."""
        wanted = {"pull": pull, "job": job, "now": now}
        with self.engine.begin() as connection:
            connection.execute(
                sa.text("INSERT INTO wrc_turns (pull, job, taken) VALUES (:pull, :job, :now) ON CONFLICT DO NOTHING"),
                wanted,
            )
            holder = connection.execute(sa.text("SELECT job FROM wrc_turns WHERE pull = :pull"), wanted).scalar()
        if holder is None or holder == job:
            return holder is not None
        if not ended(holder):
            return False
        with self.engine.begin() as connection:
            moved = connection.execute(
                sa.text("UPDATE wrc_turns SET job = :job, taken = :now WHERE pull = :pull AND job = :holder"),
                {**wanted, "holder": holder},
            )
        return moved.rowcount == 1

    def forget(self, before: float) -> None:
        """Drop the turns that were taken before a moment at which every job had ended."""
        with self.engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM wrc_turns WHERE taken < :before"), {"before": before})

    @patient
    def reserve_write(self, installation: int, interval: float) -> float:
        """Reserve the next moment at which an installation may write; returns the seconds until then.

        https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#pause-between-mutative-requests
        """
        with self.engine.begin() as connection:
            now = float(connection.execute(sa.select(clock(self.engine))).scalar_one())
            free_at = connection.execute(
                sa.text(
                    "INSERT INTO wrc_writes AS own (installation, free_at) VALUES (:installation, :now + :interval) "
                    "ON CONFLICT (installation) DO UPDATE SET free_at = :interval + "
                    "CASE WHEN own.free_at > :now THEN own.free_at ELSE :now END RETURNING free_at"
                ),
                {"installation": installation, "now": now, "interval": interval},
            ).scalar_one()
        return float(free_at) - interval - now


def _lock(connection: sa.Connection) -> None:
    for _ in range(ORDER_ATTEMPTS):
        if connection.scalar(sa.select(sa.func.pg_try_advisory_lock(int(Lock.ORDER)))):
            return
        time.sleep(ORDER_SECONDS)


def _unlock(connection: sa.Connection) -> None:
    with suppress(sa.exc.SQLAlchemyError):
        connection.execute(sa.select(sa.func.pg_advisory_unlock_all()))


@dataclass(frozen=True)
class WriteGate:
    """Through it goes whatever changes something at GitHub: only with a lease that holds, and comments spaced out."""

    members: Members
    turns: Turns
    interval: float

    def __call__(self, installation: int, *, content: bool) -> None:
        """Return when the write may be sent. Raises StruckOff if it never may."""
        if content and self.interval:
            self.members.hold()
            time.sleep(max(0.0, self.turns.reserve_write(installation, self.interval)))
        self.members.hold()
