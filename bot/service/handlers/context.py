"""What the handlers may use."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.github.client import GitHubApp, Repository
from bot.github.trees import ObjectCache
from bot.service import events
from bot.store import Store


@dataclass(frozen=True)
class Context:
    app_id: int
    check_name: str
    github: GitHubApp
    web_url: str = "https://github.com"
    store: Store = field(default_factory=Store.in_memory)
    cache: ObjectCache = field(default_factory=ObjectCache)
    pace: float = 30.0
    """Seconds between reviews that nobody waits for."""

    def repository(self, installation: int, repository: events.Repository) -> Repository:
        return self.github.repository(installation, repository.id, repository.owner.login, repository.name)
