"""A git diff as hunks, and the maps between the line numbers of its two sides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Literal

from msgspec import Struct
from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk as UnidiffHunk
from unidiff.patch import PatchSet

from rules.model import Side
from rules.sources.likeness import alike

MAX_DIFF_CHARS = 32 * 1024 * 1024
"""A longer diff is refused: no person reviews it, and GitHub serves none above 20,000 lines."""

DiffSide = Literal["LEFT", "RIGHT"]
"""GitHub's words for the sides of a review comment: LEFT is the base with its line numbers, RIGHT the head."""


class DiffError(Exception):
    """A diff that cannot be read; the message is one clear sentence."""


class Hunk(Struct, frozen=True):
    """One hunk. Starts and counts are those of its header; `added` are head lines, `removed` base lines (1-based).

    `edited` are removed lines that are still there in other words: (base line, head line).
    """

    old_start: int
    old_lines: int
    new_start: int
    new_lines: int
    added: frozenset[int]
    removed: frozenset[int]
    edited: tuple[tuple[int, int], ...] = ()

    def lines(self, side: DiffSide) -> range:
        """The line numbers that the hunk shows on `side`, context included."""
        start, count = (self.old_start, self.old_lines) if side == "LEFT" else (self.new_start, self.new_lines)
        # The header of an empty side names the line before it.
        first = start if count else start + 1
        return range(first, first + count)

    def unchanged(self) -> Iterator[tuple[int, int]]:
        """The context lines as (base line, head line)."""
        base = (line for line in self.lines("LEFT") if line not in self.removed)
        head = (line for line in self.lines("RIGHT") if line not in self.added)
        return zip(base, head, strict=True)


class FileDiff(Struct, frozen=True):
    """The changes to one file. `old_path` is None for an added file, `new_path` for a deleted one.

    A rename, a mode change or a binary file may have no hunks. `copied` says that `old_path` still exists at the head.
    """

    old_path: str | None
    new_path: str | None
    hunks: tuple[Hunk, ...]
    binary: bool = False
    copied: bool = False

    def commentable(self, side: DiffSide) -> frozenset[int]:
        """Lines on which GitHub accepts a review comment: those inside a hunk, changed or context."""
        return frozenset(line for hunk in self.hunks for line in hunk.lines(side))

    def hunk_at(self, side: DiffSide, line: int) -> Hunk | None:
        """The hunk that shows `line` of `side`."""
        return next((hunk for hunk in self.hunks if line in hunk.lines(side)), None)

    def head_line(self, base_line: int) -> int | None:
        """Where an unchanged line of the base stands at the head; None if it was removed."""
        return self._counterpart("LEFT", base_line)

    def base_line(self, head_line: int) -> int | None:
        """Where an unchanged line of the head stood at the base; None if it was added."""
        return self._counterpart("RIGHT", head_line)

    def _counterpart(self, side: DiffSide, line: int) -> int | None:
        other: DiffSide = "RIGHT" if side == "LEFT" else "LEFT"
        shift = 0
        for hunk in self.hunks:
            if line < hunk.lines(side).start:
                break
            if line in hunk.lines(side):
                pairs = ((base, head) if side == "LEFT" else (head, base) for base, head in hunk.unchanged())
                return dict(pairs).get(line)
            shift = hunk.lines(other).stop - hunk.lines(side).stop
        return line + shift

    def surviving_line(self, base_line: int) -> int | None:
        """The head line on which to speak of `base_line`, which may be gone.

        That is the line itself if it is still there, or what it was edited to, else the first surviving line below it
        in the hunk, else the last one above it, else (everything in the hunk is new) the hunk's first line. None if
        nothing is left there.
        """
        hunk = self.hunk_at("LEFT", base_line)
        if hunk is None:
            return self.head_line(base_line)
        pairs = sorted((*hunk.unchanged(), *hunk.edited))
        below = (head for base, head in pairs if base >= base_line)
        above = (head for base, head in reversed(pairs) if base < base_line)
        return next((line for lines in (below, above, hunk.lines("RIGHT")) for line in lines), None)

    def replacing(self, base_line: int) -> frozenset[int]:
        """The lines that came in the place of a removed one: what it was edited to, or all of its run that is new.

        If as many came as went, each has its own.
        """
        hunk = self.hunk_at("LEFT", base_line)
        if hunk is None or base_line not in hunk.removed:
            return frozenset()
        edited = dict(hunk.edited)
        if base_line in edited:
            return frozenset((edited[base_line],))
        pairs = list(hunk.unchanged())
        left, right = hunk.lines("LEFT"), hunk.lines("RIGHT")
        base, head = max((p for p in pairs if p[0] < base_line), default=(left.start - 1, right.start - 1))
        base_end, head_end = min((p for p in pairs if p[0] > base_line), default=(left.stop, right.stop))
        as_many = base_end - base == head_end - head
        own = (head + base_line - base,) if as_many else range(head + 1, head_end)
        return frozenset(own) - set(edited.values())


class Diff(Struct, frozen=True):
    files: tuple[FileDiff, ...]

    def file(self, path: str, side: Side) -> FileDiff | None:
        """The changes to the file that is called `path` at the base or at the head; None if it is not touched."""
        if side == "head":
            return next((file for file in self.files if file.new_path == path), None)
        return next((file for file in self.files if file.old_path == path and not file.copied), None)


def parse_diff(text: str) -> Diff:
    """Read the output of ``git diff`` (prefixes ``a/`` and ``b/``), as GitHub serves it for a pull request too.

    Raises:
        DiffError: it is no git diff, is damaged, or is longer than `MAX_DIFF_CHARS`.
    """
    if len(text) > MAX_DIFF_CHARS:
        raise DiffError(f"The diff is larger than {MAX_DIFF_CHARS // 1024 // 1024} MiB.")
    # No line inside a hunk starts with "diff" or "@@": each has a mark (+, -, space or backslash) before its content.
    preamble, *sections = re.split(r"^(?=diff --git )", text, flags=re.MULTILINE)
    if preamble.strip():
        raise DiffError("The text is no git diff: it does not start with 'diff --git'.")
    return Diff(tuple(_parse_file(section) for section in sections))


def parse_hunks(text: str) -> tuple[Hunk, ...]:
    """Read hunks alone, from the first ``@@`` on: a file's ``patch`` in GitHub's list of files.

    Raises:
        DiffError: a hunk is damaged.
    """
    if not text:
        return ()
    body = text if text.endswith("\n") else text + "\n"
    try:
        [patch] = PatchSet.from_string(f"--- a/file\n+++ b/file\n{body}")
    except (UnidiffParseError, ValueError) as error:
        raise DiffError("The diff has a damaged hunk: its lines do not match its header.") from error
    # unidiff passes over what it does not know.
    if sum(1 + len(hunk) for hunk in patch) != body.count("\n"):
        raise DiffError("The diff has a damaged hunk: a line belongs to none.")
    return tuple(
        Hunk(
            hunk.source_start,
            hunk.source_length,
            hunk.target_start,
            hunk.target_length,
            frozenset(line.target_line_no for line in hunk if line.is_added and line.target_line_no is not None),
            frozenset(line.source_line_no for line in hunk if line.is_removed and line.source_line_no is not None),
            tuple(_edited(hunk)),
        )
        for hunk in patch
    )


def _edited(hunk: UnidiffHunk) -> Iterator[tuple[int, int]]:
    """The lines that were edited in place: each with the line that keeps most words of both, and at least half."""
    for context, lines in groupby(hunk, key=lambda line: line.is_context):
        block = list(lines) if not context else []
        removed, added = [each for each in block if each.is_removed], [each for each in block if each.is_added]
        for old, new in alike([each.value for each in removed], [each.value for each in added]):
            base, head = removed[old].source_line_no, added[new].target_line_no
            if base is not None and head is not None:
                yield base, head


def _parse_file(section: str) -> FileDiff:
    header, at, body = section.partition("\n@@ ")
    first, *lines = header.split("\n")
    names = first.removeprefix("diff --git ")
    # Two names with a space between; unless the file was renamed (told below) they differ only in their prefix.
    middle = len(names) // 2
    old: str | None = _path(names[:middle])
    new: str | None = _path(names[middle + 1 :])
    binary = copied = False
    for line in lines:
        match line.split(" ", 2):
            case ["rename" | "copy" as how, "from", name]:
                old, copied = _unquote(name), how == "copy"
            case ["rename" | "copy", "to", name]:
                new = _unquote(name)
            case ["new", "file", _]:
                old = None
            case ["deleted", "file", _]:
                new = None
            case ["---", *rest]:
                old = _path(" ".join(rest))
            case ["+++", *rest]:
                new = _path(" ".join(rest))
            case ["Binary", "files", _] | ["GIT", "binary", "patch"]:
                binary = True
    return FileDiff(old, new, parse_hunks(f"@@ {body}") if at else (), binary, copied)


def _path(name: str) -> str | None:
    """The path in a header's ``a/path``, where git ends a name with blanks with a tab; None for ``/dev/null``."""
    plain = _unquote(name.removesuffix("\t"))
    return None if plain == "/dev/null" else plain[2:]


_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_CONTROL = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def _unquote(name: str) -> str:
    """A path as git writes it: plain, or as a C string in quotes with the bytes of unusual characters in octal."""
    if not (len(name) > 1 and name.startswith('"') and name.endswith('"')):
        return name

    def byte(match: re.Match[bytes]) -> bytes:
        code = match.group(1)
        return bytes([int(code, 8) & 0xFF]) if len(code) == 3 else _CONTROL.get(code, code)

    raw = name[1:-1].encode("utf-8", "surrogateescape")
    return _ESCAPE.sub(byte, raw).decode("utf-8", "surrogateescape")
