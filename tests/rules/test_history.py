"""The whole history of the real repository, for its keepers: set WRC_HISTORY to a bare clone with its pull requests.

Not for CI: it needs that clone. What is introduced there must be on the list below, pull request by pull request.
"""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from bot.git import Repository
from rules.engine import Revisions, review
from rules.model import Report
from rules.sources.diff import parse_diff
from rules.sources.terraform.parse import parse

HISTORY = os.environ.get("WRC_HISTORY", "")
pytestmark = pytest.mark.skipif(not HISTORY, reason="WRC_HISTORY names no clone")

NEW_TEMPLATE = {"BOOT": 3, "F-5": 2, "F-8": 2, "INV-5": 1, "INV-6": 1, "INV-8": 3, "INV-9": 1}

INTRODUCED: dict[int, dict[str, int]] = {
    1: {"BOOT": 1, "F-10": 1, "INV-9": 1},
    2: {"BOOT": 1, "F-5": 1, "F-8": 1, "F-10": 1, "INV-9": 1},
    7: {"INV-6": 1},  # looks at $PATH, not at ~/.bashrc, as 9 and 12 do
    9: NEW_TEMPLATE,
    12: NEW_TEMPLATE,
    14: {"F-5": 1},
    # stages a configuration with the router, which ddev-drupal-core copies at every start
    20: {"BOOT": 2, "F-5": 3, "INV-5": 1, "INV-7": 1, "INV-8": 2, "INV-9": 1},
    21: {"BOOT": 1, "D-3": 1},  # takes away the project's folder; brings coder-setup, not made executable
    26: {"F-7": 1},
    27: {"D-1": 1, "INV-6": 2},  # ddev-single-project no longer says that nothing is staged
    36: {"F-5": 1},
    43: {"F-5": 1},
}
"""What pull requests introduce: number to rule ids and how many findings of each.

1, 2 and 3 bring a stop script that powers DDEV off without a look at the socket, where nothing powered it off before:
that is better than it was, so it is no blame.
"""

MERGED_BY_FAST_FORWARD = {3: "1837a81"}
"""Pull requests whose commits are the default branch's own, so that no merge tells where they began."""


def git(*args: str) -> str:
    return subprocess.run(["git", "-C", HISTORY, *args], capture_output=True, check=True, text=True).stdout.strip()


def _pulls() -> list[int]:
    if not HISTORY:
        return []
    refs = git("for-each-ref", "--format=%(refname)", "refs/pull/*/head")
    return sorted(int(ref.split("/")[2]) for ref in refs.split("\n"))


def _fork_point(head: str) -> str:
    """Where a pull request began: its merge base with the default branch as it was before the merge."""
    merges = git("rev-list", "--first-parent", "--ancestry-path", "--reverse", f"{head}..HEAD").split("\n")
    before = f"{merges[0]}^1" if merges[0] else "HEAD"
    return git("merge-base", before, head)


def _report(repository: Repository, number: int) -> Report:
    head = git("rev-parse", f"refs/pull/{number}/head")
    base = git("rev-parse", MERGED_BY_FAST_FORWARD.get(number) or _fork_point(head))
    return review(
        base=repository.tree(base),
        head=repository.tree(head),
        contract=repository.tree(base),
        diff=parse_diff(repository.diff(base, head)),
        revisions=Revisions(base=base, head=head, contract=base),
        repository_url=None,
        today=date(2026, 1, 1),
    )


@pytest.mark.parametrize("number", _pulls())
def test_a_pull_request_is_blamed_for_what_it_does_and_no_more(number: int) -> None:
    with Repository(Path(HISTORY)) as repository:
        report = _report(repository, number)
    introduced = [finding for finding in report.findings if finding.status == "introduced"]
    assert Counter(finding.rule for finding in introduced) == INTRODUCED.get(number, {}), [
        f"{finding.rule} {finding.path}:{finding.line} {finding.message}" for finding in introduced
    ]


def _versions() -> Iterator[tuple[str, str]]:
    """Every version of every Terraform file that any ref leads to: blob id and path."""
    seen = set()
    for line in git("rev-list", "--objects", "--all").split("\n"):
        blob, _, path = line.partition(" ")
        if path.endswith(".tf") and blob not in seen:
            seen.add(blob)
            yield blob, path


def test_every_version_of_every_template_parses() -> None:
    broken = {}
    for blob, path in _versions():
        problems = parse(git("cat-file", "blob", blob), path).problems
        if problems:
            broken[blob] = [f"{path}:{problem.line} {problem.message}" for problem in problems]
    assert broken == {}
