"""The button "Re-run all checks". Its payload names no pull request when the head is in a fork."""

from __future__ import annotations

from bot.github.checks import RunKey, list_runs
from bot.github.client import Repository
from bot.github.pulls import open_pulls_at
from bot.service.events import CheckSuiteEvent
from bot.service.handlers.context import Context
from bot.service.requests import Decision, request, skip


def handle(body: str, context: Context) -> Decision:
    event = CheckSuiteEvent.model_validate_json(body)
    if event.installation is None:
        return skip("no-installation")
    installation = event.installation.id
    if event.check_suite.app is None or event.check_suite.app.id != context.app_id:
        return skip("foreign-check-suite")
    repository = context.github.repository(installation, event.repository.owner.login, event.repository.name)
    numbers = _pulls(repository, event.check_suite.head_sha, context)
    if not numbers:
        return skip("no-pull-request")
    reviews = (request(event, installation, number, "check_suite.rerequested", again=True) for number in numbers)
    return Decision(reviews=tuple(reviews))


def _pulls(repository: Repository, head: str, context: Context) -> list[int]:
    """The pull requests that our check runs on `head` were made for, else those open with that head."""
    keys = [RunKey.parse(run.external_id) for run in list_runs(repository, head, context.check_name, context.app_id)]
    return sorted({key.pull for key in keys if key is not None}) or open_pulls_at(repository, head)
