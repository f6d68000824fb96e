"""What our App has told a pull request, and what became of it.

Each of our reviews keeps a hidden list in its body: for every finding it tells, the rule, the fingerprint and the state
in which its words are now. So nothing is told twice, not even what somebody deleted. The list is trusted in our own
App's reviews only: anyone can paste one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rules.model import Finding, Level

State = Level | Literal["delta", "waived", "fixed"]
"""How a finding stands: open at a level, explicitly modified by the pull request, let stand by the base, or gone."""

FOLDED: frozenset[State] = frozenset({"waived", "fixed"})
"""States in which nobody has anything to do: what was said is folded."""

MAX_TOLD = 1_000
"""Findings told in one review; the check run tells how many there are."""

_LIST = re.compile(r"<!-- wrc:told((?: [^\s:=<>]{1,20}:[^\s:=<>]{1,80}=[a-z]{1,10})*) -->")
_ENTRY = re.compile(r"(\S+):(\S+)=(failure|warning|notice|delta|waived|fixed)")
_MARK = re.compile(r"<!-- wrc:fp=([^\s>]{1,80}) -->")


@dataclass(frozen=True, slots=True)
class Entry:
    """One finding that a review tells."""

    rule: str
    fingerprint: str
    state: State


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands: the `index`th of the list in the review with the id `review`."""

    review: int
    index: int


@dataclass(frozen=True, slots=True)
class Transition:
    """An entry whose words no longer say how it stands, or all that is missing. `finding` is None for what is gone."""

    place: Place
    state: State
    finding: Finding | None
    back: bool = False


Told = Mapping[Place, Entry]


def state_of(finding: Finding) -> State:
    by = finding.acknowledged_by
    if by is None:
        return finding.level
    return "waived" if by.accepted else "delta"


def entry_of(finding: Finding) -> Entry:
    return Entry(finding.rule, finding.fingerprint, state_of(finding))


def hidden_list(entries: Iterable[Entry]) -> str:
    """The list for the head of a review's body; Markdown does not show it."""
    words = "".join(f" {entry.rule}:{entry.fingerprint}={entry.state}" for entry in entries)
    return f"<!-- wrc:told{words} -->"


def read_list(body: str) -> tuple[Entry, ...]:
    found = _LIST.match(body)
    words = found[1].split() if found else []
    return tuple(Entry(m[1], m[2], m[3]) for m in map(_ENTRY.fullmatch, words) if m)  # type: ignore[arg-type]


def replace_list(body: str, entries: Iterable[Entry]) -> str:
    return _LIST.sub(lambda _: hidden_list(entries), body, count=1)


def mark(finding: Finding) -> str:
    """What stands, hidden, in front of the words about `finding`, to find them again."""
    return f"<!-- wrc:fp={finding.fingerprint} -->"


def marked(text: str) -> str | None:
    """The fingerprint of the finding that a comment begins with."""
    found = _MARK.match(text)
    return found[1] if found else None


def lineage(fingerprint: str) -> str:
    """What the fingerprints of a list of missing things have in common, whatever is still missing of it."""
    return fingerprint.partition("-")[0]


def reconcile(
    told: Told, findings: Sequence[Finding], unclear: Iterable[str], lines: Mapping[Place, int]
) -> tuple[list[Finding], list[Transition]]:
    """What is new among `findings`, and which entries have to change their words.

    Args:
        told: all that we ever said about the pull request.
        findings: everything that it introduces, what is waived included.
        unclear: fingerprints about which nothing can be said now, such as those in a file that cannot be read.
        lines: the line of the head on which an entry's comment stands, as far as it is known. Findings with equal
            fingerprints are told apart by it.
    """
    wanted: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        wanted[lineage(finding.fingerprint)].append(finding)
    entries: dict[str, list[Place]] = defaultdict(list)
    for place, entry in told.items():
        entries[lineage(entry.fingerprint)].append(place)
    untouchable = frozenset(unclear)
    transitions: list[Transition] = []
    for family, places in entries.items():
        here = wanted[family]
        expected = {finding.line for finding in here}
        places.sort(key=lambda place: (lines.get(place) not in expected, told[place].state in FOLDED))
        for place, now in _paired(places, here, told, lines):
            if now is None and told[place].fingerprint in untouchable:
                continue
            before, after = told[place].state, state_of(now) if now else "fixed"
            if before != after or (now is not None and now.fingerprint != told[place].fingerprint):
                transitions.append(Transition(place, after, now, back=before in FOLDED and after not in FOLDED))
    left = {id(finding) for rest in wanted.values() for finding in rest}
    fresh = [finding for finding in findings if id(finding) in left and state_of(finding) != "waived"]
    return fresh[:MAX_TOLD], transitions


def _paired(
    places: Iterable[Place], here: list[Finding], told: Told, lines: Mapping[Place, int]
) -> list[tuple[Place, Finding | None]]:
    """Each place with the finding that it tells, or of which it tells a part; what is left of `here` is new.

    A list of missing things may have become another one where it stands.
    """
    pairs: list[tuple[Place, Finding | None]] = []
    others: list[Place] = []
    for place in places:
        same = next((n for n, each in enumerate(here) if each.fingerprint == told[place].fingerprint), None)
        if same is None:
            others.append(place)
        else:
            pairs.append((place, here.pop(same)))
    for place in others:
        is_open, at = told[place].state not in FOLDED, lines.get(place)
        changed = next((n for n, each in enumerate(here) if is_open and at in (None, each.line)), None)
        pairs.append((place, here.pop(changed) if changed is not None else None))
    return pairs
