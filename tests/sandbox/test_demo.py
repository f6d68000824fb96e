"""`wrc demo` as a person runs it: the real command, the service as a process of its own, everything on loopback."""

from __future__ import annotations

import subprocess
import sys

from bot.sandbox.demo import TEMPLATE, changed, sample
from rules.examination import examine
from rules.sources.tree import MemoryTree
from tests.rules.harness import compare, introduced


def test_the_sample_keeps_the_contract_and_its_change_breaks_it() -> None:
    files = sample()
    base = MemoryTree.of(files)
    before = examine(base).side
    assert (before.violations, before.undecided) == ((), ())
    report = compare(base, MemoryTree.of({**files, TEMPLATE: changed(files)}))
    assert {finding.rule for finding in introduced(report)} == {"F-1", "F-6", "F-10", "INV-8"}


def test_the_demo_shows_a_review_and_ends() -> None:
    command = [sys.executable, "-m", "bot", "demo"]
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    for expected in ("INV-8, F-1, F-6, F-10", "Contract: F-10", "— failure", "/you/workspace-templates/pull/1"):
        assert expected in " ".join(done.stdout.split())
