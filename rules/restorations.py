"""What a change took away, as edits that put it back where it stood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from rules.compare import Judged
from rules.model import Edit, Span
from rules.sources.diff import Diff, FileDiff, Hunk
from rules.sources.tree import Tree, Unreadable, read_text

MAX_RESTORED = 6
"""Lines put back by one edit: what is longer is no longer seen at a glance."""


_ABSENT = re.compile(r"^(?:no|does not|lacks) |missing$")
"""Evidence that says what is not there: whatever stands at its place is not what is wrong."""


class _Gap(Struct, frozen=True):
    """Consecutive changed lines of a hunk: those of the base that went, and those of the head that came instead."""

    base: range
    head: range


def restorations(judged: Judged, diff: Diff, base: Tree, head: Tree) -> Iterator[Edit]:
    """Edits that put back what `judged` is about, that with the fewest lines first."""
    for lost in _by_file(judged.lost):
        file = diff.file(lost[0].path, "base")
        if file is None or file.new_path is None or file.new_path != judged.path:
            continue
        try:
            before = read_text(base, lost[0].path).split("\n")
            after = read_text(head, file.new_path).split("\n")
        except Unreadable:
            continue
        for edit in _of_file(file, lost, before, after, judged):
            if edit.text.count("\n") < MAX_RESTORED and edit.end - edit.start < MAX_RESTORED:
                yield edit


def _by_file(spans: Sequence[Span]) -> Iterator[list[Span]]:
    for path in dict.fromkeys(span.path for span in spans):
        yield [span for span in spans if span.path == path]


def _of_file(
    file: FileDiff, lost: Sequence[Span], before: Sequence[str], after: Sequence[str], judged: Judged
) -> Iterator[Edit]:
    path, hunks = file.new_path, [hunk for hunk in file.hunks if any(_removed(hunk, span) for span in lost)]
    if path is None or len(hunks) != 1 or not all(_removed(hunks[0], span) for span in lost):
        return
    lines = sorted({line for span in lost for line in _removed(hunks[0], span)})
    gaps = [gap for gap in _gaps(hunks[0]) if any(line in gap.base for line in lines)]
    first, last = gaps[0], gaps[-1]
    own = judged.violation.span
    blamed = own.path == path and own.start in first.head and not _ABSENT.search(judged.violation.evidence)
    if first == last:
        if len(first.base) == len(first.head):
            yield from _exchanged(path, hunks[0], first, lines, before, after, blamed=blamed)
        if not blamed and _stand_alone(lines, [before[line - 1] for line in first.base], first.base):
            # An empty range: in front of what came instead, or where nothing came.
            texts = [before[line - 1].rstrip("\r") for line in lines]
            if not texts[-1].endswith("\\") or _same_below(before, lines[-1], after, first.head.start - 1):
                yield Edit(path, first.head.start, first.head.start - 1, "\n".join(texts))
    came, went = range(first.head.start, last.head.stop), range(first.base.start, last.base.stop)
    if len(came) <= len(went):
        yield Edit(path, came.start, came.stop - 1, "\n".join(before[n - 1].rstrip("\r") for n in went))


def _stand_alone(lines: Sequence[int], texts: Sequence[str], gap: range) -> bool:
    """Whether some of the lines of a gap can come back without the others: none of them is inside of another one."""
    indents = {n: len(text) - len(text.lstrip()) for n, text in zip(gap, texts, strict=True) if text.strip()}
    return indents.get(lines[0], 0) == min(indents.values(), default=0)


def _same_below(before: Sequence[str], old: int, after: Sequence[str], new: int) -> bool:
    """Whether a line that goes on in the next one finds there what it went on with."""
    return before[old : old + 1] == after[new : new + 1]


def _exchanged(
    path: str, hunk: Hunk, gap: _Gap, lines: Sequence[int], before: Sequence[str], after: Sequence[str], *, blamed: bool
) -> Iterator[Edit]:
    """As many lines came as went: those that the lost ones became. `blamed`: one of them is what is wrong."""
    pairs = [(line, gap.head[gap.base.index(line)]) for line in lines]
    alike = all(pair in hunk.edited or _name(before[pair[0] - 1]) == _name(after[pair[1] - 1]) for pair in pairs)
    first, last = pairs[0][1], pairs[-1][1]
    if (alike or blamed) and last - first == len(pairs) - 1:
        yield Edit(path, first, last, "\n".join(before[line - 1].rstrip("\r") for line in lines))


def _name(text: str) -> str:
    """The word that a line begins with: an attribute, a program, an instruction."""
    return next(iter(text.split()), "")


def _removed(hunk: Hunk, span: Span) -> list[int]:
    return [line for line in range(span.start, span.end + 1) if line in hunk.removed]


def _gaps(hunk: Hunk) -> Iterator[_Gap]:
    base, head = hunk.lines("LEFT").start, hunk.lines("RIGHT").start
    for old, new in (*hunk.unchanged(), (hunk.lines("LEFT").stop, hunk.lines("RIGHT").stop)):
        if old > base or new > head:
            yield _Gap(range(base, old), range(head, new))
        base, head = old + 1, new + 1
