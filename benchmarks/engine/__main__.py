"""`python -m benchmarks.engine`: the engine beside other tools, cold and warm, and how its time grows."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from benchmarks.engine.measure import middle, run
from benchmarks.engine.peers import PEERS, WRC, Reported, Tool
from benchmarks.engine.sample import PLANTS, TEMPLATE, Sample, fixture, planted_sample, several
from bot.local import check as check_locally
from rules import examination
from rules.examination import examine
from rules.sources import shell
from rules.sources.terraform import grammar, parse
from rules.sources.tree import MemoryTree
from rules.suggestions import EditedTree

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "wrc-benchmarks"
CHANGED = (1, 2, 4, 8)
UNRELATED = (0, 1_000, 10_000)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of which the median is told")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the other tools are installed")
    parser.add_argument("--no-peers", action="store_true", help="measure the engine alone")
    parser.add_argument("--repo", type=Path, help="measure `wrc check` on a repository of yours as well")
    parser.add_argument("--base", default="HEAD~1")
    parser.add_argument("--head", default="HEAD")
    asked = parser.parse_args()
    grammar.parser()  # an installation compiles it once: no run here has to
    with tempfile.TemporaryDirectory(prefix="wrc-benchmark-") as scratch:
        folder = Path(scratch)
        _machine()
        _side_by_side(folder, asked.cache, asked.runs, with_peers=not asked.no_peers)
        _in_process(asked.runs)
        _growth(folder, asked.runs)
        if asked.repo is not None:
            _repository(asked.repo, asked.base, asked.head, asked.runs)


def _machine() -> None:
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, load {load} at the start\n")


# Whole processes


def _side_by_side(folder: Path, cache: Path, runs: int, *, with_peers: bool) -> None:
    sample = planted_sample(folder / "planted")
    files = fixture()
    before = planted_sample(folder / "before")
    for path in sample.changed:
        (before.folder / path).write_text(files[path])
    print(f"| whole process | time s | processor s | memory MB | of {len(PLANTS)} planted found | besides |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for tool in (WRC, *(PEERS if with_peers else ())):
        problem = tool.install(cache) if tool.packages else ""
        print(f"| {tool.name} | {problem or _row(tool, cache, sample, before, runs)} |", flush=True)
    print()


def _row(tool: Tool, cache: Path, sample: Sample, before: Sample, runs: int) -> str:
    _, at_base = ({}, []) if tool is WRC else tool.run(cache, before)
    done = [tool.run(cache, sample) for _ in range(runs)]
    figures = middle([each for each, _ in done])
    new = _new(at_base, done[-1][1])
    hits = [plant for plant in PLANTS if any(_covers(each, plant.path, sample.lines(plant)) for each in new)]
    besides = [each for each in new if not any(_covers(each, p.path, sample.lines(p)) for p in PLANTS)]
    times = f"{figures.seconds:.2f} | {figures.cpu:.2f} | {figures.megabytes:.0f}"
    return f"{times} | {len(hits)} | {len(besides)}"


def _new(base: Iterable[Reported], head: Iterable[Reported]) -> list[Reported]:
    """What the head has and the base has not: the tool's own words, without the line."""
    known = Counter(each.identity for each in base)
    found = []
    for each in head:
        if known[each.identity]:
            known[each.identity] -= 1
        else:
            found.append(each)
    return found


def _covers(found: Reported, path: str, lines: range) -> bool:
    return found.path == path and found.start < lines.stop and found.end >= lines.start


# In one process


def _in_process(runs: int) -> None:
    """The fixtures' template with one line more: with nothing known, and with the base known as in a service."""
    tree = MemoryTree.of(fixture())
    cold, warm = [], []
    for number in range(max(runs, 5)):
        text = tree.files[TEMPLATE].replace("    exit 0\n  EOT\n", f"    echo {number}\n    exit 0\n  EOT\n", 1)
        head = EditedTree(tree, {TEMPLATE: text})
        for cache in (parse.parse, parse._piece, parse._tree):
            cache.cache_clear()
        shell._MEMORY, examination._MEMORY = shell.memory.Memory(), examination.Memory()
        started = time.process_time()
        examine(tree)
        examine(head)
        cold.append(time.process_time() - started)
        again = EditedTree(tree, {TEMPLATE: text.replace(f"echo {number}", f"echo again {number}")})
        started = time.process_time()
        examine(again)
        warm.append(time.process_time() - started)
    print("| in one process | processor ms |\n| --- | ---: |")
    print(f"| nothing known: the whole repository and the head | {median(cold) * 1000:.0f} |")
    print(f"| the base known, one template changed | {median(warm) * 1000:.0f} |\n")


# How the time grows


def _growth(folder: Path, runs: int) -> None:
    print("| templates changed (of 8) | unrelated files | time s | processor s | memory MB |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    cases = [(changed, 0) for changed in CHANGED] + [(1, unrelated) for unrelated in UNRELATED[1:]]
    for changed, unrelated in cases:
        sample = several(folder / f"{changed}-{unrelated}", changed, unrelated)
        done = middle([WRC.run(folder, sample)[0] for _ in range(runs)])
        times = f"{done.seconds:.2f} | {done.cpu:.2f}"
        print(f"| {changed} | {unrelated:,} | {times} | {done.megabytes:.0f} |", flush=True)
    print()


def _repository(repository: Path, base: str, head: str, runs: int) -> None:
    wrc = str(Path(sys.executable).parent / "wrc")
    command = [wrc, "check", "--format", "json", "--repo", str(repository.resolve()), "--base", base, "--head", head]
    check_locally(repository, base, head)
    done = middle([run(command, Path.cwd()) for _ in range(runs)])
    print("| `wrc check --repo` | time s | processor s | memory MB |\n| --- | ---: | ---: | ---: |")
    print(f"| {base}…{head} | {done.seconds:.2f} | {done.cpu:.2f} | {done.megabytes:.0f} |")


if __name__ == "__main__":
    main()
