"""Check runs and suites: what an App may write into them, and what re-running them sends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.sandbox import events
from bot.sandbox.errors import ApiError, invalid_request, validation_failed
from bot.sandbox.shapes import suite_state
from bot.sandbox.state import Action, Annotation, App, CheckRun, CheckSuite, Repository, User

if TYPE_CHECKING:
    from bot.sandbox.world import World

MAX_ANNOTATION_TITLE = 255
MAX_ANNOTATION_BYTES = 64 * 1024


@dataclass(frozen=True)
class Output:
    title: str | None
    summary: str
    text: str | None
    annotations: Sequence[Annotation]


@dataclass(frozen=True)
class Fields:
    """What a request sets on a check run; None leaves a field as it is."""

    name: str | None = None
    external_id: str | None = None
    details_url: str | None = None
    status: str | None = None
    conclusion: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    output: Output | None = None
    actions: Sequence[Action] | None = None


def suite_for(world: World, repository: Repository, app: App, sha: str) -> CheckSuite:
    """The suite of an App for a commit, made when there is none."""
    suites = repository.check_suites.values()
    suite = next((suite for suite in suites if suite.app is app and suite.head_sha == sha), None)
    if suite is None:
        now = world.clock()
        suite = CheckSuite(world.new_id(), app, sha, world.branch_of(repository, sha), None, now, now)
        repository.check_suites[suite.id] = suite
    return suite


def create_run(world: World, repository: Repository, app: App, sha: str, fields: Fields) -> CheckRun:
    """
    Raises:
        ApiError: 422, the commit is unknown, the name empty, or `fields` contradict each other.
    """
    if repository.git.resolve(sha) != sha:
        raise ApiError(422, f"No commit found for SHA: {sha}")
    if not (fields.name or "").strip():
        raise validation_failed("CheckRun", "name", "missing_field")
    check(fields)
    suite = suite_for(world, repository, app, sha)
    run = CheckRun(world.new_id(), suite, fields.name or "", "queued", None, "", None, world.clock(), None)
    _apply(world, run, fields)
    repository.check_runs[run.id] = run
    suite.rerequested, suite.updated_at = False, world.clock()
    events.check_run(world, repository, run, "created", app.bot)
    _announce(world, repository, run)
    return run


def update_run(world: World, repository: Repository, app: App, run: CheckRun, fields: Fields) -> None:
    """
    Raises:
        ApiError: 403, another App made the run; 422, `fields` contradict each other.
    """
    if run.suite.app is not app:
        raise ApiError(
            403, f"Invalid app_id `{app.id}` - check run can only be modified by the GitHub App that created it."
        )
    check(fields)
    before = run.status
    _apply(world, run, fields)
    run.suite.updated_at = world.clock()
    if before != "completed":
        _announce(world, repository, run)


def rerequest_run(world: World, repository: Repository, run: CheckRun, sender: User) -> None:
    """What the button Re-run on one check does: the App is asked; the run itself stays as it is."""
    run.suite.rerequested = True
    events.check_run(world, repository, run, "rerequested", sender)


def rerequest_suite(world: World, repository: Repository, suite: CheckSuite, sender: User) -> None:
    """What the button Re-run all checks does."""
    suite.rerequested = True
    events.check_suite(world, repository, suite, "rerequested", sender)


def request_action(world: World, repository: Repository, run: CheckRun, identifier: str, sender: User) -> None:
    """What one of the run's own buttons does."""
    events.check_run(world, repository, run, "requested_action", sender, requested_action={"identifier": identifier})


def check(fields: Fields) -> None:
    """Refuse what the endpoint's schema cannot say: the rest of GitHub's rules for check runs.

    Raises:
        ApiError: 422.
    """
    if fields.status == "completed" and fields.conclusion is None:
        raise invalid_request('"conclusion" wasn\'t supplied.')
    if fields.conclusion is not None and fields.status not in {None, "completed"}:
        raise invalid_request(f'"conclusion" is only allowed when status is completed, not {fields.status}.')
    for annotation in fields.output.annotations if fields.output else ():
        if complaint := _complaint(annotation):
            raise validation_failed("CheckAnnotation", complaint[0], "invalid", complaint[1])


def _complaint(annotation: Annotation) -> tuple[str, str] | None:
    columns = (annotation.start_column, annotation.end_column)
    if len(annotation.title or "") > MAX_ANNOTATION_TITLE:
        return "title", f"title is too long (maximum is {MAX_ANNOTATION_TITLE} characters)"
    for name, text in (("message", annotation.message), ("raw_details", annotation.raw_details or "")):
        if len(text.encode()) > MAX_ANNOTATION_BYTES:
            return name, f"{name} exceeds a maximum bytesize of {MAX_ANNOTATION_BYTES}"
    if not annotation.message:
        return "message", "message can't be blank"
    if annotation.start_line < 1 or annotation.end_line < annotation.start_line:
        return "end_line", "end_line must not be before start_line"
    if columns != (None, None) and annotation.start_line != annotation.end_line:
        return "start_column", "start_column and end_column are only allowed on a single line"
    return None


def _apply(world: World, run: CheckRun, fields: Fields) -> None:
    run.name = fields.name or run.name
    run.external_id = run.external_id if fields.external_id is None else fields.external_id
    run.details_url = run.details_url if fields.details_url is None else fields.details_url
    run.started_at = fields.started_at or run.started_at
    if fields.actions is not None:
        run.actions = tuple(fields.actions)
    if fields.output is not None:
        run.title = fields.output.title if fields.output.title is not None else run.title
        run.summary, run.text = fields.output.summary, fields.output.text
        run.annotations.extend(fields.output.annotations)
    # Last, since who looks at a run without the world's lock waits for its status.
    if fields.conclusion is not None:
        run.conclusion, run.completed_at = fields.conclusion, fields.completed_at or world.clock()
        run.status = "completed"
    elif fields.status is not None:
        run.status, run.conclusion, run.completed_at = fields.status, None, None


def _announce(world: World, repository: Repository, run: CheckRun) -> None:
    """Tell that a run is completed and, with the last of them, its suite."""
    if run.status != "completed":
        return
    bot = run.suite.app.bot
    events.check_run(world, repository, run, "completed", bot)
    runs = [other for other in repository.check_runs.values() if other.suite is run.suite]
    if suite_state(run.suite, runs)[0] == "completed":
        events.check_suite(world, repository, run.suite, "completed", bot)
