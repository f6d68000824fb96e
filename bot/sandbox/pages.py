"""Pages for people (placeholder)."""

from __future__ import annotations

from starlette.routing import BaseRoute

from bot.sandbox.world import World


def routes(world: World) -> list[BaseRoute]:
    return []
