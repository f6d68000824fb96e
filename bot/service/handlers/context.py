"""What the handlers may use."""

from __future__ import annotations

from dataclasses import dataclass

from bot.github.client import GitHubApp


@dataclass(frozen=True)
class Context:
    app_id: int
    check_name: str
    github: GitHubApp
    pace: float = 30.0
    """Seconds between reviews that nobody waits for."""
