"""The ledger of known drift: each item at base and head, and what the change did about it.

Drift is told and never failed. An item that comes back is a finding of the level `notice`, which decides nothing about
the conclusion; one that goes away, or that is there before and after, is no finding.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from rules.model import Drift, Sighting, Span, Violation
from rules.registry import KnownDrift, all_drift


class Kept(Struct, frozen=True):
    """One line of the ledger. `message` says what is there; `template` is the folder that it is in."""

    drift: Drift
    message: str

    @property
    def notice(self) -> Violation:
        """What to say of an item that is back."""
        span = Span(self.drift.path, self.drift.line, self.drift.line)
        template = self.drift.path.split("/")[0]
        return Violation(self.drift.id, template, "known drift", self.drift.id, span, "notice", self.message)


def ledger(base: Iterable[Sighting], head: Iterable[Sighting]) -> tuple[Kept, ...]:
    """Every item of known drift, in the order of the contract."""
    before, after = tuple(base), tuple(head)
    return tuple(_kept(item, _settled(item, before), _settled(item, after)) for item in all_drift())


def standing(sightings: Iterable[Sighting]) -> tuple[Drift, ...]:
    """Where each item stands in one tree, without those of which it cannot be told."""
    seen = tuple(sightings)
    settled = ((item, _settled(item, seen)) for item in all_drift())
    return tuple(_kept(item, each, each).drift for item, each in settled if each is None or each.state != "unknown")


def _settled(item: KnownDrift, sightings: tuple[Sighting, ...]) -> Sighting | None:
    """One answer for the whole tree: it is there if any template has it."""
    own = [each for each in sightings if each.id == item.id]
    if item.settle is not None:
        return item.settle(own)
    by_state = {each.state: each for each in reversed(own)}
    return by_state.get("present") or by_state.get("unknown") or by_state.get("absent")


def _kept(item: KnownDrift, before: Sighting | None, after: Sighting | None) -> Kept:
    old = before.state if before is not None else None
    new = after.state if after is not None else None
    if before is not None and (old, new) == ("present", "absent"):
        return Kept(Drift(item.id, "absent", "fixed", before.span.path, before.span.start), "")
    if new == "unknown":
        after = before
    if after is None:
        return Kept(Drift(item.id, "absent", "none", item.place, 1), "")
    at = after.span.path, after.span.start
    if after.state != "present":
        return Kept(Drift(item.id, "absent", "none", *at), "")
    back = (old, new) == ("absent", "present")
    return Kept(Drift(item.id, "present", "reintroduced" if back else "none", *at), after.message)
