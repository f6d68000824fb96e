"""Check runs: found, created in progress, and completed with a summary and annotations.

Limits are GitHub's: https://docs.github.com/en/rest/checks/runs#update-a-check-run
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from githubkit_schemas.latest.types import (
    ReposOwnerRepoCheckRunsCheckRunIdPatchBodyPropActionsItemsType as ActionBody,
)
from githubkit_schemas.latest.types import (
    ReposOwnerRepoCheckRunsCheckRunIdPatchBodyPropOutputPropAnnotationsItemsType as AnnotationBody,
)
from githubkit_schemas.latest.types import (
    ReposOwnerRepoCheckRunsCheckRunIdPatchBodyPropOutputType as OutputBody,
)

from bot.github.answers import CheckRun, CheckRuns, parse
from bot.github.client import Repository
from bot.github.errors import GitHubError, asking, write_once
from bot.github.text import clip
from rules.model import Conclusion, Level

MAX_ANNOTATIONS_PER_REQUEST = 50
MAX_SUMMARY_CHARACTERS = 65_535
MAX_ANNOTATION_TITLE_CHARACTERS = 255
MAX_ANNOTATION_MESSAGE_CHARACTERS = 16_000
"""GitHub allows 64 KB; a character has at most four bytes."""

MAX_ANNOTATIONS = 500
"""Ten requests; the summary says how many there are."""

MAX_ACTIONS = 3
"""With a label of 20, a description of 40 and an identifier of 20 characters."""

MAX_RUNS_LISTED = 100


UNDECIDED, ANY = "?", "*"


@dataclass(frozen=True, slots=True)
class RunKey:
    """What a check run was made for, kept in its `external_id`.

    GitHub leaves the list of pull requests of a check run empty for forks, so this is how a run finds back to its pull
    request; `pull` is None for a group of the merge queue. `base` is the base commit, `rules` the version of the rules;
    `job` tells one attempt from the next. `contract` is the version of the contract in force: `UNDECIDED` until there
    is a verdict, and `ANY` for one that no contract would change.
    """

    pull: int | None
    base: str
    rules: str
    job: str
    contract: str = UNDECIDED

    def __str__(self) -> str:
        whom = "queue" if self.pull is None else f"pr={self.pull}"
        return f"{whom} base={self.base} rules={self.rules} contract={self.contract} job={self.job}"

    def like(self, other: RunKey) -> bool:
        """Whether both are for the same comparison by the same rules."""
        return (self.pull, self.base, self.rules) == (other.pull, other.base, other.rules)

    @classmethod
    def parse(cls, external_id: str | None) -> RunKey | None:
        match = _RUN_KEY.fullmatch(external_id or "")
        if match is None:
            return None
        pull, base, rules, contract, job = match.groups()
        return cls(int(pull) if pull else None, base, rules, job, contract)


_RUN_KEY = re.compile(r"(?:pr=([1-9]\d{0,9})|queue) base=([0-9a-f]+) rules=(\S+) contract=(\S+) job=(\S+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Annotation:
    """Lines `start` to `end` (1-based, inclusive) of a file at the head."""

    path: str
    start: int
    end: int
    level: Level
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class Action:
    """A button on the check run. GitHub sends its `identifier` back when somebody with write access presses it."""

    identifier: str
    label: str
    description: str


RunConclusion = Conclusion | Literal["cancelled"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a completed check run shows. `summary` and `text`, which stands below it, are Markdown."""

    conclusion: RunConclusion
    title: str
    summary: str
    annotations: tuple[Annotation, ...] = ()
    text: str = ""
    actions: tuple[Action, ...] = ()


def list_runs(repository: Repository, head: str, name: str, app_id: int) -> list[CheckRun]:
    """Our App's check runs called `name` on commit `head`, newest first; at most `MAX_RUNS_LISTED`."""
    with asking(f"list the check runs of {head[:7]}"):
        response = repository.client.rest.checks.list_for_ref(
            repository.owner,
            repository.name,
            head,
            check_name=name,
            filter_="all",
            app_id=app_id,
            per_page=MAX_RUNS_LISTED,
        )
        runs = parse(CheckRuns, response).check_runs
    ours = [run for run in runs if run.app.id == app_id]
    return sorted(ours, key=lambda run: run.id, reverse=True)


def start(repository: Repository, head: str, name: str, app_id: int, key: RunKey) -> CheckRun:
    """A new check run on `head`, in progress."""

    def create() -> CheckRun:
        with asking("create the check run"):
            response = repository.client.rest.checks.create(
                repository.owner,
                repository.name,
                name=name,
                head_sha=head,
                status="in_progress",
                external_id=str(key),
            )
            return parse(CheckRun, response)

    def find() -> CheckRun | None:
        runs = list_runs(repository, head, name, app_id)
        return next((run for run in runs if run.external_id == str(key)), None)

    return write_once(create, find)


def complete(repository: Repository, run_id: int, key: RunKey, verdict: Verdict, *, blank: bool = False) -> None:
    """Publish `verdict` on the check run that was made for `key`; the contract in it may have become known since.

    May be repeated: annotations that are there already are not added again. `blank` says that nothing was ever written
    to it, so that there is nothing to look for.
    """
    annotations = verdict.annotations[:MAX_ANNOTATIONS]
    sent = 0 if blank or not annotations else _annotation_count(repository, run_id)
    while len(annotations) - sent > MAX_ANNOTATIONS_PER_REQUEST:
        _send(repository, run_id, key, verdict, annotations[sent : sent + MAX_ANNOTATIONS_PER_REQUEST], last=False)
        sent += MAX_ANNOTATIONS_PER_REQUEST
    try:
        _send(repository, run_id, key, verdict, annotations[sent:], last=True)
    except GitHubError as error:
        if not error.uncertain:
            raise
        sent = _annotation_count(repository, run_id)
        _send(repository, run_id, key, verdict, annotations[sent:], last=True)


def _annotation_count(repository: Repository, run_id: int) -> int:
    with asking("show the check run"):
        response = repository.client.rest.checks.get(repository.owner, repository.name, run_id)
        return parse(CheckRun, response).output.annotations_count


def _send(
    repository: Repository, run_id: int, key: RunKey, verdict: Verdict, annotations: Sequence[Annotation], *, last: bool
) -> None:
    """One update; GitHub appends its annotations to those that are there."""
    output: OutputBody = {
        "title": verdict.title,
        "summary": clip(verdict.summary, MAX_SUMMARY_CHARACTERS),
        "annotations": [_annotation(annotation) for annotation in annotations],
    }
    if verdict.text:
        output["text"] = clip(verdict.text, MAX_SUMMARY_CHARACTERS)
    checks = repository.client.rest.checks
    with asking("update the check run"):
        if last:
            checks.update(
                repository.owner,
                repository.name,
                run_id,
                external_id=str(key),
                status="completed",
                conclusion=verdict.conclusion,
                output=output,
                actions=[_action(action) for action in verdict.actions[:MAX_ACTIONS]],
            )
        else:
            checks.update(repository.owner, repository.name, run_id, status="in_progress", output=output)


def _action(action: Action) -> ActionBody:
    return {"identifier": action.identifier, "label": action.label, "description": action.description}


def _annotation(annotation: Annotation) -> AnnotationBody:
    return {
        "path": annotation.path,
        "start_line": annotation.start,
        "end_line": annotation.end,
        "annotation_level": annotation.level,
        "title": clip(annotation.title, MAX_ANNOTATION_TITLE_CHARACTERS, "…"),
        "message": clip(annotation.message, MAX_ANNOTATION_MESSAGE_CHARACTERS),
    }
