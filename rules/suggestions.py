"""Which suggestions are worth offering: each is applied to the head in memory, and the rules are asked again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from rules.compare import Judged
from rules.examination import Examined, examine
from rules.model import Edit, Violation
from rules.sources.tree import Entry, Tree, Unreadable, read_text

MAX_TRIED = 20
"""Suggestions that are tried out in one report; further findings come without one."""

Key = tuple[str, str, str, str]


class Suggestion(NamedTuple):
    """An edit, the fingerprint of the finding that it should make go, and what identifies its violations."""

    edit: Edit
    fingerprint: str
    keys: frozenset[Key]


def helpful(judged: Iterable[Judged], head: Tree, before: Examined, after: Examined) -> dict[str, Edit]:
    """The edits that make their finding go, bring none that the base lacks and leave all readable, by fingerprint.

    Edits of different lines are tried together: only if that does not go well, each half of them is tried by itself.
    """
    trial = _Trial(head, before, after)
    suggested = [
        Suggestion(each.violation.edit, each.fingerprint, _keys_of(each))
        for each in judged
        if each.status == "introduced" and each.violation.edit is not None
    ]
    # What is found twice is seldom gone with one edit: it is tried by itself, and holds the others up no more.
    times = Counter(_key(violation) for violation in after.side.violations)
    once, often = list[Suggestion](), list[Suggestion]()
    for each in suggested[:MAX_TRIED]:
        (once if all(times[key] == 1 for key in each.keys) else often).append(each)
    found = [each for batch in (*_batches(once), *_batches(often)) for each in trial.helping(batch)]
    return {each.fingerprint: each.edit for each in found}


def _key(violation: Violation) -> Key:
    return violation.rule, violation.template, violation.address, violation.evidence


def _keys_of(judged: Judged) -> frozenset[Key]:
    """What has to go for the finding to go: all that it tells, in each of its templates."""
    told = (judged.violation, *judged.along)
    return frozenset(_key(replace(each, template=name)) for each in told for name in each.template.split(", "))


def _batches(suggestions: Iterable[Suggestion]) -> list[list[Suggestion]]:
    """Suggestions that can be committed together: of lines, and for findings, that no other of the batch is about."""
    batches: list[list[Suggestion]] = []
    for each in suggestions:
        free = (batch for batch in batches if not any(_conflict(each, other) for other in batch))
        batch = next(free, None)
        if batch is None:
            batches.append(batch := [])
        batch.append(each)
    return batches


def _conflict(one: Suggestion, other: Suggestion) -> bool:
    a, b = one.edit, other.edit
    same_lines = a.path == b.path and a.start <= b.end and b.start <= a.end
    return same_lines or not one.keys.isdisjoint(other.keys)


@dataclass(frozen=True)
class _Trial:
    head: Tree
    before: Examined
    after: Examined

    def helping(self, batch: Sequence[Suggestion]) -> Iterator[Suggestion]:
        """Those of the batch that help. What another one brings hides none: each half is tried by itself then."""
        try:
            tried = self._applied(batch)
        except Unreadable:
            tried = None
        if tried is not None and self._is_right(tried, batch):
            yield from batch
            return
        left = _keys(tried) if tried is not None else set()
        helping = [each for each in batch if each.keys.isdisjoint(left)]
        if len(helping) < len(batch):
            yield from self.helping(helping) if helping else ()
        elif len(batch) > 1:
            middle = len(batch) // 2
            yield from self.helping(batch[:middle])
            yield from self.helping(batch[middle:])

    def _applied(self, batch: Sequence[Suggestion]) -> Examined:
        return examine(EditedTree(self.head, dict(self._edited(batch))), self.after.policy, trial=True)

    def _is_right(self, tried: Examined, batch: Sequence[Suggestion]) -> bool:
        gone = frozenset[Key]().union(*(each.keys for each in batch))
        return _keys(tried) <= self._known - gone and set(tried.problems) <= set(self.after.problems)

    @cached_property
    def _known(self) -> set[Key]:
        return _keys(self.after) | _keys(self.before)

    def _edited(self, batch: Iterable[Suggestion]) -> Iterator[tuple[str, str]]:
        edits: dict[str, list[Edit]] = defaultdict(list)
        for each in batch:
            edits[each.edit.path].append(each.edit)
        for path, several in edits.items():
            text = read_text(self.head, path)
            # From the end, so that the lines of the others stay where they are.
            for edit in sorted(several, key=lambda edit: -edit.start):
                text = _edited(text, edit)
            yield path, text


@dataclass(frozen=True)
class EditedTree:
    """A tree with the texts of some files replaced."""

    tree: Tree
    texts: Mapping[str, str]

    @property
    def id(self) -> Hashable:
        return self.tree.id, frozenset(self.texts.items())

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        edited = {path: Entry("file", f"edited:{text}") for path, text in self.texts.items()}
        return {**self.tree.entries, **edited}

    def read(self, path: str) -> bytes:
        return self.texts[path].encode() if path in self.texts else self.tree.read(path)


def _keys(examined: Examined) -> set[Key]:
    return {_key(violation) for violation in examined.side.violations}


def _edited(text: str, edit: Edit) -> str:
    lines = text.split("\n")
    ending = "\r" if lines[edit.start - 1].endswith("\r") else ""
    lines[edit.start - 1 : edit.end] = [f"{line}{ending}" for line in edit.text.split("\n")] if edit.text else []
    return "\n".join(lines)
