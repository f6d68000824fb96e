"""One web process and two workers on one PostgreSQL: whichever dies, in whatever phase, each review is done once."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.sandbox.state import PullRequest
from bot.service.jobs import EXIT_STRUCK_OFF
from tests.service.github import PRIVILEGED, GitHub
from tests.service.postgres import Postgres
from tests.service.running import WAIT_SECONDS, ServiceProcess, free_port, wait_for

LEASE = 3
RECOVERED_SECONDS = 30
HELD_SECONDS = 10
"""An answer that is never read takes so long: a busy machine finds the worker that waits for it well before."""


class Fleet:
    def __init__(self, github: GitHub, database_url: str, directory: Path) -> None:
        self.github = github
        self._database_url = database_url
        self._directory = directory
        self._started = 0
        self._engine = sa.create_engine(sa.make_url(database_url).set(drivername="postgresql+psycopg"))
        # They start together on an empty database.
        self.web = self._start("web", github.settings.port)
        self.workers = [self._start("worker", free_port()) for _ in range(2)]

    def _start(self, role: str, port: int) -> ServiceProcess:
        self._started += 1
        directory = self._directory / f"{role}-{self._started}"
        directory.mkdir()
        own = {"WRC_DATABASE_URL": self._database_url, "WRC_ROLE": role, "WRC_PORT": str(port)}
        return ServiceProcess({**self.github.environment, **own, "WRC_LEASE": str(LEASE)}, directory)

    def complete(self) -> None:
        """All are there. On a machine that is busy enough, one that is alive may have been taken for dead."""
        for worker in [worker for worker in self.workers if worker.ended() == EXIT_STRUCK_OFF]:
            self.replace(worker)
        for process in (self.web, *self.workers):
            process.wait_until_healthy()

    def at_work(self) -> ServiceProcess:
        """The worker that reviews."""
        running = sa.text(
            "SELECT executor_id FROM wrc_turns JOIN dbos.workflow_status ON job = workflow_uuid "
            "WHERE status = 'PENDING' AND pull = :pull"
        )
        with self._engine.connect() as connection:
            [member] = connection.execute(running, {"pull": f"{self.github.repository.id}#1"}).scalars()
        return next(worker for worker in self.workers if f"-{worker.pid}-" in member)

    def replace(self, process: ServiceProcess) -> None:
        """Another takes the place of one that has died."""
        if process is self.web:
            self.web = self._start("web", self.github.settings.port)
        else:
            self.workers.remove(process)
            self.workers.append(self._start("worker", free_port()))

    def close(self) -> None:
        self._engine.dispose()
        for process in (self.web, *self.workers):
            process.kill()


@pytest.fixture(scope="module")
def everything(
    tmp_path_factory: pytest.TempPathFactory, public_pem: str, private_pem: str, postgres: Postgres
) -> Iterator[Fleet]:
    directory = tmp_path_factory.mktemp("many")
    github = GitHub(directory, public_pem, private_pem)
    with github.server:
        fleet = Fleet(github, postgres.new_database(), directory)
        yield fleet
        fleet.close()


@pytest.fixture
def fleet(everything: Fleet) -> Iterator[Fleet]:
    everything.complete()
    everything.github.renew()
    yield everything
    assert everything.github.violations() == []


def told_once(github: GitHub, pull: PullRequest) -> None:
    run = github.concluded(pull.head_sha)
    assert run.conclusion == "failure"
    assert len(run.annotations) == 1
    assert len(github.reviews(pull)) == 1
    assert len(github.review_comments(pull)) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("POST", "/graphql$", id="before-the-check-run"),
        pytest.param("POST", "/check-runs$", id="while-the-check-run-is-made"),
        pytest.param("GET", "/compare/", id="after-the-check-run"),
        pytest.param("POST", "/pulls/1/reviews$", id="while-the-review-is-written"),
        pytest.param("PATCH", r"/check-runs/\d+$", id="while-the-check-run-is-completed"),
    ],
)
def test_a_worker_is_killed_and_another_finishes_its_review(fleet: Fleet, method: str, path: str) -> None:
    github = fleet.github
    asked = github.fail(path, method=method, when="after", delay=HELD_SECONDS)
    pull = github.open_pull(PRIVILEGED)
    wait_for(lambda: asked.times == 0, f"a worker to ask for {path}")
    victim = fleet.at_work()
    victim.kill()
    died = time.monotonic()
    fleet.replace(victim)
    told_once(github, pull)
    assert time.monotonic() - died < RECOVERED_SECONDS


def test_a_worker_that_was_frozen_and_taken_for_dead_writes_nothing_more(fleet: Fleet) -> None:
    github = fleet.github
    asked = github.fail("/compare/", method="GET", delay=HELD_SECONDS)
    pull = github.open_pull(PRIVILEGED)
    wait_for(lambda: asked.times == 0, "a worker to compare")
    frozen = fleet.at_work()
    frozen.signal(signal.SIGSTOP)
    told_once(github, pull)
    frozen.signal(signal.SIGCONT)
    assert frozen.ended(WAIT_SECONDS) == EXIT_STRUCK_OFF
    assert "struck-off-myself" in frozen.log.read_text()
    fleet.replace(frozen)
    told_once(github, pull)


def test_the_web_process_is_killed_after_its_answer(fleet: Fleet) -> None:
    github = fleet.github
    pull = github.open_pull(PRIVILEGED)
    github.world.webhooks.settle()
    assert 202 in [entry.status_code for entry in github.world.webhooks.log if entry.action == "opened"]
    fleet.web.kill()
    fleet.replace(fleet.web)
    told_once(github, pull)


def test_reviews_of_one_pull_request_wait_for_each_other_in_all_processes(fleet: Fleet) -> None:
    github = fleet.github
    pull = github.open_pull(PRIVILEGED)
    run = github.concluded(pull.head_sha)
    slow = github.fail("/compare/", method="GET", delay=1)
    for _ in range(2):
        github.world.rerequest_check_run(github.repository, run, by="mona")
    most = 0

    def three_done() -> bool:
        nonlocal most
        runs = github.runs(pull.head_sha)
        most = max(most, sum(run.status != "completed" for run in runs))
        return len(runs) == 3 and all(run.status == "completed" for run in runs)

    wait_for(three_done, "both reviews")
    assert slow.times == 0
    assert most == 1


def test_while_the_database_is_away_deliveries_are_refused_and_work_goes_on_when_it_is_back(
    fleet: Fleet, postgres: Postgres
) -> None:
    github = fleet.github
    asked = github.fail("/compare/", method="GET", delay=4)
    caught = github.open_pull(PRIVILEGED, branch="caught")
    wait_for(lambda: asked.times == 0, "a worker to compare")
    postgres.stop()
    try:
        github.open_pull(PRIVILEGED + "# two\n", branch="refused")
        github.world.webhooks.settle()
        refused = [entry for entry in github.world.webhooks.log if entry.action == "opened"][-1]
        assert refused.status_code == 503
    finally:
        postgres.start()
    told_once(github, caught)
    later = github.open_pull(PRIVILEGED + "# three\n", branch="later")
    told_once(github, later)
