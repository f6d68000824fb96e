"""What changed about a requirement, as a reader takes it in: one line for each thing that changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rules.model import Change


class Told(NamedTuple):
    """The first change to one thing, and how many more there are to the same."""

    first: Change
    more: int

    @property
    def rest(self) -> str:
        return f" (and {self.more} more)" if self.more else ""


def told_once(changes: Sequence[Change], limit: int) -> tuple[list[Told], int]:
    """At most `limit` things, each with its first change, and the number of changes to all others."""
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(change.what, []).append(change)
    alike = list(groups.values())
    return [Told(group[0], len(group) - 1) for group in alike[:limit]], sum(map(len, alike[limit:]))
