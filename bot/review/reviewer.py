"""A review from beginning to end: open a check run, then collect, judge, publish, and complete the check run.

Two calls, so that a crash between them repeats only what was not done. Either may be repeated: what is there already
is found and not made again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.metadata import version

import structlog

from bot import metrics
from bot.github.answers import CheckRun
from bot.github.checks import ANY, UNDECIDED, RunKey, Verdict, complete, list_runs, start
from bot.github.client import Repository
from bot.github.errors import GitHubError, TooLargeError
from bot.github.glance import glance
from bot.github.pulls import branch_tip
from bot.github.trees import ObjectCache, RemoteTree
from bot.review.collect import collect
from bot.review.decisive import contract_version
from bot.review.material import Judge, Target
from bot.review.picture import picture
from bot.review.publish import speak
from bot.review.voice import Voice
from rules.model import Conclusion
from rules.sources.diff import DiffError

log = structlog.get_logger("review")

RULES_VERSION = version("wrc-bot")
"""A verdict is one of certain rules: others may judge the same commits again."""

UNFINISHED: Conclusion = "action_required"
"""How a check run ends that could not come to a verdict: it must neither pass nor blame the author."""

WHAT_TO_DO = "Comment `/wrc recheck` to try again."

SUPERSEDED = Verdict(
    "cancelled",
    "A newer push came",
    "The pull request has changed while this commit was reviewed. The check of its newest commit has the verdict; "
    "there is nothing to do here.",
)

REVIEWED_SINCE = "reviewed-since"
"""Why there is no review for who asked: one that began later has its verdict already."""


class Superseded(Exception):
    """The pull request has moved on: nobody wants to read this review any more."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A check run in progress for a pull request as it was then. `login` is the user our App posts as.

    `job` is the name of the work that made it.
    """

    run_id: int
    login: str
    target: Target
    job: str

    @property
    def key(self) -> RunKey:
        return RunKey(self.target.number, self.target.base_sha, RULES_VERSION, self.job)


@dataclass(frozen=True, slots=True)
class Skipped:
    """No review is needed; `reason` is a code for the log. `target` has been reviewed."""

    reason: str
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is to be reviewed, and whether there may be check runs of ours on its head, and reviews."""

    target: Target
    checked: bool = True
    reviewed: bool = True


@dataclass(frozen=True)
class Reviewer:
    """Reviews pull requests. One serves the whole process: blobs are shared between its reviews.

    `blank` are check runs that this process has made and not written to yet, `silent` those that it made where nobody
    had reviewed the pull request yet.
    """

    app_id: int
    check_name: str
    web_url: str
    judge: Judge
    cache: ObjectCache = field(default_factory=ObjectCache)
    blank: set[int] = field(default_factory=set)
    silent: set[int] = field(default_factory=set)

    def open(
        self,
        repository: Repository,
        wanted: int | Target,
        job: str,
        *,
        again: bool,
        asked: datetime | None = None,
    ) -> Opened | Skipped:
        """Create the check run on the head of a pull request, or of a group, before any work.

        The same head and base are reviewed once by the same rules and contract, unless `again`, and once after `asked`.
        A run left in progress is taken over: reviews of one pull request never run at the same time, so whoever made it
        is gone.

        Raises:
            GitHubError: GitHub refuses or fails.
        """
        seen = _Seen(wanted) if isinstance(wanted, Target) else self._seen(repository, wanted)
        if seen is None:
            return Skipped("closed")
        target = seen.target
        key = RunKey(target.number, target.base_sha, RULES_VERSION, job)
        runs = self._runs_for(repository, target) if seen.checked else []
        run = next((run for run, its in runs if run.status != "completed" or its.job == job), None)
        if run is None and asked is not None and any(_answers(*each, key, asked) for each in runs):
            return Skipped(REVIEWED_SINCE, target)
        if run is None and not again:
            same = (its for run, its in runs if run.conclusion != SUPERSEDED.conclusion and its.like(key))
            contracts = {its.contract for its in same}
            if contracts and (ANY in contracts or self._contract(repository, target) in contracts):
                return Skipped("already-reviewed", target)
        if run is not None:
            self.blank.discard(run.id)
            self.silent.discard(run.id)
        else:
            run = start(repository, target.head, self.check_name, self.app_id, key)
            self.blank.add(run.id)
            if not seen.reviewed:
                self.silent.add(run.id)
        return Opened(run.id, f"{run.app.slug}[bot]", target, job)

    def _seen(self, repository: Repository, number: int) -> _Seen | None:
        """A pull request; None if it is closed."""
        found = glance(repository, number, self.check_name, self.app_id)
        pull = found.pull
        if pull.state != "open":
            return None
        target = Target(
            number=number,
            head=pull.head.sha,
            base_ref=pull.base.ref,
            base_sha=pull.base.sha,
            draft=pull.draft,
            description=f"{pull.head.ref}\n{pull.body or ''}",
        )
        return _Seen(target, found.checked, found.reviewed)

    def _runs_for(self, repository: Repository, target: Target) -> list[tuple[CheckRun, RunKey]]:
        """Our check runs for this head, newest first. Another pull request may have the same head."""
        runs = list_runs(repository, target.head, self.check_name, self.app_id)
        found = ((run, RunKey.parse(run.external_id)) for run in runs)
        return [(run, its) for run, its in found if its is not None and its.pull == target.number]

    def _contract(self, repository: Repository, target: Target) -> str:
        """The version of the contract by which `target` would be judged now."""
        tip = target.base_ref if target.number is None else branch_tip(repository, target.base_ref)
        try:
            return contract_version(RemoteTree(repository, tip, self.cache))
        except TooLargeError:
            # The review will say so.
            return UNDECIDED

    def finish(
        self,
        repository: Repository,
        opened: Opened,
        *,
        patient: bool,
        explain: bool = False,
        superseded: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Collect, judge and publish. Whatever happens, the check run is completed and says what to do next.

        `superseded` is asked before each write whether the pull request has moved on; then this review ends in a
        cancelled check run, and says nothing. With `explain` the check run holds the pages of the rules concerned.
        Returns whether there is a verdict.

        Raises:
            GitHubError: not even the check run could be completed; or a rate limit was reached and the caller is
                `patient`, who tries again when it ends.
        """

        def proceed() -> None:
            if superseded():
                raise Superseded

        key, finished = opened.key, False
        try:
            result, contract = self._review(repository, opened, proceed, explain=explain)
            key, finished = replace(key, contract=contract), True
        except Superseded:
            log.info("superseded")
            result = SUPERSEDED
        except (GitHubError, TooLargeError, DiffError) as error:
            if patient and isinstance(error, GitHubError) and error.retry_after is not None:
                raise
            log.warning("unfinished", reason=str(error))
            result = _unfinished(str(error))
        except Exception:
            # Whatever goes wrong in here must not leave the pull request waiting for a check that never comes.
            log.exception("crashed")
            result = _unfinished("Something went wrong in the reviewer itself; its log has the details.")
        blank = opened.run_id in self.blank
        self.blank.discard(opened.run_id)
        complete(repository, opened.run_id, key, result, blank=blank)
        metrics.REVIEWS.labels(result.conclusion).inc()
        return finished

    def _review(
        self, repository: Repository, opened: Opened, proceed: Callable[[], None], *, explain: bool
    ) -> tuple[Verdict, str]:
        """The verdict, and the version of the contract by which it is one."""
        proceed()
        target = opened.target
        with metrics.PHASE_SECONDS.labels("collect").time():
            material = collect(repository, target, self.cache, self.web_url)
        with metrics.PHASE_SECONDS.labels("judge").time():
            report = self.judge(material)
        metrics.count_findings(report)
        log.info("judged", conclusion=report.conclusion, findings=len(report.findings))
        proceed()
        held_back = False
        if target.number is not None:
            voice = Voice(repository, target.number, opened.login, proceed, silent=opened.run_id in self.silent)
            self.silent.discard(opened.run_id)
            with metrics.PHASE_SECONDS.labels("publish").time():
                held_back = speak(voice, material, report)
        proceed()
        contract = ANY if material.prose else contract_version(material.contract_tree)
        return picture(report, held_back=held_back, explain=explain), contract


def _answers(run: CheckRun, its: RunKey, wanted: RunKey, asked: datetime) -> bool:
    """Whether a check run has a verdict on what is wanted, and began after it was asked for.

    Both are GitHub's times, cut to the second: of two in the same one nobody knows which came first.
    """
    began_later = run.started_at is not None and run.started_at > asked
    return began_later and its.like(wanted) and its.contract != UNDECIDED


def _unfinished(reason: str) -> Verdict:
    return Verdict(UNFINISHED, "The review could not be finished", f"{reason}\n\n{WHAT_TO_DO}")
