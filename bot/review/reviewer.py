"""A review from beginning to end: open a check run, then collect, judge, publish, and complete the check run.

Two calls, so that a crash between them repeats only what was not done. Either may be repeated: what is there already
is found and not made again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

from bot.github.answers import CheckRun, PullRequest
from bot.github.checks import RunKey, Verdict, complete, list_runs, start
from bot.github.client import Repository
from bot.github.errors import GitHubError, TooLargeError
from bot.github.pulls import get_pull
from bot.github.trees import ObjectCache
from bot.review.collect import collect
from bot.review.material import Judge
from bot.review.publish import HELD_BACK, post_new_findings, verdict
from rules.model import Conclusion
from rules.sources.diff import DiffError

log = structlog.get_logger("review")

UNFINISHED: Conclusion = "action_required"
"""How a check run ends that could not come to a verdict: it must neither pass nor blame the author."""

WHAT_TO_DO = "Comment `/wrc recheck` to try again."


@dataclass(frozen=True, slots=True)
class Opened:
    """A check run in progress for a pull request as it was then. `login` is the user our App posts as."""

    run_id: int
    login: str
    pull: PullRequest


@dataclass(frozen=True, slots=True)
class Skipped:
    """No review is needed; `reason` is a code for the log."""

    reason: str


@dataclass(frozen=True)
class Reviewer:
    """Reviews pull requests. One serves the whole process: blobs are shared between its reviews."""

    app_id: int
    check_name: str
    web_url: str
    judge: Judge
    cache: ObjectCache = field(default_factory=ObjectCache)

    def open(self, repository: Repository, number: int, job: str, *, again: bool) -> Opened | Skipped:
        """Create the check run on the pull request's head as it is now, before any work.

        The same head and base are reviewed once, unless `again`. A run left in progress is taken over: reviews of one
        pull request never run at the same time, so whoever made it is gone.

        Raises:
            GitHubError: GitHub refuses or fails.
        """
        pull = get_pull(repository, number)
        if pull.state != "open":
            return Skipped("closed")
        key = RunKey(number, pull.base.sha, job)
        runs = self._runs_for(repository, pull)
        run = next((run for run in runs if run.status != "completed" or run.external_id == str(key)), None)
        if run is None and runs and not again:
            return Skipped("already-reviewed")
        run = run or start(repository, pull.head.sha, self.check_name, self.app_id, key)
        return Opened(run.id, f"{run.app.slug}[bot]", pull)

    def _runs_for(self, repository: Repository, pull: PullRequest) -> list[CheckRun]:
        """Our check runs for this head and base, newest first. Another pull request may have the same head."""
        runs = []
        for run in list_runs(repository, pull.head.sha, self.check_name, self.app_id):
            key = RunKey.parse(run.external_id)
            if key is not None and (key.pull, key.base) == (pull.number, pull.base.sha):
                runs.append(run)
        return runs

    def finish(self, repository: Repository, opened: Opened, *, patient: bool) -> bool:
        """Collect, judge and publish. Whatever happens, the check run is completed and says what to do next.

        Returns whether there is a verdict.

        Raises:
            GitHubError: not even the check run could be completed; or a rate limit was reached and the caller is
                `patient`, who tries again when it ends.
        """
        finished = False
        try:
            result = self._review(repository, opened)
            finished = True
        except (GitHubError, TooLargeError, DiffError) as error:
            if patient and isinstance(error, GitHubError) and error.retry_after is not None:
                raise
            log.warning("unfinished", reason=str(error))
            result = _unfinished(str(error))
        except Exception:
            # Whatever goes wrong in here must not leave the pull request waiting for a check that never comes.
            log.exception("crashed")
            result = _unfinished("Something went wrong in the reviewer itself; its log has the details.")
        complete(repository, opened.run_id, result)
        return finished

    def _review(self, repository: Repository, opened: Opened) -> Verdict:
        material = collect(repository, opened.pull, self.cache, self.web_url)
        report = self.judge(material)
        log.info("judged", conclusion=report.conclusion, findings=len(report.findings))
        notes: list[str] = []
        if opened.pull.draft:
            notes.append(HELD_BACK)
        else:
            post_new_findings(repository, material, report, opened.login)
        return verdict(report, notes)


def _unfinished(reason: str) -> Verdict:
    return Verdict(UNFINISHED, "The review could not be finished", f"{reason}\n\n{WHAT_TO_DO}")
