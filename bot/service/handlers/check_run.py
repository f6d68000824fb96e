"""The button "Re-run" beside one check run, and the buttons that the check run itself offers."""

from __future__ import annotations

from bot.github.checks import RunKey
from bot.review.picture import EXPLAIN, RECHECK
from bot.service.events import CheckRunEvent
from bot.service.handlers.again import again
from bot.service.handlers.context import Context
from bot.service.requests import Decision, skip


def handle(body: str, context: Context) -> Decision:
    event = CheckRunEvent.model_validate_json(body)
    if event.installation is None:
        return skip("no-installation")
    if event.check_run.app is None or event.check_run.app.id != context.app_id:
        return skip("foreign-check-run")
    key = RunKey.parse(event.check_run.external_id)
    if key is None:
        return skip("unknown-check-run")
    pressed = event.requested_action.identifier if event.requested_action else RECHECK.identifier
    if pressed not in (RECHECK.identifier, EXPLAIN.identifier):
        return skip("unknown-action")
    explain = pressed == EXPLAIN.identifier
    return Decision(reviews=(again(event, event.installation.id, key, event.check_run.head_sha, explain=explain),))
