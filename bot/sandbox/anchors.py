"""Where GitHub lets a review comment stand: lines inside the hunks of a diff, on one side of it.

The patch is walked here line by line, apart from `rules.sources.diff`, so that the sandbox can contradict the product.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.sandbox.git import Bare
from bot.sandbox.state import Anchor, Side

HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
CONTEXT_LINES = 4
"""Lines of the diff that GitHub repeats above a comment."""


@dataclass(frozen=True, slots=True)
class PatchLine:
    """A line of a patch. `position` counts lines below the first hunk header, as GitHub's `position` does."""

    position: int
    hunk: int
    kind: Literal["@", " ", "+", "-", "\\"]
    old: int | None
    new: int | None
    text: str


def walk(patch: str) -> list[PatchLine]:
    """The lines of a file's patch with their numbers in the old and the new file."""
    lines: list[PatchLine] = []
    old = new = 0
    hunk = -1
    for position, text in enumerate(patch.split("\n")):
        if header := HUNK.match(text):
            old, new, hunk = int(header[1]), int(header[2]), hunk + 1
            lines.append(PatchLine(position, hunk, "@", None, None, text))
        elif text.startswith("+"):
            lines.append(PatchLine(position, hunk, "+", None, new, text))
            new += 1
        elif text.startswith("-"):
            lines.append(PatchLine(position, hunk, "-", old, None, text))
            old += 1
        elif text.startswith("\\"):
            lines.append(PatchLine(position, hunk, "\\", None, None, text))
        else:
            lines.append(PatchLine(position, hunk, " ", old, new, text))
            old, new = old + 1, new + 1
    return lines


def find(lines: Sequence[PatchLine], line: int, side: Side) -> PatchLine | None:
    """The patch line that shows line number `line` of the old (LEFT) or new (RIGHT) file."""
    return next((item for item in lines if (item.old if side == "LEFT" else item.new) == line), None)


def resolve(
    patch: str, *, line: int, side: Side, start_line: int | None, start_side: Side | None
) -> tuple[Anchor | None, str | None]:
    """The anchor for a comment on a file's patch, or GitHub's complaint about it (`field message`)."""
    lines = walk(patch)
    end = find(lines, line, side)
    if end is None:
        return None, "line must be part of the diff"
    if start_line is None:
        return Anchor(line, side, None, None, end.position), None
    start_side = start_side or side
    if start_side == side and start_line >= line:
        return None, "start_line must precede the end line."
    start = find(lines, start_line, start_side)
    if start is None or start.hunk != end.hunk:
        return None, "start_line must be part of the same hunk as the line."
    if start.position >= end.position:
        return None, "start_line must precede the end line."
    return Anchor(line, side, start_line, start_side, end.position), None


def at_position(patch: str, position: int) -> Anchor | None:
    """The anchor that GitHub's older `position` parameter means; None outside the patch."""
    for item in walk(patch):
        if item.position == position and (item.new is not None or item.old is not None):
            if item.new is not None:
                return Anchor(item.new, "RIGHT", None, None, position)
            assert item.old is not None
            return Anchor(item.old, "LEFT", None, None, position)
    return None


def excerpt(patch: str, anchor: Anchor) -> str:
    """`diff_hunk`: the hunk's header and its lines down to the comment's, the last few of them."""
    lines = walk(patch)
    end = next(item for item in lines if item.position == anchor.position)
    start = find(lines, anchor.start_line, anchor.start_side or anchor.side) if anchor.start_line else end
    hunk = [item for item in lines if item.hunk == end.hunk and item.position <= end.position]
    first = (start or end).position - CONTEXT_LINES + 1
    return "\n".join(item.text for item in hunk if item.kind == "@" or item.position >= first)


def moved(git: Bare, old: str, new: str, path: str, line: int) -> int | None:
    """Where line `line` of a file at commit `old` stands at commit `new`; None if it was changed or removed."""
    shift = 0
    for old_start, old_length, _, new_length in git.line_map(old, new, path):
        # With length 0 git names the line before the insertion.
        if line < old_start or (not old_length and line == old_start):
            break
        if line < old_start + old_length:
            return None
        shift += new_length - old_length
    return line + shift
