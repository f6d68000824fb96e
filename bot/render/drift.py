"""Known drift in words: what a pull request did about it, and the change that was planned for it."""

from __future__ import annotations

from collections.abc import Mapping

from rules.model import Drift

FOLLOW_UPS: Mapping[str, str] = {
    "D-1": "remediate-ddev-global-config",
    "D-2": "install-ddev-host-commands",
    "D-3": "chmod-ddev-host-commands",
    "D-4": "retire-systemd-dockerd",
    "D-5": "tighten-docker-socket-mode",
}
"""The follow-up changes that the contract's pull request names. None is named for D-6."""


def told(drift: Drift) -> str:
    """What follows the id, as the rest of a sentence; names of changes are code."""
    planned = f" `{FOLLOW_UPS[drift.id]}`" if drift.id in FOLLOW_UPS else ""
    if drift.change == "fixed":
        return f"is fixed by this change, thank you.{f' That was planned as{planned}.' if planned else ''}"
    if drift.change == "reintroduced":
        return f"is back.{f' The change that was to end it is{planned}.' if planned else ''}"
    if drift.state == "present":
        return f"is there.{f' Planned as{planned}.' if planned else ''}"
    return "is not there."
