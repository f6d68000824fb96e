"""Who speaks to a pull request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.github.client import Repository


@dataclass(frozen=True)
class Voice:
    """Who speaks, and where: the user `login`, our App, on one pull request.

    `proceed` is called before each write, and raises where the review is not wanted any more. Where it is `silent`,
    nobody has said anything yet.
    """

    repository: Repository
    number: int
    login: str
    proceed: Callable[[], None]
    silent: bool = False
