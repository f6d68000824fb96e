"""Whether a requirement, rewritten, still asks for what a violation breaks.

It is read in its points: the bullets of a scenario, the sentences of a statement. Where a point asks for a value, as
`name = value`, that is compared with what was found: a delta that lowers a limit to 120 excuses no 60. Otherwise the
point itself has to be another one. What a reader does not see as a change is none: white space, case, punctuation,
characters without a width, comments, and another point beside it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from msgspec import Struct

from rules.contract import Clause, Written, best_by_words
from rules.model import Violation
from rules.registry import Rule, entry

_CODE = re.compile(r"`([^`]+)`")
_ASKED = re.compile(r"([A-Za-z_][\w.-]*)\s*(?:>=|≥|=|:(?=\s))\s*(\S.*)")
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_SECONDS = re.compile(r"(\d+)\s*s?")
_WORD = re.compile(r"\w[\w./:-]*\w|\w|[<>=≤≥]+")
_CONDITION = re.compile(r"[-*+]\s+\W*WHEN\b")
_DEMANDING = re.compile(r"\b(?:SHALL|MUST)\b")
_ALLOWING = re.compile(r"\b(?:SHOULD|MAY|CAN)\b")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def words_of(violation: Violation) -> tuple[str, ...]:
    """The words by which a violation finds the clause that it breaks: those that its rule has for it, else its own."""
    found = entry(violation.rule)
    theirs = found.clause_words(violation.address, violation.evidence) if isinstance(found, Rule) else None
    if theirs is not None:
        return (theirs,)
    quoted = _CODE.findall(violation.message)
    return (violation.address, violation.evidence, violation.lost or "", *quoted)


class _Found(Struct, frozen=True):
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


def lifts(violation: Violation, before: Written, after: Written, *, comparable: bool) -> bool:
    """Whether `after` no longer asks for what `violation` breaks of `before`, the same requirement.

    Without `comparable` the two texts have other words for the same: then only values can be told apart, and where the
    rewritten text names none, a maintainer has to look.
    """
    item = before.item(violation.rule)
    if item is not None:
        return _lets_go(item, after, comparable=comparable)
    words = words_of(violation)
    demanded = frozenset(_canonical(each) for clause in before.clauses for each in _CODE.findall(clause.text))
    demanded |= {_canonical(value) for _, value in _asked(_points(before.clauses))}
    found = _Found(violation, words, demanded)
    now = list(_asked(_points(after.clauses)))
    fitting = before.fitting(words) or _parts(before.clauses)
    if comparable:
        asked = [(name, value) for name, value in _asked(_points(fitting)) if _is_about(found, name, value)]
        if asked:
            unchanged = set(asked) & set(now)
            names = {name for name, _ in asked}
            return not unchanged and all(found.meets(name, value) for name, value in now if name in names)
        standing = {words_in(point) for point in _points(after.clauses)}
        return any(words_in(point) not in standing for clause in fitting for point in _broken(clause, found))
    return all(found.meets(name, value) for name, value in now if _is_about(found, name, value))


def _lets_go(item: Clause, text: Written, *, comparable: bool) -> bool:
    """Whether `text` has other words for an item, or none; one that only got another id is still asked.

    An item of our own summary has other words than theirs: only that it is gone can be told.
    """
    now = text.item(item.name)
    if now is not None:
        return comparable and words_in(now.text) != words_in(item.text)
    return not any(words_in(_after_id(each)) == words_in(_after_id(item)) for each in text.clauses)


def _after_id(item: Clause) -> str:
    return item.text.partition(item.name)[2] if item.kind == "item" else item.text


def words_in(text: str) -> tuple[str, ...]:
    """The words of a text, all that two texts have to share to say the same."""
    return tuple(word.rstrip(".:").casefold() for word in _WORD.findall(_visible(text)))


def _visible(text: str) -> str:
    """What a reader sees of a text: one form of each character, none that has no width, no comments."""
    shown = unicodedata.normalize("NFKC", _COMMENT.sub(" ", text))
    return "".join(each for each in shown if unicodedata.category(each) != "Cf")


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
    """Every `name = value` that the points have in code; what SHOULD or MAY be is not asked for."""
    for point in map(_visible, points):
        if _ALLOWING.search(point) and not _DEMANDING.search(point):
            continue
        for code in _CODE.findall(point):
            asked = _ASKED.fullmatch(code.strip())
            if asked:
                yield asked[1], asked[2].strip()


def _canonical(value: str) -> str:
    bare = value.strip().strip("\"'")
    seconds = _SECONDS.fullmatch(bare)
    return seconds[1] if seconds else bare
