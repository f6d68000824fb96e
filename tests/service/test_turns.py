"""Who comes next: in the queue of reviews, at a pull request, and at writing to GitHub."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.database import open_database
from bot.service.turns import Turns, Waiting, priority
from tests.service.postgres import Postgres

BUSY, QUIET, OTHER = (1, 10), (1, 11), (2, 20)
"""Repositories by installation and id."""


def order(*arrivals: tuple[int, int], done: int = 0) -> list[tuple[int, int]]:
    """The repositories in the order in which the reviews that arrive one after the other are begun."""
    queue: list[Waiting] = []
    for installation, repository in arrivals:
        queue.append(Waiting(installation, repository, priority(installation, repository, queue)))
    return [(each.installation, each.repository) for each in sorted(queue, key=lambda each: each.priority)][done:]


def test_a_single_repository_is_served_as_it_comes() -> None:
    assert [priority(1, 10, [Waiting(1, 10, n) for n in range(1, count + 1)]) for count in range(4)] == [1, 2, 3, 4]


def test_a_busy_repository_does_not_starve_another_installation() -> None:
    assert order(*[BUSY] * 50, OTHER, OTHER)[:4] == [BUSY, OTHER, BUSY, OTHER]


def test_a_busy_repository_does_not_starve_another_of_its_installation() -> None:
    assert order(*[BUSY] * 50, QUIET)[:3] == [BUSY, BUSY, QUIET]


def test_an_installation_with_many_repositories_does_not_starve_one_with_one() -> None:
    assert order(*[(1, repository) for repository in range(50)], OTHER).index(OTHER) == 1


def test_who_has_waited_is_not_overtaken_for_ever() -> None:
    queue = [Waiting(*BUSY, place) for place in range(100, 200)]
    assert priority(*OTHER, queue) == 100
    assert priority(*OTHER, [Waiting(*OTHER, 0), *queue]) == 101


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), max_size=30))
def test_whoever_comes_new_waits_for_few_of_each_other(arrivals: list[tuple[int, int]]) -> None:
    newcomer = (9, 90)
    place = order(*arrivals, newcomer).index(newcomer)
    assert place <= len({installation for installation, _ in arrivals})


@pytest.fixture(params=["sqlite", "postgresql"])
def turns(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Turns]]:
    """Three processes' view of one database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'wrc.sqlite'}"
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.new_database()
    engines = [open_database(url) for _ in range(3)]
    yield [Turns(engine) for engine in engines]
    for engine in engines:
        engine.dispose()


def test_one_of_several_gets_the_pull_request_until_it_has_ended(turns: list[Turns]) -> None:
    def take(job: int) -> bool:
        return turns[job].take("1/2#3", f"job-{job}", lambda _: False, 100.0)

    with ThreadPoolExecutor(3) as pool:
        taken = list(pool.map(take, range(3)))
    assert sum(taken) == 1
    [first] = [job for job, mine in enumerate(taken) if mine]
    assert take(first), "it asks again after it was interrupted"
    assert not turns[0].take("1/2#3", "other", lambda job: job != f"job-{first}", 100.0)
    with ThreadPoolExecutor(3) as pool:
        after = list(pool.map(lambda each: turns[each].take("1/2#3", f"next-{each}", lambda _: True, 200.0), range(3)))
    assert after.count(True) >= 1
    turns[0].forget(before=300.0)
    assert turns[1].take("1/2#3", "late", lambda _: False, 400.0)


def test_writers_of_one_installation_are_spaced_out_in_all_processes(turns: list[Turns]) -> None:
    begun = time.monotonic()
    with ThreadPoolExecutor(6) as pool:
        waits = pool.map(lambda turn: time.monotonic() - begun + turn.reserve_write(7, 50.0), turns * 2)
    moments = sorted(waits)
    assert all(45 < later - earlier < 55 for earlier, later in pairwise(moments))
    assert moments[0] < 10
    assert turns[0].reserve_write(8, 50.0) == pytest.approx(0.0)
