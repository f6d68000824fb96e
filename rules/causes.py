"""One finding a cause: the same thing at several places of one changed block is told once, with all its lines.

And one finding a line: what a requirement misses at one place is told as one list, and what else is new on the line
of a finding is told with it. A failure leads before a warning, a forbidden behaviour before a requirement.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from rules.compare import Judged
from rules.model import Acknowledgement, Edit, Span, Violation
from rules.registry import entry
from rules.sources.diff import Diff

Cause = tuple[str, str, str, str, str, Acknowledgement | None, str, int]


def one_per_cause(judged: Iterable[Judged], diff: Diff) -> list[Judged]:
    """Equal findings of one hunk as one, and what would be said twice of one line in the same words.

    Those that no hunk holds are equal if they are in the same file.
    """
    merged: dict[Cause, Judged] = {}
    for each in judged:
        cause = _cause(each, diff)
        first = merged.get(cause)
        merged[cause] = each if first is None else _joined(first, each)
    said: dict[tuple[str, str, str, str, int, str, Acknowledgement | None], Judged] = {}
    for each in merged.values():
        violation = each.violation
        words = (violation.rule, violation.template, violation.message)
        said.setdefault((*words, each.path, each.line, each.status, each.acknowledged_by), each)
    return list(_not_covered(said.values()))


def _not_covered(judged: Iterable[Judged]) -> Iterator[Judged]:
    """Without what another finding says already.

    A forbidden behaviour that is there says it (no `set +e` follows, BOOT, a `set -e`, F-10), and what is introduced
    says it of what the base had in less bad a form.
    """
    found = list(judged)
    words = {_words(each.violation) for each in found if each.status == "introduced"}
    lines = {_said(each) for each in found if each.status == "introduced"}
    told = {
        (each.violation.address, each.status, template, related)
        for each in found
        if each.violation.rule.startswith("F-")
        for template in each.violation.template.split(", ")
        for related in each.violation.related
    }
    for each in found:
        violation = each.violation
        about = ((violation.address, each.status, name, violation.rule) for name in violation.template.split(", "))
        again = _said(each) in lines or (violation.lost is not None and _words(violation) in words)
        if not told.issuperset(about) and not (again and each.status == "preexisting"):
            yield each


def _said(judged: Judged) -> tuple[str, str, str, str, int]:
    return judged.violation.rule, judged.violation.template, judged.violation.message, judged.path, judged.line


def _words(violation: Violation) -> tuple[str, str, str, str]:
    return violation.rule, violation.template, violation.address, violation.message


def one_per_place(judged: Iterable[Judged]) -> list[Judged]:
    """What one requirement misses at one line as one finding, which lists it in the order in which it was found.

    Their fingerprints begin alike as long as something is missing, so that who brings a part of it is not told the
    rest anew; they end otherwise, so that what is accepted is exactly what was missing then.
    """
    groups: dict[object, list[Judged]] = {}
    for each in judged:
        violation = each.violation
        edit = None if violation.edit is None or _inserts(violation.edit) else violation.edit
        place = (each.path, each.line, each.status, each.acknowledged_by, violation.level, edit)
        single = violation.lost is None
        groups.setdefault((violation.rule, violation.template, *place, single and id(each)), []).append(each)
    return [_listed(group) if group[0].violation.lost is not None else group[0] for group in groups.values()]


def _listed(group: Sequence[Judged]) -> Judged:
    first = group[0]
    fingerprint = f"{_digest(first.violation.rule, first.violation.template)}-" + _digest(
        *sorted(each.fingerprint for each in group)
    )
    if len(group) == 1:
        return replace(first, fingerprint=fingerprint)
    found = tuple(each.violation for each in group)
    alike: dict[str, list[str]] = {}
    for each in found:
        alike.setdefault(each.fix, []).append(each.message)
    fixes = [f"{' '.join(messages)} {fix}".rstrip() for fix, messages in alike.items()]
    if "" in alike:
        fixes.append(entry(first.violation.rule).fix)
    one = len(fixes) == 1
    together = replace(
        first.violation,
        evidence=", ".join(each.evidence for each in found),
        message=" ".join(each.message for each in found) if one else f"Missing here: {', '.join(map(_name, found))}.",
        related=tuple(dict.fromkeys(id_ for each in found for id_ in each.related)),
        edit=_edit_of_all(found),
        fix=first.violation.fix if one else "\n".join(fixes),
    )
    trail = tuple(dict.fromkeys(step for each in group for step in each.trail))
    lost = tuple(dict.fromkeys(span for each in group for span in each.lost))
    return replace(
        first, violation=together, trail=trail, fingerprint=fingerprint, lost=lost, parts=found, listed=not one
    )


def _inserts(edit: Edit) -> bool:
    return edit.end < edit.start


def _edit_of_all(found: Sequence[Violation]) -> Edit | None:
    """One edit for all that is missing: the same one, or what each of them puts in front of the same line."""
    edits = list(dict.fromkeys(each.edit for each in found))
    if len(edits) == 1:
        return edits[0]
    inserts = [edit for edit in edits if edit is not None and _inserts(edit)]
    if len(inserts) < len(edits) or len({(edit.path, edit.start) for edit in inserts}) > 1:
        return None
    return replace(inserts[0], text=_in_line([edit.text for edit in inserts]))


def _in_line(texts: Sequence[str]) -> str:
    """Attributes below one another, their signs in one column as `terraform fmt` has them."""
    rows = [re.fullmatch(r"(\s*)([\w-]+) *= (.*)\n?", text) for text in texts]
    found = [row for row in rows if row is not None]
    if len(found) < len(texts) or len({text.index("=") for text in texts}) == 1:
        return "\n".join(texts)
    width = max(len(row[2]) for row in found)
    return "\n".join((*(f"{row[1]}{row[2].ljust(width)} = {row[3]}" for row in found), ""))


def one_per_line(judged: Iterable[Judged]) -> list[Judged]:
    """What is introduced on one line of a template as one finding. What is acknowledged stays apart from what is not.

    The others stand in `along`; the fingerprint is another one with each of them, but begins as it did without.
    """
    groups: list[list[Judged]] = []
    places: dict[object, list[list[Judged]]] = {}
    for each in judged:
        place = (each.path, each.line, each.acknowledged_by) if each.status == "introduced" else id(each)
        there = places.setdefault(place, [])
        group = next((group for group in there if any(_share_template(each, other) for other in group)), None)
        if group is None:
            group = []
            there.append(group)
            groups.append(group)
        group.append(each)
    return [_led(group) for group in groups]


def _share_template(one: Judged, other: Judged) -> bool:
    return not set(one.violation.template.split(", ")).isdisjoint(other.violation.template.split(", "))


def _led(group: Sequence[Judged]) -> Judged:
    """The finding that leads, with the others."""
    if len(group) == 1:
        return group[0]
    first, *others = sorted(group, key=_weight)
    names = {name for each in group for name in each.violation.template.split(", ")}
    edited = next((each for each in (first, *others) if each.violation.edit is not None), first)
    fingerprint = f"{first.fingerprint.partition('-')[0]}-{_digest(*sorted(each.fingerprint for each in group))}"
    return replace(
        first,
        violation=replace(first.violation, template=", ".join(sorted(names)), edit=edited.violation.edit),
        anchor=edited.anchor,
        trail=tuple(dict.fromkeys(step for each in (first, *others) for step in each.trail)),
        fingerprint=fingerprint,
        along=tuple(each.violation for each in others),
        listed=False,
        lost=tuple(dict.fromkeys(span for each in group for span in each.lost)),
        parts=tuple(part for each in (first, *others) for part in each.parts or (each.violation,)),
    )


def _weight(judged: Judged) -> tuple[bool, bool, bool]:
    rule = judged.violation.rule
    return judged.violation.level != "failure", not rule.startswith("F-"), rule.startswith(("W-", "D-"))


def _name(violation: Violation) -> str:
    """What is missing, in a word or two: ``no git identity``, ``stop_timeout missing``."""
    name = re.sub(r"^(no|does not|lacks) | (lacks|missing)$|^\w+ lacks ", "", violation.evidence)
    is_code = name == violation.lost or re.fullmatch(r"\w+([_-]\w+)+", name) is not None
    return f"`{name}`" if is_code else name


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:12]


def _cause(judged: Judged, diff: Diff) -> Cause:
    violation = judged.violation
    file = diff.file(judged.path, "head") if judged.status == "introduced" else None
    hunk = file.hunk_at("RIGHT", judged.line) if file is not None else None
    start = hunk.new_start if hunk is not None else 0
    identity = (violation.rule, violation.template, violation.address, violation.evidence)
    return *identity, judged.status, judged.acknowledged_by, judged.path, start


def _joined(first: Judged, other: Judged) -> Judged:
    """`first`, over the lines of both."""
    span = first.violation.span
    if other.violation.span.path == span.path:
        span = Span(span.path, min(span.start, other.violation.span.start), max(span.end, other.violation.span.end))
    trail, lost = tuple(dict.fromkeys((*first.trail, *other.trail))), tuple(dict.fromkeys((*first.lost, *other.lost)))
    return replace(first, violation=replace(first.violation, span=span), trail=trail, lost=lost)
