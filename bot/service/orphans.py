"""Check runs that nobody will complete: their process died, and the database with their jobs is lost.

GitHub shows a run as in progress for two weeks. One on the head of an open pull request is taken over by the next
review; the others are concluded here.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.github.answers import PullRequest
from bot.github.checks import RunKey, Verdict, complete, list_runs
from bot.github.client import Repository
from bot.github.pulls import commits_of, recent_pulls
from bot.review.reviewer import SUPERSEDED

MAX_PULLS = 10
"""Pull requests looked at in one repository: a review ran when something had just happened in its own."""

MAX_COMMITS = 3
"""Commits looked at before the head of an open one."""

CLOSED = Verdict(
    "cancelled",
    "The pull request was closed",
    "It was closed before this commit was reviewed. When it is open again it is reviewed; there is nothing to do here.",
)


def conclude_orphans(repository: Repository, check_name: str, app_id: int) -> int:
    """Conclude our runs in progress on commits that nobody waits for; returns how many there were.

    Raises:
        GitHubError: GitHub refuses or fails.
    """
    count = 0
    for pull in recent_pulls(repository, MAX_PULLS):
        verdict = CLOSED if pull.state == "closed" else SUPERSEDED
        for commit in _left_behind(repository, pull):
            for run in list_runs(repository, commit, check_name, app_id):
                key = RunKey.parse(run.external_id)
                if run.status != "completed" and key is not None and key.pull == pull.number:
                    complete(repository, run.id, key, verdict)
                    count += 1
    return count


def _left_behind(repository: Repository, pull: PullRequest) -> Iterator[str]:
    if pull.state == "closed":
        yield pull.head.sha
    else:
        yield from [sha for sha in commits_of(repository, pull.number) if sha != pull.head.sha][-MAX_COMMITS:]
