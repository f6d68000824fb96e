"""The button "Re-run" beside one check run."""

from __future__ import annotations

from bot.github.checks import RunKey
from bot.service.events import CheckRunEvent
from bot.service.handlers.context import Context
from bot.service.requests import Decision, request, skip


def handle(body: str, context: Context) -> Decision:
    event = CheckRunEvent.model_validate_json(body)
    if event.installation is None:
        return skip("no-installation")
    if event.check_run.app is None or event.check_run.app.id != context.app_id:
        return skip("foreign-check-run")
    key = RunKey.parse(event.check_run.external_id)
    if key is None:
        return skip("unknown-check-run")
    return Decision(reviews=(request(event, event.installation.id, key.pull, "check_run.rerequested", again=True),))
