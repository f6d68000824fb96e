"""What ``sed -i`` does to a file: which text it puts in, and whether it only takes lines away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.commands import getopt
from rules.sources.shell import Word

MAX_ACTIONS = 200
"""Commands read of one sed script."""


class Action(Struct, frozen=True):
    """delete: lines go. insert: `text` becomes lines of its own. replace: `text` takes the place of `pattern`.

    `addressed` says that the command is for some lines only, `address` which: its first address as written.
    """

    kind: Literal["delete", "insert", "replace", "other"]
    text: str = ""
    pattern: str = ""
    addressed: bool = False
    address: str = ""


class InPlace(Struct, frozen=True):
    actions: tuple[Action, ...]
    files: tuple[Word, ...]


_IN_PLACE = re.compile(r"\A-([a-hj-zA-Z]*)i.*", re.DOTALL)


def in_place(args: Sequence[Word]) -> InPlace | None:
    """The edit that ``sed`` makes with these arguments, None if it only prints."""
    words = [replace(word, alternatives=(_IN_PLACE.sub(r"-\1i", word.alternatives[0]),)) for word in args]
    arguments = getopt(words, "efl", ("expression", "file", "line-length"))
    if not arguments.has("i", "in-place"):
        return None
    scripts = [option.value for option in arguments.values("e", "expression")]
    operands = list(arguments.operands)
    if not scripts and not arguments.has("f", "file") and operands:
        scripts = [operands.pop(0).alternatives[0]]
    return InPlace(tuple(action for script in scripts for action in _actions(script)), tuple(operands))


_ADDRESS = re.compile(r"\s*(?:\d+(?:~\d+)?|\$|/(?:\\.|\[[^\]]*\]|[^/\\])*/[IM]*|\\(.)(?:\\.|(?!\1).)*?\1[IM]*|[+~]\d+)")
_BLANK = re.compile(r"[\s;{}]*")


def _actions(script: str) -> Iterator[Action]:
    at = 0
    for _ in range(MAX_ACTIONS):
        blank = _BLANK.match(script, at)
        at = blank.end() if blank is not None else at
        if at >= len(script):
            return
        addressed, first = False, ""
        while (address := _ADDRESS.match(script, at)) is not None:
            addressed, first, at = True, first or address.group().strip(), address.end()
            while at < len(script) and script[at] in ", !":
                at += 1
        action, at = _action(script, at, addressed=addressed)
        yield replace(action, address=first)


def _action(script: str, at: int, *, addressed: bool) -> tuple[Action, int]:
    letter = script[at : at + 1]
    if letter in ("a", "i", "c"):
        end = _line_end(script, at)
        text = re.sub(r"\\\n", "\n", script[at + 1 : end]).lstrip(" \t").removeprefix("\\").lstrip("\n")
        return Action("insert", text, addressed=addressed), end
    if letter in ("s", "y") and at + 1 < len(script):
        return _substitution(script, at, addressed=addressed)
    end = next((i for i in range(at, len(script)) if script[i] in ";\n}"), len(script))
    return Action("delete" if letter in ("d", "D") else "other", addressed=addressed), max(end, at + 1)


def _line_end(script: str, at: int) -> int:
    while True:
        end = script.find("\n", at)
        if end < 0:
            return len(script)
        if script[end - 1] != "\\":
            return end
        at = end + 1


def _substitution(script: str, at: int, *, addressed: bool) -> tuple[Action, int]:
    delimiter = re.escape(script[at + 1])
    match = re.compile(
        rf"[sy]{delimiter}((?:\\.|(?!{delimiter}).)*){delimiter}((?:\\.|(?!{delimiter}).)*)", re.S
    ).match(script, at)
    if match is None:
        return Action("other", addressed=addressed), len(script)
    flags = re.compile(r"[^;\n}]*").match(script, match.end())
    end = flags.end() if flags is not None else match.end()
    return Action("replace", match[2], match[1], addressed), end
