"""The button "Re-run all checks". Its payload names no pull request when the head is in a fork."""

from __future__ import annotations

from bot.github.checks import RunKey, list_runs
from bot.github.client import Repository
from bot.github.pulls import open_pulls
from bot.service.events import CheckSuiteEvent
from bot.service.handlers.again import again
from bot.service.handlers.context import Context
from bot.service.requests import Decision, skip


def handle(body: str, context: Context) -> Decision:
    event = CheckSuiteEvent.model_validate_json(body)
    if event.installation is None:
        return skip("no-installation")
    installation = event.installation.id
    if event.check_suite.app is None or event.check_suite.app.id != context.app_id:
        return skip("foreign-check-suite")
    repository = context.repository(installation, event.repository)
    head = event.check_suite.head_sha
    keys = _keys(repository, head, context) or [
        RunKey(pull.number, "", "", "") for pull in open_pulls(repository) if pull.head.sha == head
    ]
    if not keys:
        return skip("no-pull-request")
    return Decision(reviews=tuple(again(event, installation, key, head) for key in keys))


def _keys(repository: Repository, head: str, context: Context) -> list[RunKey]:
    """What our check runs on `head` were made for, each once."""
    runs = list_runs(repository, head, context.check_name, context.app_id)
    keys = (RunKey.parse(run.external_id) for run in runs)
    newest = {(key.pull or key.base): key for key in reversed([key for key in keys if key is not None])}
    return sorted(newest.values(), key=lambda key: key.pull or 0)
