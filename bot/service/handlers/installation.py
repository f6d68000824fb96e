"""The App was installed, removed, suspended, given other repositories or other permissions.

Nothing is kept by installation, so there is little to do but to say so, and to look at what is open already.
"""

from __future__ import annotations

import structlog

from bot.service.events import InstallationEvent
from bot.service.handlers.context import Context
from bot.service.requests import Decision, skip

log = structlog.get_logger("installation")

NEEDED = {"contents": "read", "checks": "write", "pull_requests": "write", "issues": "read"}
"""The permissions without which something does not work (app.yml asks for them)."""

_OPENS = ("created", "unsuspend", "added", "new_permissions_accepted")


def handle(body: str, context: Context) -> Decision:  # noqa: ARG001 (all handlers have the same shape)
    event = InstallationEvent.model_validate_json(body)
    granted = event.installation.permissions
    missing = sorted(name for name, level in NEEDED.items() if granted.get(name) not in (level, "write", "admin"))
    log.info(f"installation-{event.action}", installation=event.installation.id)
    if event.action not in _OPENS:
        return skip(f"installation-{event.action}")
    if missing:
        log.warning("permission-missing", installation=event.installation.id, missing=missing)
    return Decision(sweep=True)
