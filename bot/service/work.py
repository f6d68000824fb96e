"""What the jobs do, step by step, without the queue: each returns plain data for the database and may be repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.github.client import GitHubApp, Repository
from bot.github.conversation import Place, react
from bot.github.errors import GitHubError
from bot.github.pulls import get_pull
from bot.review.material import Target
from bot.review.reviewer import Opened, Reviewer, Skipped
from bot.service.handlers import HANDLERS
from bot.service.handlers.context import Context
from bot.service.recovery import Found, Moved, Recovery
from bot.service.requests import Decision, ReviewRequest, skip
from bot.service.whereabouts import ELSEWHERE, find_again, forwarded

log = structlog.get_logger("work")

MAX_ATTEMPTS = 8
FIRST_DELAY = timedelta(seconds=15)
MAX_DELAY = timedelta(hours=1)
"""A job that GitHub cannot serve now is put off, each time twice as long (half an hour in all), or until a rate limit
ends."""

MAX_ATTEMPTS_AT_NOTHING = 3
"""GitHub may announce a pull request before all of its servers know it: the first 404s are not believed."""

MAX_ATTEMPTS_AT_OLD_HEAD = 4
OLD_HEAD_DELAY = timedelta(seconds=2)
"""GitHub may announce a push before all of its servers show it: a request that tells of another head than is shown, or
another base, looks again after 2, 4 and 8 seconds. Not more often, for it may be an older one that comes late."""


class StepResult(BaseModel):
    """What a step leaves in the database. `delay`, in seconds, asks to put the whole job off."""

    model_config = ConfigDict(frozen=True)

    delay: float | None = None


class Turn(StepResult):
    """Whether a review has its pull request for itself."""

    mine: bool = False


class Ordered(StepResult):
    """The priorities of reviews that join the queue."""

    priorities: tuple[int, ...] = ()


class Decided(StepResult):
    decision: Decision = Decision()


class OpenedRun(StepResult):
    """A check run in progress, or the reason code for not reviewing. `moved` is the request where it is by now."""

    skip: str | None = None
    run_id: int = 0
    login: str = ""
    target: Target | None = None
    job: str = ""
    moved: ReviewRequest | None = None


class Missed(StepResult):
    """Reviews that should have been done, and (`again`) those to be done again because of contracts that have moved."""

    reviews: tuple[ReviewRequest, ...] = ()
    again: tuple[ReviewRequest, ...] = ()
    moved: tuple[Moved, ...] = ()


class Finished(StepResult):
    verdict: bool = False


@dataclass(frozen=True)
class Work:
    context: Context
    reviewer: Reviewer
    recovery: Recovery | None = None

    @property
    def github(self) -> GitHubApp:
        return self.context.github

    def _repository(self, request: ReviewRequest) -> Repository:
        return self.github.repository(request.installation, request.repository_id, request.owner, request.name)

    def decide(self, event: str, body: str, attempt: int) -> Decided:
        """What to do about a delivery."""
        try:
            return Decided(decision=self._handled(event, body))
        except ValidationError as error:
            places = [".".join(str(part) for part in problem["loc"]) for problem in error.errors()]
            log.warning("unreadable", places=places[:5])
            return Decided(decision=skip("unreadable-payload"))
        except GitHubError as error:
            return Decided(decision=skip("github-failed"), delay=_delay(error, attempt))
        except Exception:
            log.exception("crashed")
            return Decided(decision=skip("crashed"))

    def _handled(self, event: str, body: str) -> Decision:
        """What the event's handler decides, wherever the repository is by now."""
        try:
            return HANDLERS[event](body, self.context)
        except GitHubError as error:
            moved = forwarded(self.github, body) if error.status in ELSEWHERE else None
            if moved is None:
                raise
        return HANDLERS[event](moved, self.context)

    def redeliver(self) -> StepResult:
        """Ask GitHub for the deliveries that failed."""
        if self.recovery is not None:
            self.recovery.redeliver()
        return StepResult()

    def missed(self) -> Missed:
        """Open pull requests that were missed, or whose contract has moved."""
        found = self.recovery.missed() if self.recovery is not None else Found()
        return Missed(reviews=tuple(found.missed), again=tuple(found.again), moved=tuple(found.moved))

    def note(self, moved: Iterable[Moved]) -> StepResult:
        """Remember where contracts stand, now that what they change is to be judged again."""
        for each in moved:
            self.context.store.remember_contract(each.repository, each.base, each.contract)
        return StepResult()

    def open(self, request: ReviewRequest, job: str, attempt: int) -> OpenedRun:
        """Create the check run, in progress."""
        try:
            return self._open(request, job, attempt)
        except GitHubError as error:
            address = find_again(self.github, request.address) if error.status in ELSEWHERE else None
            if address is None:
                return OpenedRun(skip="github-failed", delay=_delay(error, attempt))
        moved = request.model_copy(update=asdict(address))
        log.info("moved", installation=moved.installation, to=f"{moved.owner}/{moved.name}")
        try:
            return self._open(moved, job, attempt).model_copy(update={"moved": moved})
        except GitHubError as error:
            return OpenedRun(skip="github-failed", delay=_delay(error, attempt))

    def _open(self, request: ReviewRequest, job: str, attempt: int) -> OpenedRun:
        opened = self.reviewer.open(
            self._repository(request), request.group or request.number, job, again=request.again, asked=request.asked
        )
        if isinstance(opened, Skipped):
            old = opened.target is not None and request.tells_of_another(opened.target)
            delay = OLD_HEAD_DELAY * 2 ** (attempt - 1)
            look_again = old and attempt < MAX_ATTEMPTS_AT_OLD_HEAD
            return OpenedRun(skip=opened.reason, delay=delay.total_seconds() if look_again else None)
        return OpenedRun(run_id=opened.run_id, login=opened.login, target=opened.target, job=job)

    def finish(
        self, request: ReviewRequest, run: OpenedRun, attempt: int, superseded: Callable[[], bool] = lambda: False
    ) -> Finished:
        """Do the review and complete the check run."""
        assert run.target is not None
        repository = self._repository(run.moved or request)
        opened = Opened(run.run_id, run.login, run.target, run.job)
        patient = attempt < MAX_ATTEMPTS
        try:
            verdict = self.reviewer.finish(
                repository, opened, patient=patient, explain=request.explain, superseded=superseded
            )
        except GitHubError as error:
            return Finished(delay=_delay(error, attempt))
        return Finished(verdict=verdict)

    def moved_on(self, request: ReviewRequest, run: OpenedRun) -> bool:
        """Whether the pull request has, as GitHub shows it now, other ends than those that `run` is about."""
        assert run.target is not None
        try:
            now = get_pull(self._repository(run.moved or request), request.number)
        except GitHubError as error:
            log.warning("not-looked", reason=str(error))
            return False
        return (now.head.sha, now.base.ref) != (run.target.head, run.target.base_ref)

    def acknowledge(self, request: ReviewRequest, *, done: bool) -> StepResult:
        """Answer the comment that asked, if one did. A reaction is not worth failing for."""
        if request.comment_id is not None:
            repository = self._repository(request)
            try:
                place = Place(comment=request.comment_id, thread=request.comment_id if request.in_thread else None)
                react(repository, place, "rocket" if done else "confused")
            except GitHubError as error:
                log.warning("no-reaction", reason=str(error))
        return StepResult()


def _delay(error: GitHubError, attempt: int) -> float | None:
    """Seconds until attempt `attempt` + 1 is worthwhile; None if it never is."""
    not_yet = error.status == 404 and attempt < MAX_ATTEMPTS_AT_NOTHING
    passing = error.uncertain or error.retry_after is not None or not_yet
    log.warning("github-failed", reason=str(error), attempt=attempt, passing=passing)
    if not passing or attempt >= MAX_ATTEMPTS:
        return None
    wanted = error.retry_after or FIRST_DELAY * 2 ** (attempt - 1)
    return min(wanted, MAX_DELAY).total_seconds()
