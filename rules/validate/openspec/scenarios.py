"""A MODIFIED block replaces the whole requirement, so every scenario that it leaves out would be lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from rules.sources.openspec.blocks import Requirement

_MAX_LISTED = 3


class Balance(Struct, frozen=True):
    """The scenario names of two versions of a requirement, compared as multisets."""

    missing: tuple[str, ...]
    added: tuple[str, ...]
    current: int
    incoming: int

    @property
    def missing_list(self) -> str:
        return ", ".join(f'"{name}"' for name in self.missing)

    def describe(self) -> str:
        scale = f"The modified block has {_count(self.incoming)}; the current spec has {_count(self.current)}."
        if not self.added:
            return f"{scale} It adds none."
        listed = ", ".join(f'"{name}"' for name in self.added[:_MAX_LISTED])
        rest = len(self.added) - _MAX_LISTED
        names = f"{listed} and {rest} more" if rest > 0 else listed
        return f"{scale} It adds {_count(len(self.added))} not in the current spec: {names}."


def compare(current: Requirement, incoming: Requirement) -> Balance:
    before = [scenario.name for scenario in current.scenarios]
    after = [scenario.name for scenario in incoming.scenarios]
    return Balance(_unmatched(before, after), _unmatched(after, before), len(before), len(after))


def _unmatched(names: Sequence[str], against: Iterable[str]) -> tuple[str, ...]:
    left = Counter(against)
    unmatched = []
    for name in names:
        if left[name] > 0:
            left[name] -= 1
        else:
            unmatched.append(name)
    return tuple(unmatched)


def _count(number: int) -> str:
    return f"{number} {'scenario' if number == 1 else 'scenarios'}"
