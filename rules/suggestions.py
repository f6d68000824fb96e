"""Which suggestions are worth offering: each is applied to the head in memory, and the rules are asked again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from rules.compare import Judged
from rules.examination import Examined, examine
from rules.model import Anchor, Edit, Violation
from rules.sources.diff import Diff
from rules.sources.tree import Entry, Tree, Unreadable, read_text

MAX_TRIED = 20
"""Suggestions that are tried out in one turn; further findings come without one."""
MAX_TURNS = 3
"""Edits that are tried for one finding."""

Key = tuple[str, str, str, str]


class Suggestion(Struct, frozen=True):
    """An edit, the fingerprint of the finding that it should make go, and what identifies its violations.

    alone: it is tried by itself, because it may help only beside another one.
    """

    edit: Edit
    fingerprint: str
    keys: frozenset[Key]
    alone: bool = False


def helpful(
    judged: Iterable[Judged], edits: Mapping[str, Sequence[Edit]], head: Tree, before: Examined, after: Examined
) -> dict[str, Edit]:
    """The edits that make their finding go, bring none that the base lacks and leave all readable, by fingerprint.

    `edits` are those that could, the best one first. Edits of different lines are tried together: only if that does not
    go well, each half of them is tried by itself.
    """
    trial, found = _Trial(head, before, after), dict[str, Edit]()
    keys = {each.fingerprint: _keys_of(each) for each in judged if each.status == "introduced"}
    own = {each.fingerprint: each.violation.edit for each in judged}
    for turn in range(MAX_TURNS):
        left = [(name, edits[name]) for name in keys if name not in found and len(edits.get(name, ())) > turn]
        chosen = ((name, several[turn]) for name, several in left[:MAX_TRIED])
        suggested = [Suggestion(edit, name, keys[name], edit != own[name]) for name, edit in chosen]
        found |= {each.fingerprint: each.edit for each in _tried(suggested, trial)}
    return found


def _tried(suggested: Sequence[Suggestion], trial: _Trial) -> Iterator[Suggestion]:
    # What is found twice is seldom gone with one edit: it is tried by itself, and holds the others up no more.
    found = defaultdict[Key, list[Violation]](list)
    for violation in trial.after.side.violations:
        found[_key(violation)].append(violation)
    once, often = list[Suggestion](), list[Suggestion]()
    for each in suggested:
        if all(len(found[key]) == 1 for key in each.keys):
            once.append(each)
        elif each.alone or all(_leads_through(each.edit, violation) for key in each.keys for violation in found[key]):
            often.append(each)
    together, alone = ([each for each in once if each.alone is own] for own in (False, True))
    for batch in (*_batches(together), *_batches(often), *([each] for each in alone)):
        yield from trial.helping(batch)


def _leads_through(edit: Edit, violation: Violation) -> bool:
    """Whether the violation, or what leads to it, stands on lines of the edit: what stands elsewhere too would stay."""
    span = violation.span
    places = [(span.path, span.start, span.end), *((step.path, step.line, step.line) for step in violation.trail)]
    return any(path == edit.path and start <= edit.end and edit.start <= end for path, start, end in places)


def _key(violation: Violation) -> Key:
    return violation.rule, violation.template, violation.address, violation.evidence


def _keys_of(judged: Judged) -> frozenset[Key]:
    """What has to go for the finding to go: all that it tells, in each of its templates."""
    told = judged.parts or (judged.violation,)
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


class _Trial(Struct, frozen=True, dict=True):
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
        readable = set(tried.problems) <= set(self.after.problems) and _open(tried) <= _open(self.after)
        return readable and _keys(tried) <= self._known - gone

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
            for edit in sorted(several, key=lambda edit: (-edit.start, -edit.end)):
                text = _edited(text, edit)
            yield path, text


class EditedTree(Struct, frozen=True, dict=True):
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


def _open(examined: Examined) -> set[Key]:
    """What cannot be decided."""
    return {(each.rule, each.template, each.address, each.reason) for each in examined.side.undecided}


def on_lines(edit: Edit, judged: Judged, head: Tree, diff: Diff) -> tuple[Edit, Anchor | None]:
    """The edit as one that replaces lines, which is all that GitHub knows, with the lines on which to comment.

    Those of the edit if one hunk shows them, else those of the finding.
    """
    if edit.end < edit.start:
        texts = read_text(head, edit.path).split("\n")
        above = edit.start > 1 and (edit.start > len(texts) or judged.line < edit.start)
        own = edit.start - 1 if above else edit.start
        text = texts[own - 1].rstrip("\r")
        edit = Edit(edit.path, own, own, f"{text}\n{edit.text}" if above else f"{edit.text}\n{text}")
    file = diff.file(edit.path, "head")
    hunk = file.hunk_at("RIGHT", edit.start) if file is not None else None
    lines = hunk.lines("RIGHT") if hunk is not None and edit.path == judged.path else range(0)
    if edit.end not in lines or judged.line not in lines:
        return edit, judged.anchor
    return edit, Anchor(edit.path, "RIGHT", edit.start, edit.end)


def _edited(text: str, edit: Edit) -> str:
    lines = text.split("\n")
    ending = "\r" if lines[min(edit.start, len(lines)) - 1].endswith("\r") else ""
    lines[edit.start - 1 : edit.end] = [f"{line}{ending}" for line in edit.text.split("\n")] if edit.text else []
    return "\n".join(lines)
