"""The service as tests run it: in a thread on a loopback port, or as a process of its own that can be killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType

import httpx
import uvicorn

from bot.app import create_app
from bot.review.judge import judge as ask_engine
from bot.review.material import Judge
from bot.settings import Settings

START_SECONDS = 90.0
WAIT_SECONDS = 60.0


def wait_for(condition: Callable[[], bool], what: str, seconds: float = WAIT_SECONDS) -> None:
    """Wait until `condition` holds; fail the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)


PORTS_EACH = 1_000
_FIRST_PORT = 10_000 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 20 * PORTS_EACH
_PORTS = (_FIRST_PORT + (os.getpid() + number) % PORTS_EACH for number in count())


def free_port() -> int:
    """One that stays free until it is listened on: no other worker has it, and outgoing connections have others."""
    return next(port for port in _PORTS if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@dataclass
class Seed:
    """The database of a service that has started once: after a first start the queues are looked at a second later."""

    database: bytes | None = None

    def sow(self, folder: Path) -> None:
        if self.database is not None:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "wrc.sqlite").write_bytes(self.database)


seed = Seed()


class _Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        return


class RunningService:
    """`with RunningService(settings) as url:` serves the App on `settings.port` until the block ends."""

    def __init__(self, settings: Settings, judge: Judge = ask_engine) -> None:
        self.url = f"http://127.0.0.1:{settings.port}"
        config = uvicorn.Config(
            create_app(settings, judge), port=settings.port, log_config=None, access_log=False, lifespan="on"
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._server.run, name="service", daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        wait_for(lambda: self._server.started or not self._thread.is_alive(), "the service", START_SECONDS)
        assert self._server.started, "the service did not start"
        return self.url

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(WAIT_SECONDS)
        assert not self._thread.is_alive(), "the service did not stop"


class ServiceProcess:
    """The service as an operator runs it, configured by environment variables.

    With `first` it is the first process of its name space, as in a container, where that can be had. `before` is Python
    that runs before anything else.
    """

    def __init__(self, environment: dict[str, str], directory: Path, *, first: bool = False, before: str = "") -> None:
        self._first = first and os.geteuid() == 0 and shutil.which("unshare") is not None
        apart = ["unshare", "--pid", "--fork", "--kill-child"] if self._first else []
        self.url = f"http://127.0.0.1:{environment['WRC_PORT']}"
        self.log = directory / "service.log"
        # Compiled modules are kept, as any installation has them: many processes are started here.
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*apart, sys.executable, "-c", f"{before}\nfrom bot.app import serve; raise SystemExit(serve())"],
                env={**inherited, "PYTHONPATH": str(Path.cwd()), **environment},
                cwd=directory,
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> ServiceProcess:
        try:
            self.wait_until_healthy()
        except AssertionError:
            self.kill()
            raise
        return self

    def wait_until_healthy(self) -> None:
        wait_for(self._healthy, "the service process", START_SECONDS)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """As a power cut would: nothing is cleaned up."""
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """As an operator or a supervisor does it; returns the seconds that it took."""
        begun = time.monotonic()
        pid = self._process.pid
        if self._first:
            pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text())
        os.kill(pid, number)
        self._process.wait(WAIT_SECONDS)
        return time.monotonic() - begun

    @property
    def pid(self) -> int:
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        os.kill(self._process.pid, number)

    def ended(self, seconds: float = 0) -> int | None:
        """The exit status, or None if it has not ended by itself after so many seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def _healthy(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.url}/healthz", timeout=1).status_code == 200
        except httpx.TransportError:
            return False
