"""Files that a script writes itself, as far as their text is known."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from rules.sources.shell.output import texts_printed
from rules.sources.shell.program import Command, Redirect, Word
from rules.sources.shell.script import UNKNOWN
from rules.sources.text import Part, Piece, Text

MAX_COPIES = 4
"""Copies of copies that are followed."""

MAX_WRITES = 100
"""Commands that write to one file, before its text is not known."""

BY_INPUT = frozenset({"tee", "cat", "sponge"})
"""Programs that write what they are fed."""

_PLACES = frozenset({"cp", "mv", "install", "ln"})
_EMPTIES = frozenset({">", ">|"})
_WRITES = _EMPTIES | {">>"}


class _Write(Struct, frozen=True):
    """One of the commands that made a file, in their order.

    `emptied` is what emptied the file before, None where it was added to. A copy has a `source`. `feeding` print what
    the command is fed.
    """

    number: int
    command: Command
    emptied: Redirect | Command | None
    source: str = ""
    feeding: Sequence[Command] = ()


class Files:
    """What a script has written so far; `programs` are what it put where they are run by their name.

    `resolve` gives the files of the repository.
    """

    def __init__(self, resolve: Callable[[str], Text | None]) -> None:
        self.programs: dict[str, str] = {}
        self._resolve = resolve
        self._writes: dict[str, list[_Write]] = {}
        self._count = 0

    def note(self, command: Command, feeding: Callable[[], Sequence[Command]]) -> None:
        """Remember what the command writes to."""
        if not (command.redirects or command.outer or command.name == "tee" or command.name in _PLACES):
            return
        self._count += 1
        if command.name in _PLACES and len(command.args) > 1:
            for source, path in _copied(command):
                self._add(path, _Write(self._count, command, command, source))
            return
        fed = feeding() if command.name in BY_INPUT else ()
        for redirect in _opens(command):
            emptied = redirect if redirect.operator in _EMPTIES else None
            for path in _located(redirect.target, command):
                self._add(path, _Write(self._count, command, emptied, feeding=fed))
        if command.name == "tee":
            adds = any(word.value in ("-a", "--append") for word in command.args)
            for path in (path for word in command.args for path in _located(word, command)):
                self._add(path, _Write(self._count, command, None if adds else command, feeding=fed))

    def _add(self, path: str, write: _Write) -> None:
        self._writes.setdefault(path, []).append(write)
        folder, name = posixpath.split(path)
        if folder.endswith("/bin"):
            self.programs[name] = path

    def made(self, paths: Iterable[str]) -> list[Text]:
        """The text of a file that the script has made, by any of its names; none where that is not known."""
        return next((text for path in paths if (text := self._text(path, self._count + 1, MAX_COPIES))), [])

    def _text(self, path: str, before: int, copies: int) -> list[Text]:
        writes = [each for each in self._writes.get(path, ()) if each.number < before]
        if len(writes) > MAX_WRITES or not copies:
            return []
        found: list[_Write] = []
        for each in writes:
            if each.emptied is not None and not (found and found[-1].emptied is each.emptied):
                found = []
            found.append(each)
        return whole([text for each in found for text in self._given(each, copies)])

    def _given(self, write: _Write, copies: int) -> list[Text]:
        if not write.source:
            return texts_printed([write.command, *write.feeding])
        known = self._resolve(write.source)
        return [known] if known is not None else self._text(write.source, write.number, copies - 1)


def joined(base: str, path: str) -> str:
    """`path` as seen from the folder `base`, normalised; unknown parts stay."""
    if path.startswith("/"):
        return posixpath.normpath(path)
    return UNKNOWN if base == UNKNOWN or path.startswith(UNKNOWN) else posixpath.normpath(posixpath.join(base, path))


def whole(texts: Sequence[Text]) -> list[Text]:
    """Several texts as the one that they make, line after line; none if there is none."""
    if len(texts) < 2:
        return list(texts)
    parts: list[Part] = []
    for text in texts:
        parts += text.parts
        if parts and isinstance(parts[-1], Piece) and not parts[-1].text.endswith("\n"):
            parts.append(Piece("\n", parts[-1].at(len(parts[-1].text))))
    return [Text(tuple(parts))]


def _opens(command: Command) -> Sequence[Redirect]:
    """Where the output of a command goes: to its own redirection, or to that of what stands around it."""
    own = [each for each in command.redirects if each.operator in _WRITES and each.descriptor in ("", "1")]
    return own or [each for each in command.outer if each.operator in _WRITES and each.descriptor in ("", "1")][-1:]


def _copied(command: Command) -> Iterator[tuple[str, str]]:
    """What is copied and where to: a file, or a folder that gets it under its own name."""
    source, place = command.args[-2:]
    for path in _located(source, command):
        for target in _located(place, command):
            yield path, target
            yield path, f"{target}/{posixpath.basename(path)}"


def _located(word: Word, command: Command) -> list[str]:
    value = word.value
    return [] if not value or value[0] == "-" else [joined(command.cwd[0], value)]
