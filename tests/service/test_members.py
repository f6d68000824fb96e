"""Who is dead and who is not, and what a process does that was taken for dead."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from bot.database import open_database
from bot.service import members as module
from bot.service.members import Members, StruckOff
from bot.service.turns import Turns, WriteGate
from tests.service.postgres import Postgres


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def join(postgres: Postgres, clock: Clock, request: pytest.FixtureRequest) -> Callable[[], Members]:
    url = postgres.new_database()

    def join() -> Members:
        engine = open_database(url)
        request.addfinalizer(engine.dispose)
        member = Members(engine, lease=10, version=3, alone=False)
        member.join()
        return member

    return join


def pass_time(clock: Clock, seconds: int, *beating: Members) -> None:
    for _ in range(seconds):
        clock.now += 1
        for member in beating:
            member.beat()
            member.strike_off_the_silent()


def test_who_falls_silent_is_struck_off_after_a_lease_and_who_beats_is_not(
    join: Callable[[], Members], clock: Clock
) -> None:
    first, second, third = join(), join(), join()
    pass_time(clock, 30, first, second, third)
    assert first.living().keys() == {first.id, second.id, third.id}
    pass_time(clock, 9, first, second)
    assert third.id in first.living()
    pass_time(clock, 3, first, second)
    assert second.living() == {first.id: 3, second.id: 3}
    with pytest.raises(StruckOff):
        third.beat()


def test_time_in_which_nobody_looked_does_not_count(join: Callable[[], Members], clock: Clock) -> None:
    first, second = join(), join()
    pass_time(clock, 3, first, second)
    clock.now += 60
    first.strike_off_the_silent()
    assert second.id in first.living()
    second.beat()
    pass_time(clock, 9, first)
    assert second.id in first.living()


def test_nothing_is_written_on_a_lease_that_may_have_run_out(join: Callable[[], Members], clock: Clock) -> None:
    first, second = join(), join()
    gate = WriteGate(first, Turns(first.engine), 0)
    pass_time(clock, 2, first, second)
    gate(7, content=True)
    pass_time(clock, 13, second)
    assert first.id not in second.living()
    with pytest.raises(StruckOff):
        gate(7, content=False)


def test_who_leaves_writes_nothing_more_and_is_missed_at_once_if_it_is_idle(
    join: Callable[[], Members], clock: Clock
) -> None:
    first, second, busy = join(), join(), join()
    second.leave(idle=True)
    busy.leave(idle=False)
    assert first.living().keys() == {first.id, busy.id}
    for member in (second, busy):
        with pytest.raises(StruckOff):
            member.hold()


def test_a_write_waits_until_the_database_is_back(
    join: Callable[[], Members], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = join()
    clock.now += 9
    reachable = member.engine
    unreachable = sa.create_engine("postgresql+psycopg://127.0.0.1:1/none")
    member.engine = unreachable

    def back(seconds: float) -> None:
        clock.now += seconds
        if clock.now > 1030:
            member.engine = reachable

    monkeypatch.setattr(clock, "sleep", back)
    member.hold()
    assert clock.now > 1030
    unreachable.dispose()
