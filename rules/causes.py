"""One finding a cause: the same thing at several places of one changed block is told once, with all its lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from rules.compare import Judged
from rules.model import Acknowledgement, Span
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
    """Without what a forbidden behaviour says already: that no `set +e` follows (BOOT) a `set -e` (F-10)."""
    found = list(judged)
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
        if not told.issuperset(about):
            yield each


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
    trail = tuple(dict.fromkeys((*first.trail, *other.trail)))
    return replace(first, violation=replace(first.violation, span=span), trail=trail)
