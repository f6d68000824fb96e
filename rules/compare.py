"""Base against head: what a pull request introduced, fixed or left alone, and what it changed about a requirement.

Identity is semantic: rule, template, logical address and resolved evidence, compared as multisets. Moving, re-indenting
or renaming code leaves it what it was.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from rules.model import (
    REMOVED,
    Acknowledgement,
    Affected,
    Anchor,
    Change,
    Fact,
    Level,
    SideSpan,
    Span,
    Status,
    Step,
    Undecided,
    Violation,
)
from rules.sources.diff import Diff, Hunk
from rules.sources.likeness import alike

Key = tuple[str, str, str, str]


class Side(Struct, frozen=True):
    """Everything the rules saw in one tree. `broken` are files that could not be read in full.

    `resources` are the texts of the resources of each template, by template and address.
    """

    violations: tuple[Violation, ...]
    undecided: tuple[Undecided, ...]
    facts: tuple[Fact, ...]
    broken: frozenset[str]
    resources: Mapping[tuple[str, str], str]


class Judged(Struct, frozen=True):
    """A violation with its status. `path` and `line` are where to speak of it; `anchor` is a place in the diff.

    `along` are the others that stand on its line: they are told with it. `lost` are the lines of the base that enforced
    what is no longer enforced. `parts` are all the violations that it tells, none if it is one alone. listed: the
    violation's `fix` says, one a line, all that its message only names.
    """

    violation: Violation
    status: Status
    path: str
    line: int
    anchor: Anchor | None
    trail: tuple[Step, ...]
    fingerprint: str
    acknowledged_by: Acknowledgement | None = None
    along: tuple[Violation, ...] = ()
    lost: tuple[Span, ...] = ()
    parts: tuple[Violation, ...] = ()
    listed: bool = False


def renamed_templates(diff: Diff) -> dict[str, str]:
    """Template folders that the diff renames, old to new, judged by a Terraform file that moved from one to another.

    A folder that goes while a single other one comes is renamed too, however much was rewritten on the way.
    """
    found: dict[str, str] = {}
    gone: set[str] = set()
    come: set[str] = set()
    for file in diff.files:
        old, new = _template_file(file.old_path), _template_file(file.new_path)
        if old and new and old != new and old[1] == new[1] and not file.copied:
            found[old[0]] = new[0]
        elif old and not new:
            gone.add(old[0])
        elif new and not old:
            come.add(new[0])
    gone, come = gone - found.keys() - come, come - set(found.values()) - gone
    if len(gone) == 1 and len(come) == 1:
        found[gone.pop()] = come.pop()
    return found


def _template_file(path: str | None) -> tuple[str, str] | None:
    """The folder and name of a template's Terraform file; None for anything else, a module's files included."""
    if path is None or not path.endswith(".tf") or "modules" in path.split("/"):
        return None
    return posixpath.split(path)


def renamed(base: Side, head: Side, diff: Diff) -> Side:
    """The base with its templates and resources called what the head calls them."""
    templates = renamed_templates(diff)
    if templates:
        base = replace(
            base,
            violations=_in_templates(base.violations, templates),
            undecided=_in_templates(base.undecided, templates),
            facts=_in_templates(base.facts, templates),
            resources={(templates.get(name, name), own): text for (name, own), text in base.resources.items()},
        )
    for template, old, new in _renamed_resources(base.resources, head.resources):
        base = _with_resource(base, template, re.compile(rf"(?<![\w.-]){re.escape(old)}(?![\w-])"), new)
    return base


Named = TypeVar("Named", Violation, Undecided, Fact)


def _in_templates(found: Iterable[Named], names: Mapping[str, str]) -> tuple[Named, ...]:
    return tuple(replace(each, template=names.get(each.template, each.template)) for each in found)


def _renamed_resources(
    base: Mapping[tuple[str, str], str], head: Mapping[tuple[str, str], str]
) -> Iterator[tuple[str, str, str]]:
    """Template, old and new address of each resource that goes while one of its kind comes that says the same."""
    gone, come = _by_kind(base, head), _by_kind(head, base)
    for kind in sorted(gone.keys() & come.keys()):
        old, new = sorted(gone[kind]), sorted(come[kind])
        for before, after in alike([base[each] for each in old], [head[each] for each in new], SAME):
            yield new[after][0], old[before][1], new[after][1]


SAME = 0.75
"""The part of their words that two resources share which are one under two names."""


def _by_kind(
    own: Mapping[tuple[str, str], str], others: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """The resources that the others lack, by template and kind."""
    groups: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for template, address in own.keys() - others.keys():
        groups[template, address.partition(".")[0]].append((template, address))
    return groups


def _with_resource(side: Side, template: str, old: re.Pattern[str], new: str) -> Side:
    """The side with another name for a resource wherever it tells what something is."""

    def named(text: str) -> str:
        return old.sub(new, text)

    def violation(each: Violation) -> Violation:
        lost = named(each.lost) if each.lost is not None else None
        return replace(each, address=named(each.address), evidence=named(each.evidence), lost=lost)

    def undecided(each: Undecided) -> Undecided:
        return replace(each, address=named(each.address), reason=named(each.reason))

    return replace(
        side,
        violations=tuple(violation(each) if each.template == template else each for each in side.violations),
        undecided=tuple(undecided(each) if each.template == template else each for each in side.undecided),
        facts=tuple(replace(f, what=named(f.what)) if f.template == template else f for f in side.facts),
    )


def judge(base: Side, head: Side, diff: Diff) -> list[Judged]:
    """Every violation of both sides: introduced (head only), preexisting (both) or fixed (base only)."""
    places = Places(base, head, diff)
    before, after = _grouped(base.violations), _grouped(head.violations)
    judged: list[Judged] = []
    gone: list[tuple[Key, int, Violation]] = []
    for identity in dict.fromkeys((*after, *before)):
        old, new = before.get(identity, []), after.get(identity, [])
        # Of several equal ones, those on lines that the diff added are the new ones, and those on lines that it took
        # away are gone.
        old, new = sorted(old, key=places.is_taken_away), sorted(new, key=places.is_added)
        for index, (violation, was_there) in enumerate(_matched(old, new)):
            known = was_there or places.was_hidden(violation)
            status: Status = "preexisting" if known else "introduced"
            if known or not places.is_uncertain(violation):
                judged.append(places.place(violation, status, _fingerprint(identity, index)))
        gone += ((identity, index, violation) for index, violation in enumerate(old[len(new) :], len(new)))
    come = [each.violation for each in judged if each.status == "introduced"]
    open_now = {(each.rule, each.template) for each in head.undecided}
    for identity, index, violation in gone:
        same = [each for each in come if _key(each)[:3] == identity[:3]]
        replaced = _turned_worse(violation, head.violations, come) or places.is_replaced(violation, same)
        is_open = identity[:2] in open_now
        if not (replaced or is_open or places.is_in_broken_file(violation)):
            judged.append(places.place(violation, "fixed", _fingerprint(identity, index)))
    return sorted(judged, key=lambda j: (j.path, j.line, j.violation.rule))


_LEVELS: tuple[Level, ...] = ("failure", "warning", "notice")


def _matched(old: Sequence[Violation], new: Sequence[Violation]) -> Iterator[tuple[Violation, bool]]:
    """Equal violations of the head, each with whether the base had it: what was a question there is no failure yet."""
    left = Counter(each.level for each in old)
    for violation in new:
        worst_first = _LEVELS[: _LEVELS.index(violation.level) + 1]
        level = next((each for each in reversed(worst_first) if left[each]), None)
        if level is not None:
            left[level] -= 1
        yield violation, level is not None


def _turned_worse(gone: Violation, still: Iterable[Violation], come: Iterable[Violation]) -> bool:
    """Whether worse is found of the same thing, so that nothing was repaired: no `privileged`, then true.

    What has no name of its own (``the user's files``) is not the same thing wherever it is.
    """
    place = gone.template, gone.address
    worse = "." in gone.address and any((v.template, v.address) == place and _is_worse(v, gone) for v in come)
    return worse or any((v.template, v.address) == place and gone.rule in v.related for v in still)


def _is_worse(one: Violation, other: Violation) -> bool:
    return one.rule == other.rule and _LEVELS.index(one.level) < _LEVELS.index(other.level)


def _grouped(violations: Iterable[Violation]) -> dict[Key, list[Violation]]:
    groups: dict[Key, list[Violation]] = defaultdict(list)
    for violation in violations:
        groups[_key(violation)].append(violation)
    return groups


def _key(violation: Violation) -> Key:
    return violation.rule, violation.template, violation.address, violation.evidence


def fingerprint(violation: Violation) -> str:
    """The fingerprint of a violation that there is only one of."""
    return _fingerprint(_key(violation), 0)


def _fingerprint(key: Key, index: int) -> str:
    return hashlib.sha256("\0".join((*key, str(index))).encode()).hexdigest()[:16]


class Places:
    """Where a violation is spoken of: the line that a person would change, if possible one of the diff."""

    def __init__(self, base: Side, head: Side, diff: Diff) -> None:
        self.diff = diff
        self.broken_at_base, self.broken_at_head = base.broken, head.broken
        before, after = _facts(base.facts), _facts(head.facts)
        self.gone = {key: _difference(facts, after.get(key, [])) for key, facts in before.items()}
        self.come = {key: _difference(facts, before.get(key, [])) for key, facts in after.items()}

    def is_added(self, violation: Violation) -> bool:
        return any(self._added(place) for place in self._candidates(violation))

    def is_taken_away(self, violation: Violation) -> bool:
        return self._loses(violation.span)

    def was_hidden(self, violation: Violation) -> bool:
        """Whether the base could not be read where this stands, and the diff does not touch it: nobody is blamed."""
        return bool(_paths(violation) & self.broken_at_base) and not self.is_added(violation)

    def is_uncertain(self, violation: Violation) -> bool:
        """Whether what the head lacks may stand where it cannot be read, and the diff does not touch this place."""
        in_broken_file = bool(_paths(violation) & self.broken_at_head)
        return in_broken_file and not self.is_added(violation) and self._removed(violation) is None

    def is_in_broken_file(self, violation: Violation) -> bool:
        """Whether one side could not be read where this stood: it may still be there, or may never have been."""
        return bool(_paths(violation) & (self.broken_at_base | self.broken_at_head))

    def is_replaced(self, gone: Violation, come: Iterable[Violation]) -> bool:
        """Whether the diff wrote one of those that came on the very lines of what is gone: nothing was repaired."""
        files = ((self.diff.file(path, "base"), line) for path, line in _places(gone))
        lines = {(file.new_path, new) for file, line in files if file is not None for new in file.replacing(line)}
        return any(not lines.isdisjoint(_places(each)) for each in come)

    def place(self, violation: Violation, status: Status, fingerprint: str) -> Judged:
        if status == "fixed":
            anchor = None
            where, trail = (violation.span.path, violation.span.start), violation.trail
        elif status == "preexisting":
            where, anchor, trail = (violation.span.path, violation.span.start), None, violation.trail
        else:
            return self._introduced(violation, fingerprint)
        return Judged(violation, status, where[0], where[1], anchor, trail, fingerprint)

    def _introduced(self, violation: Violation, fingerprint: str) -> Judged:
        candidates = self._candidates(violation)
        removed = self._removed(violation)
        trail = (*((removed[1],) if removed else ()), *violation.trail)
        causes = [place for place in candidates if self._added(place)]
        if removed is not None:
            # What is only written in another way elsewhere did not take the protection away.
            near = self._hunk(removed[0]) if self._loses(removed[2]) else None
            causes = [p for p in causes if near in (None, self._hunk(p)) or not self._is_edited(p)] + [removed[0]]
        shown = next(iter(causes), None) or next((place for place in candidates if self._shown(place)), None)
        where = shown or candidates[0]
        anchor, lost = self._anchor(shown, violation), (removed[2],) if removed else ()
        return Judged(violation, "introduced", *where, anchor, trail, fingerprint, lost=lost)

    def _candidates(self, violation: Violation) -> list[tuple[str, int]]:
        """Lines that caused it, best first: where it is written, where it takes effect, what passed it on."""
        places = _places(violation)
        if violation.lost is not None:
            spans = [fact.span for fact in self.come.get((violation.rule, violation.template, violation.lost), [])]
            places[1:1] = [(span.path, line) for span in spans for line in range(span.start, span.end + 1)]
        return list(dict.fromkeys(places))

    def _removed(self, violation: Violation) -> tuple[tuple[str, int], Step, Span] | None:
        """For a protection that is gone: the head line at its place, the base line that held it, and all its lines."""
        if violation.lost is None:
            return None
        facts = self.gone.get((violation.rule, violation.template, violation.lost), [])
        spans = [span for fact in facts for span in (fact.span, *fact.through)]
        for span in sorted(spans, key=lambda span: not self._loses(span)):
            file = self.diff.file(span.path, "base")
            if file is None or file.new_path is None:
                continue
            removed = {line for hunk in file.hunks for line in hunk.removed}
            line = next((each for each in range(span.start, span.end + 1) if each in removed), span.start)
            survivor = file.surviving_line(line)
            if survivor is not None:
                return (file.new_path, survivor), Step(span.path, line, f"{REMOVED}{violation.lost}"), span
        return None

    def _loses(self, span: Span) -> bool:
        """Whether the diff removes a line of a span of the base."""
        file = self.diff.file(span.path, "base")
        removed = (line for hunk in file.hunks for line in hunk.removed) if file is not None else ()
        return any(span.start <= line <= span.end for line in removed)

    def _added(self, place: tuple[str, int]) -> bool:
        file = self.diff.file(place[0], "head")
        return file is not None and any(place[1] in hunk.added for hunk in file.hunks)

    def _is_edited(self, place: tuple[str, int]) -> bool:
        found = self._hunk(place)
        return found is not None and any(head == place[1] for _, head in found[1].edited)

    def _shown(self, place: tuple[str, int]) -> bool:
        return self._hunk(place) is not None

    def _hunk(self, place: tuple[str, int]) -> tuple[str, Hunk] | None:
        file = self.diff.file(place[0], "head")
        hunk = file.hunk_at("RIGHT", place[1]) if file is not None else None
        return (place[0], hunk) if hunk is not None else None

    def _anchor(self, place: tuple[str, int] | None, violation: Violation) -> Anchor | None:
        """A comment's lines: those that the edit would replace if they lie in one hunk, else the one line."""
        found = self._hunk(place) if place is not None else None
        if place is None or found is None:
            return None
        (path, line), (_, hunk) = place, found
        edit, lines = violation.edit, hunk.lines("RIGHT")
        if edit is not None and edit.path == path and edit.start in lines and edit.start <= edit.end in lines:
            return Anchor(path, "RIGHT", edit.start, edit.end)
        return Anchor(path, "RIGHT", line, line)


def _places(violation: Violation) -> list[tuple[str, int]]:
    """The lines that it stands on, where it takes effect and what passed it on."""
    lines = range(violation.span.start, violation.span.end + 1)
    steps = ((step.path, step.line) for step in reversed(violation.trail))
    return [*((violation.span.path, line) for line in lines), *steps]


def _paths(violation: Violation) -> set[str]:
    return {violation.span.path, *(step.path for step in violation.trail)}


def affected(base: Side, head: Side, names: Mapping[str, str]) -> tuple[Affected, ...]:
    """The requirements whose facts differ, in the order of `names` (id to verbatim name)."""
    before, after = _facts(base.facts), _facts(head.facts)
    found = []
    for requirement, name in names.items():
        changes: dict[Change, None] = {}
        spans: dict[SideSpan, None] = {}
        own = [key for key in dict.fromkeys((*before, *after)) if key[0] == requirement]
        for key in own:
            old, new = before.get(key, []), after.get(key, [])
            gone, come = _difference(old, new), _difference(new, old)
            if (gone or come) and not (_hidden(old, new, head.broken) or _hidden(new, old, base.broken)):
                changes.update(dict.fromkeys(_changes(key[2], gone, come)))
                spans.update(dict.fromkeys(SideSpan(fact.span, "head") for fact in come))
                spans.update(dict.fromkeys(SideSpan(fact.span, "base") for fact in gone))
        if changes:
            found.append(Affected(requirement, name, tuple(spans), tuple(changes)))
    return tuple(found)


def _facts(facts: Iterable[Fact]) -> dict[tuple[str, str, str], list[Fact]]:
    groups: dict[tuple[str, str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        groups[fact.id, fact.template, fact.what].append(fact)
    return groups


def _hidden(facts: list[Fact], others: list[Fact], broken: frozenset[str]) -> bool:
    """Whether the other side has no such facts because it could not be read where they are."""
    return not others and all(fact.span.path in broken for fact in facts)


def _difference(facts: list[Fact], others: list[Fact]) -> list[Fact]:
    """Facts that the others do not have, as multisets."""
    if [_sense(fact) for fact in facts] == [_sense(fact) for fact in others]:
        return []
    left = Counter(map(_sense, others))
    kept = []
    for fact in facts:
        if left[_sense(fact)] > 0:
            left[_sense(fact)] -= 1
        else:
            kept.append(fact)
    return kept


def _sense(fact: Fact) -> str:
    return fact.sense or fact.value


def _changes(what: str, gone: list[Fact], come: list[Fact]) -> Iterator[Change]:
    """What went beside what came: the likest first, the others in their order."""
    same = {fact.value for fact in gone} & {fact.value for fact in come}
    old, new = ([_sense(fact) if fact.value in same else fact.value for fact in facts] for facts in (gone, come))
    # A command is the same one under another condition.
    bare = [[value.partition("  [if ")[0] for value in values] for values in (old, new)]
    pairs = dict(alike(bare[0], bare[1]))
    others = iter([value for index, value in enumerate(new) if index not in pairs.values()])
    for index, value in enumerate(old):
        yield Change(what, value, new[pairs[index]] if index in pairs else next(others, None))
    yield from (Change(what, None, value) for value in others)
