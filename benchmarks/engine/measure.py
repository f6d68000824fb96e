"""Time and memory of whole processes."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Run:
    """One run of a process: seconds on the clock and on the processor (its children's too), peak memory in MB."""

    seconds: float
    cpu: float
    megabytes: float
    output: str


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end. Python may keep its compiled modules, as any installation has them."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    with subprocess.Popen(  # noqa: S603  (commands of our own)
        command,
        cwd=folder,
        env={**inherited, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Run(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, output)


def middle(runs: Sequence[Run]) -> Run:
    """The median of each figure, with the output of the last run."""
    return Run(
        median(each.seconds for each in runs),
        median(each.cpu for each in runs),
        median(each.megabytes for each in runs),
        runs[-1].output,
    )
