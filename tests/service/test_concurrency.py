"""Reviews of one pull request wait for each other; those of different ones do not."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path

from dbos import DBOS

from bot.review.material import Material
from rules.model import Contract, Report
from tests.service.github import PRIVILEGED, GitHub
from tests.service.running import WAIT_SECONDS, RunningService, wait_for


class Clerk:
    """A judge that takes its time and notes how many are at work."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running: Counter[int] = Counter()
        self.most_of_one = 0
        self.most = 0

    def judge(self, material: Material) -> Report:
        with self.lock:
            self.running[material.target.number or 0] += 1
            self.most_of_one = max(self.most_of_one, *self.running.values())
            self.most = max(self.most, self.running.total())
        time.sleep(0.5)
        with self.lock:
            self.running[material.target.number or 0] -= 1
        return Report(material.merge_base, material.head, "success", Contract("bundled", "spec.md", "", None))


def test_one_at_a_time_for_a_pull_request_and_several_at_a_time_for_several(
    tmp_path: Path, public_pem: str, private_pem: str
) -> None:
    clerk = Clerk()
    github = GitHub(tmp_path, public_pem, private_pem)
    with github.server, RunningService(github.settings, clerk.judge):
        pulls = [github.open_pull(f"{PRIVILEGED}# {name}\n", branch=name) for name in ("a", "b", "c")]
        wait_for(lambda: bool(github.runs(pulls[0].head_sha)), "the first review to begin")
        [run] = github.runs(pulls[0].head_sha)
        for _ in range(3):
            github.world.rerequest_check_run(github.repository, run, by="mona")
        github.concluded(pulls[0].head_sha, 4)
        for pull in pulls[1:]:
            github.concluded(pull.head_sha)
    assert clerk.most_of_one == 1
    assert clerk.most > 1


class Attendant:
    """A judge that lets nobody pass until the queue is complete, and notes who comes when."""

    def __init__(self) -> None:
        self.complete = threading.Event()
        self.seen: list[str] = []

    def judge(self, material: Material) -> Report:
        self.complete.wait(WAIT_SECONDS)
        self.seen.append("quiet" if "quiet" in (material.target.description or "") else "busy")
        return Report(material.merge_base, material.head, "success", Contract("bundled", "spec.md", "", None))


def test_a_busy_repository_does_not_starve_another(tmp_path: Path, public_pem: str, private_pem: str) -> None:
    attendant = Attendant()
    github = GitHub(tmp_path, public_pem, private_pem)
    settings = github.settings.model_copy(update={"workers": 1})

    def queued(count: int) -> None:
        wait_for(lambda: len(DBOS.list_queued_workflows(queue_name="reviews")) == count, f"{count} reviews")

    with github.server, RunningService(settings, attendant.judge):
        wait_for(lambda: github.recorder.seen["GET /app/installations"] > 0, "the look for what was missed")
        github.idle()
        for number in range(6):
            github.open_pull(f"{PRIVILEGED}# {number}\n", branch=f"busy-{number}")
        queued(6)
        github.renew()
        quiet = github.open_pull(PRIVILEGED, branch="quiet")
        queued(7)
        attendant.complete.set()
        github.concluded(quiet.head_sha)
    assert attendant.seen.index("quiet") <= 3, attendant.seen
