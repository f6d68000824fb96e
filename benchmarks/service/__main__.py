"""`python -m benchmarks.service`: how soon the service answers deliveries and comments, and a skip, under load.

GitHub is the sandbox, each of whose answers takes as long as is asked for; the service is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks.service.sending import sent
from bot.sandbox.demo import TEMPLATE, changed, sample
from bot.sandbox.faults import RequestFault
from bot.sandbox.server import SandboxServer
from bot.sandbox.state import Repository
from bot.sandbox.webhooks import signature
from bot.sandbox.world import World
from bot.service.handlers.push import MAX_COMMITS
from tests.service.running import ServiceProcess, free_port, wait_for

SECRET = "a secret for benchmarks alone"  # noqa: S105
SIZES = (("25 KB", 25_000), ("1 MB", 1_000_000), ("25 MB", 25_000_000))
PATH = "workspaces/somebody/project/source/module/file.txt"
PATHS_AT_LEAST = 20
FOR_EVER = 10**9


@dataclass
class Bench:
    world: World
    repository: Repository
    url: str
    sender: Executor
    installation: int
    count: int = 0

    def branch(self, files: dict[str, str]) -> str:
        """A new branch with these files."""
        self.count += 1
        name = f"topic-{self.count}"
        self.world.push(self.repository, name, {**files, "docs/number.md": f"{self.count}\n"}, author="mona")
        return name

    def open_pull(self, branch: str) -> str:
        """A pull request that nobody has looked at; returns its head."""
        return self.world.open_pull_request(self.repository, branch, author="mona").head_sha

    def concluded(self, head: str) -> bool:
        runs = list(self.repository.check_runs.values())
        return any(run.status == "completed" and run.suite.head_sha == head for run in runs)

    def seconds_until(self, begin: Callable[[], Callable[[], bool]], what: str) -> float:
        begun = time.perf_counter()
        condition = begin()
        wait_for(condition, what, 120)
        return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service", description=__doc__)
    parser.add_argument("--latency", type=float, default=0.15, help="seconds that each answer of GitHub takes")
    parser.add_argument("--runs", type=int, default=20, help="deliveries of each size, and looks at all else")
    asked = parser.parse_args()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, load {load} at the start")
    print(f"GitHub answers after {asked.latency * 1000:.0f} ms\n")
    with tempfile.TemporaryDirectory(prefix="wrc-benchmark-") as scratch, _bench(Path(scratch), asked.latency) as bench:
        _told("| seconds | p50 | p99 | most |", [])
        print("| --- | ---: | ---: | ---: |")
        _told(
            "nothing governed: opened until skipped",
            [_skipped(bench, {"docs/notes.md": "Words\n"}) for _ in range(asked.runs)],
        )
        _told(
            "a script: opened until skipped",
            [_skipped(bench, {"scripts/new.sh": "#!/bin/sh\n"}) for _ in range(asked.runs)],
        )
        _told("a command: written until seen", [_acknowledged(bench) for _ in range(asked.runs)])
        with _reviewing(bench):
            for name, size in SIZES:
                _told(f"a delivery of {name} while reviews run", [_delivered(bench, size) for _ in range(asked.runs)])
            _told("a command while reviews run: written until seen", [_acknowledged(bench) for _ in range(asked.runs)])


def _told(what: str, seconds: Sequence[float]) -> None:
    if not seconds:
        print(what)
        return
    ranked = sorted(seconds)
    at = [ranked[min(round(part * (len(ranked) - 1)), len(ranked) - 1)] for part in (0.5, 0.99, 1.0)]
    print(f"| {what} | {' | '.join(f'{each:.2f}' for each in at)} |", flush=True)


def _skipped(bench: Bench, files: dict[str, str]) -> float:
    branch = bench.branch(files)

    def begin() -> Callable[[], bool]:
        head = bench.open_pull(branch)
        return lambda: bench.concluded(head)

    return bench.seconds_until(begin, "the check run")


def _acknowledged(bench: Bench) -> float:
    pull = bench.repository.pulls[0]

    def begin() -> Callable[[], bool]:
        comment = bench.world.comment(bench.repository, pull, f"/wrc help {uuid.uuid4()}", author="mona")
        return lambda: bool(comment.reactions)

    return bench.seconds_until(begin, "the reaction")


def _delivered(bench: Bench, size: int) -> float:
    """A push of many commits to a branch of no interest: it is kept, and looked at by a worker."""
    commit = {"id": "d" * 40, "added": [], "removed": [], "modified": []}
    count = min(size // (PATHS_AT_LEAST * len(PATH)), MAX_COMMITS)
    commits = [commit | {"modified": [PATH] * (size // count // (len(PATH) + 4))} for _ in range(count)]
    payload = {
        "ref": f"refs/heads/{uuid.uuid4()}",
        "commits": commits,
        "repository": {
            "id": bench.repository.id,
            "name": bench.repository.name,
            "owner": {"id": 1, "login": "octo"},
            "default_branch": "main",
        },
        "installation": {"id": bench.installation},
    }
    body = json.dumps(payload).encode()
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": str(uuid.uuid4()),
        "X-Hub-Signature-256": signature(SECRET, body),
    }
    return bench.sender.submit(sent, f"{bench.url}/webhook", body, headers).result()


@contextmanager
def _reviewing(bench: Bench) -> Iterator[None]:
    """Open pull requests that break rules, so that reviews run all the time."""
    stopped = threading.Event()

    def open_them() -> None:
        template = changed(sample())
        while not stopped.is_set():
            heads = [bench.open_pull(bench.branch({TEMPLATE: f"{template}# {uuid.uuid4()}\n"})) for _ in range(4)]
            while not stopped.is_set() and not all(bench.concluded(head) for head in heads):
                time.sleep(0.05)

    thread = threading.Thread(target=open_them, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


@contextmanager
def _bench(folder: Path, latency: float) -> Iterator[Bench]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    world, port = World(folder / "github"), free_port()
    world.rate_limit = FOR_EVER
    with SandboxServer(world):
        url = f"http://127.0.0.1:{port}"
        app = world.register_app(public.decode(), slug="wrc", webhook_url=f"{url}/webhook", webhook_secret=SECRET)
        repository = world.create_repository("octo", "templates", sample())
        installation = world.install(app, "octo")
        world.faults.add(RequestFault("", times=FOR_EVER, delay=latency))
        environment = {
            "WRC_APP_ID": str(app.id),
            "WRC_WEBHOOK_SECRET": SECRET,
            "WRC_PRIVATE_KEY": pem.replace("\n", "\\n"),
            "WRC_API_URL": world.api_url,
            "WRC_DATA_DIR": str(folder / "data"),
            "WRC_PORT": str(port),
        }
        alone = get_context("spawn")
        with ServiceProcess(environment, folder), ProcessPoolExecutor(1, mp_context=alone) as sender:
            bench = Bench(world, repository, url, sender, installation.id)
            # The first review of a process loads what all later ones have.
            head = bench.open_pull(bench.branch({TEMPLATE: changed(sample())}))
            wait_for(lambda: bench.concluded(head), "a review", 120)
            yield bench


if __name__ == "__main__":
    main()
