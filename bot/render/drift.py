"""Known drift in words: what a pull request did about it, and the change that was planned for it."""

from __future__ import annotations

from rules.model import Drift
from rules.registry import all_drift


def told(drift: Drift) -> str:
    """What follows the id, as the rest of a sentence; names of changes are code."""
    item = next((item for item in all_drift() if item.id == drift.id), None)
    planned = f" `{item.follow_up}`" if item is not None and item.follow_up is not None else ""
    if drift.change == "fixed":
        return f"is fixed by this change, thank you.{f' That was planned as{planned}.' if planned else ''}"
    if drift.change == "reintroduced":
        return f"is back.{f' The change that was to end it is{planned}.' if planned else ''}"
    if drift.state == "present":
        wanted = f": it is not true yet that {item.title[:1].lower()}{item.title[1:]}" if item is not None else ""
        return f"is there{wanted}.{f' Planned as{planned}.' if planned else ''}"
    return "is not there."
