"""Text as OpenSpec sees it: JavaScript's white space and lengths, lines, and the lines that stand in a fence.

OpenSpec is written in JavaScript, whose white space, line ends inside a pattern and string lengths differ from
Python's. What it finds with ``\\s`` and ``.`` is therefore found with `WHITESPACE` and `LINE_ENDS`, mostly without a
pattern: one with `SPACE` or `ANY` in it takes half a millisecond to compile.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from msgspec import Struct

WHITESPACE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
SPACE = f"[{WHITESPACE}]"
"""What ``\\s`` matches."""
NONSPACE = f"[^{WHITESPACE}]"
"""What ``\\S`` matches."""
LINE_ENDS = "\n\r\u2028\u2029"
ANY = f"[^{LINE_ENDS}]"
"""What ``.`` matches."""

BOM = "\ufeff"

_FENCE = re.compile(r"`{3,}+|~{3,}+")


def trim(text: str) -> str:
    return text.strip(WHITESPACE)


def trim_start(text: str) -> str:
    return text.lstrip(WHITESPACE)


def trim_end(text: str) -> str:
    return text.rstrip(WHITESPACE)


def heading_level(line: str) -> int:
    """How many hashes `line` begins with, one to six with white space behind them; 0 if it begins with no such."""
    level = len(line) - len(line.lstrip("#"))
    return level if 0 < level <= 6 and line[level:] != trim_start(line[level:]) else 0


def words_after_space(text: str) -> str | None:
    """What ``^\\s+(.+)$`` captures, trimmed; None where it does not match."""
    words = trim_start(text)
    if not words:
        # Of white space only, the last one is what is captured.
        return "" if len(text) > 1 and text[-1] not in LINE_ENDS else None
    return trim(words) if words != text and set(LINE_ENDS).isdisjoint(words) else None


def words_of(text: str) -> str | None:
    """What ``^\\s*(.+)\\s*$`` captures, trimmed; None where it does not match."""
    words = trim(text)
    if not words:
        return "" if text.strip(LINE_ENDS) else None
    return words if set(LINE_ENDS).isdisjoint(words) else None


def length(text: str) -> int:
    """The length in UTF-16 units, JavaScript's `length`."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def unify(text: str) -> str:
    """`text` with one kind of line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def fences(lines: Sequence[str]) -> tuple[bool, ...]:
    """For every line whether it belongs to a fenced block, the fences themselves included.

    A fence opens at any indentation and runs to its closing fence or to the end.
    """
    mask = [False] * len(lines)
    opened, first = "", 0
    for index in [index for index, line in enumerate(lines) if "```" in line or "~~~" in line]:
        if not opened:
            marker = _FENCE.match(trim_start(lines[index]))
            opened, first = (marker[0], index) if marker else ("", 0)
        elif (closing := _FENCE.fullmatch(trim(lines[index]))) and closing[0].startswith(opened):
            mask[first : index + 1] = [True] * (index + 1 - first)
            opened = ""
    if opened:
        mask[first:] = [True] * (len(lines) - first)
    return tuple(mask)


class Text(Struct, frozen=True):
    """The lines of a file without their ends and without a leading byte order mark, and which of them are `fenced`.

    `heads` are the indices of the lines outside fences that start with a hash: every heading is among them.
    """

    lines: tuple[str, ...]
    fenced: tuple[bool, ...]
    bom: bool
    heads: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> Text:
        bom = text.startswith(BOM)
        lines = tuple(unify(text.removeprefix(BOM)).split("\n"))
        fenced = fences(lines)
        heads = tuple(index for index, line in enumerate(lines) if line.startswith("#") and not fenced[index])
        return cls(lines, fenced, bom, heads)

    def heads_in(self, start: int, end: int) -> tuple[int, ...]:
        """Those of `heads` from line `start` to `end` (0-based, `end` excluded)."""
        return self.heads[bisect_left(self.heads, start) : bisect_left(self.heads, end)]
