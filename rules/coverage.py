"""Whether a requirement, rewritten, still asks for what a violation breaks.

It is read in its points: the bullets of a scenario, the sentences of a statement. Where a point asks for a value, as
`name = value`, that is compared with what was found: a delta that lowers a limit to 120 excuses no 60. Otherwise the
point itself has to be another one; its punctuation, and another point beside it, count for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rules.contract import Clause, Written, best_by_words
from rules.model import Violation

_CODE = re.compile(r"`([^`]+)`")
_ASKED = re.compile(r"([A-Za-z_][\w.-]*)\s*(?:>=|≥|=|:(?=\s))\s*(\S.*)")
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_SECONDS = re.compile(r"(\d+)\s*s?")
_MATERIAL = re.compile(r"\w[\w./:-]*\w|\w")
_CONDITION = re.compile(r"[-*+]\s+\W*WHEN\b")


@dataclass(frozen=True)
class _Found:
    """What a violation is about: names that it mentions, values that it found, and words that lead to its clause."""

    violation: Violation
    words: tuple[str, ...]
    demanded: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        each = self.violation
        return frozenset(_NAME.findall(f"{each.address} {each.evidence} {each.lost or ''}"))

    @property
    def mentioned(self) -> frozenset[str]:
        evidence = self.violation.evidence
        values = [*_CODE.findall(self.violation.message), *evidence.split(), evidence.partition("=")[2]]
        return frozenset(_canonical(each) for each in values if each)

    @property
    def values(self) -> frozenset[str]:
        return self.mentioned - self.demanded

    def meets(self, name: str, value: str) -> bool:
        """Whether what was found is what `name = value` asks for, or more."""
        if value.startswith("["):
            listed = {_canonical(each) for each in value.strip("[]").split(",")}
            there = bool(listed & self.mentioned)
            return (" has " in self.violation.evidence and there) or (
                " lacks " in self.violation.evidence and not there
            )
        least, found = _SECONDS.fullmatch(value), re.search(rf"\b{re.escape(name)}=\W?(\d+)", self.violation.evidence)
        if least and found:
            return int(found[1]) >= int(least[1])
        return _canonical(value) in self.values


def lifts(violation: Violation, words: Sequence[str], before: Written, after: Written, *, comparable: bool) -> bool:
    """Whether `after` no longer asks for what `violation` breaks of `before`, the same requirement.

    `words` lead to the clause in question. Without `comparable` the two texts have other words for the same: then only
    values can be told apart, and where the rewritten text names none, a maintainer has to look.
    """
    demanded = frozenset(_canonical(each) for clause in before.clauses for each in _CODE.findall(clause.text))
    demanded |= {_canonical(value) for _, value in _asked(_points(before.clauses))}
    found = _Found(violation, tuple(words), demanded)
    now = list(_asked(_points(after.clauses)))
    fitting = before.fitting(words) or _parts(before.clauses)
    if comparable:
        asked = [(name, value) for name, value in _asked(_points(fitting)) if _is_about(found, name, value)]
        if asked:
            unchanged = set(asked) & set(now)
            names = {name for name, _ in asked}
            return not unchanged and all(found.meets(name, value) for name, value in now if name in names)
        standing = {_material(point) for point in _points(after.clauses)}
        return any(_material(point) not in standing for clause in fitting for point in _broken(clause, found))
    return all(found.meets(name, value) for name, value in now if _is_about(found, name, value))


def same_words(text: str, other: str) -> bool:
    """Whether two texts say the same, whatever their punctuation."""
    return _material(text) == _material(other)


def _is_about(found: _Found, name: str, value: str) -> bool:
    """By its name; by its value only where that is more than a number, which may stand for anything."""
    return name in found.names or (not _SECONDS.fullmatch(value) and _canonical(value) in found.mentioned)


def _broken(clause: Clause, found: _Found) -> Iterator[str]:
    """The points of `clause` that a violation breaks, and the conditions under which they hold."""
    conditions = [point for point in clause.points if _CONDITION.match(point)]
    asking = [point for point in clause.points if point not in conditions]
    yield from conditions
    each = found.violation
    own = (each.address, each.evidence, each.lost or "", *_CODE.findall(each.message))
    yield from best_by_words((*found.words, *own), asking, asking) or asking


def _parts(clauses: Iterable[Clause]) -> tuple[Clause, ...]:
    return tuple(clause for clause in clauses if clause.kind != "item")


def _points(clauses: Iterable[Clause]) -> Iterator[str]:
    return (point for clause in _parts(clauses) for point in clause.points)


def _asked(points: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Every `name = value` that the points have in code."""
    for point in points:
        for code in _CODE.findall(point):
            asked = _ASKED.fullmatch(code.strip())
            if asked:
                yield asked[1], asked[2].strip()


def _canonical(value: str) -> str:
    bare = value.strip().strip("\"'")
    seconds = _SECONDS.fullmatch(bare)
    return seconds[1] if seconds else bare


def _material(text: str) -> tuple[str, ...]:
    return tuple(word.rstrip(".:").casefold() for word in _MATERIAL.findall(text))
