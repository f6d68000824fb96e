"""What the conditions around a command say about the files it is going to touch."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.commands import Concern, Flow, Frames, frames_of, getopt, located
from rules.checks.listings import GREPS, asked_of, asks_listing, unlisted
from rules.checks.support import in_home
from rules.once import once
from rules.sources.shell import HOME, UNKNOWN, Command, Guard, Test, Word, call_of
from rules.sources.text import Position

MAX_DEPTH = 3
"""Functions and flags that stand for a condition, one behind the other."""

_EXISTS = frozenset({"-f", "-e", "-d", "-s", "-r", "-w", "-x", "-a"})
_LINKS = frozenset({"-L", "-h"})
_FAILS_WITHOUT = frozenset({"ls", "stat", "cat", "readlink", "head"})
_LOOKS_UP = frozenset({"command", "which", "type", "hash"})
_MAKES = frozenset({"touch", "mkdir", "install", "cp", "rsync", "mv", "ln", "tar", "unzip"})
_MAKING = Concern(_MAKES, writes=True)
_SHOWS_SESSION = frozenset({"echo", "printf", "env", "printenv", "export", "declare", "set", "alias"})
_PATTERNS = frozenset({"=", "==", "!=", "=~"})
_COMPARES = _PATTERNS | {"-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-z", "-n"}
_PATTERN = re.compile(r"[*?\[]")
_PATH = re.compile(r"\bPATH\b")
_WORD = re.compile(r"[A-Za-z0-9_]{3,}")
_WHOLE = re.compile(r'"?\$\{?(\w+)(?:\[[@*]\])?\}?"?')
"""All of a variable or an array, and nothing else."""


class _Kind(Struct, frozen=True):
    """How a path is looked at: whether a folder is filled, whether only a link is replaced, and from which folder.

    frames: what leads to the command that touches it. grep: whether that something was not found in a file counts as
    the file's absence. file: one is written, of which a look for a folder says nothing.
    """

    tree: bool
    link: bool
    cwd: str
    frames: Frames
    grep: bool = True
    file: bool = False


class Around(Struct, frozen=True):
    """What is looked for in the shell's variables, which a file may give to the next shell and not to this one.

    known: the script itself sees to it that it is there. text: empty if that cannot be told.
    """

    text: str
    known: bool

    @classmethod
    def of(cls, text: str, words: Sequence[Word]) -> Around:
        return cls(text, bool(text) and any(text in each for word in words for each in word.alternatives))


class Guards(Struct, frozen=True, dict=True):
    """The guards of one program. A path is protected if a guard says that nothing is there yet."""

    flow: Flow

    @cached_property
    def _called(self) -> dict[Position, list[Command]]:
        """The commands that a call of a function runs, by the place of the call."""
        found: dict[Position, list[Command]] = {}
        for command in self.flow.program.commands:
            if command.frames and command.frames[-1].kind == "call":
                found.setdefault(command.frames[-1].position, []).append(command)
        return found

    def called(self, position: Position) -> list[Command]:
        """The commands that the call of a function at this place runs."""
        return self._called.get(position, [])

    @cached_property
    def _made(self) -> dict[str, list[Command]]:
        """The commands that make a file or folder, by its path."""
        found: dict[str, list[Command]] = {}
        for command in self.flow.select(_MAKING):
            for path in self._makes(command):
                found.setdefault(path, []).append(command)
        return found

    def _makes(self, command: Command) -> Iterator[str]:
        for write in self.flow.writes(command):
            yield from write.paths
        if command.name in _MAKES:
            operands = getopt(command.args, "mogtS", ("mode",)).operands
            for word in operands if command.name in ("touch", "mkdir") else operands[-1:]:
                yield from (path.rstrip("/") or "/" for path in located(word, command))

    def protect(
        self,
        command: Command,
        paths: Sequence[str],
        *,
        tree: bool = False,
        link: bool = False,
        grep: bool = True,
        file: bool = False,
    ) -> bool:
        """Whether the command runs only if nothing is at `paths` yet, or only once in the life of the home.

        tree: the paths are folders that are filled, so that a file inside counts. link: only a link is replaced.
        grep: that something was not found in a file is as good as its absence; for what is added to it, it is not.
        file: each of `paths` is a file for sure.
        """
        kind = _kind(command, tree=tree, link=link, grep=grep, file=file)
        if any(self._absent(guard, paths, kind, 0) or self._first_time(guard, kind) for guard in command.guards):
            return True
        return any(self._absent(guard, paths, kind, 0) for guard in self._collecting(command))

    def _collecting(self, command: Command) -> Iterator[Guard]:
        """What holds of all that a loop goes through: ``[ -e ~/"$f" ] || missing+=("$f")`` for ``"${missing[@]}"``."""
        for loop in command.loops:
            names = [_WHOLE.fullmatch(word.raw) for word in loop.values]
            if not all(names):
                continue
            places = {
                (origin.position, name[1])
                for word, name in zip(loop.values, names, strict=True)
                for origin in word.origins
                if name is not None and origin.kind == "assignment" and origin.name == name[1]
            }
            giving = [c for at, name in places for c in self.flow.by_position.get(at, ()) if _fills(c, name)]
            if giving:
                yield Guard(None, holds=True, any_of=tuple(each.guards for each in giving))

    def links_only(self, command: Command, paths: Sequence[str]) -> bool:
        """Whether the command runs only if each of `paths` is a link: ``[ -L ~/.bashrc ]``."""
        cwd = command.cwd[0] if command.cwd else HOME
        tests = [guard.test for guard in command.guards if guard.test is not None and guard.holds]
        looked_at = {
            path
            for test in tests
            if test.name == "test" and len(test.argv) > 2 and test.argv[1].alternatives[0] in _LINKS
            for path in _paths(test.argv[2:3], cwd)
        }
        return bool(paths) and all(path in looked_at for path in paths)

    def looked_for_in(self, command: Command, paths: Sequence[str]) -> bool:
        """Whether the command runs only if something was not found in one of these files."""
        cwd = command.cwd[0] if command.cwd else HOME
        tests = [guard.test for guard in command.guards if guard.test is not None and not guard.holds]
        looked_at = {path for test in tests if test.name in GREPS for path in _paths(test.argv[1:], cwd)}
        return all(path in looked_at for path in paths)

    def looked_for(self, command: Command, paths: Sequence[str]) -> bool:
        """Whether the command runs only if something was not found in a text: ``grep -q … ||`` or a pattern."""
        cwd = command.cwd[0] if command.cwd else HOME
        return any(self._not_found(guard, paths, cwd, 0) for guard in command.guards)

    def looked_around(self, command: Command) -> Around | None:
        """What the command runs without, as far as that is looked for in the session and not in a file."""
        found = (self._around(guard.test) for guard in command.guards if guard.test is not None)
        return next((around for around in found if around is not None), None)

    def about(self, command: Command, paths: Sequence[str]) -> tuple[Guard, ...]:
        """Those conditions of the command that keep what is at `paths`, or look for something before it is added."""
        kind = _kind(command)
        return tuple(
            guard
            for guard in command.guards
            if self._absent(guard, paths, kind, 0)
            or self._first_time(guard, kind)
            or self._not_found(guard, paths, kind.cwd, 0)
            or (guard.test is not None and self._around(guard.test) is not None)
        )

    # One guard

    def _absent(self, guard: Guard, paths: Sequence[str], kind: _Kind, depth: int) -> bool:
        if guard.test is None:
            return all(any(self._absent(g, paths, kind, depth) for g in conjunction) for conjunction in guard.any_of)
        missing = self._missing(guard.test, kind, holds=guard.holds)
        if missing and all(any(_covers(gone, path, tree=kind.tree) for gone in missing) for path in paths):
            return True
        if guard.test.name in _LOOKS_UP and not guard.holds:
            names = {text for word in guard.test.argv[1:] for text in word.alternatives}
            return any(posixpath.basename(path) in names for path in paths)
        meanings = self._stands_for(guard.test, guard.holds) if depth < MAX_DEPTH else ()
        if not meanings:
            return False
        within = replace(kind, frames=(*kind.frames, guard.test.position))
        return any(all(self._absent(each, paths, within, depth + 1) for each in needed) for needed in meanings)

    def _missing(self, test: Test, kind: _Kind, *, holds: bool) -> list[str]:
        """The paths, as patterns, that do not exist or have not what is looked for, if the test has that outcome."""
        key = id(test), holds, kind.link, kind.cwd, kind.grep, kind.file
        if key not in self._told:
            self._told[key] = self._tells(test, kind, holds=holds)
        told = self._told[key]
        return unlisted(self.flow, test, kind.frames, holds=holds) if told is None else told

    @cached_property
    def _told(self) -> dict[tuple[int, bool, bool, str, bool, bool], list[str] | None]:
        """What a test says by itself, see `_tells`: the same one is asked of many paths, on many ways."""
        return {}

    def _tells(self, test: Test, kind: _Kind, *, holds: bool) -> list[str] | None:
        """The paths that are missing by what the test says itself; None where that is for a listing to say."""
        words = test.argv[1:]
        if test.name == "test" and len(words) > 1:
            operator = words[0].alternatives[0]
            if operator == "-d" and kind.file and not holds:
                paths = _paths(words[1:2], kind.cwd)
                return [path if self._is_made_folder(path) else f"{path}/*" for path in paths]
            if operator in _EXISTS or (kind.link and operator in _LINKS):
                return [] if holds else _paths(words[1:2], kind.cwd)
        if test.name == "mkdir":
            makes_new = not any(word.value in ("-p", "--parents") for word in words)
            return _paths(words, kind.cwd) if makes_new and holds else []
        if test.name in _FAILS_WITHOUT and not holds:
            return _paths(words, kind.cwd)
        if test.name in GREPS and kind.grep and not holds and (files := _grepped(test, kind.cwd)[1]):
            return files
        return None if asks_listing(test) else []

    def _is_made_folder(self, path: str) -> bool:
        return any(command.name in ("mkdir", "install") for command in self._made.get(path, ()))

    def _stands_for(self, test: Test, holds: bool) -> Sequence[list[Guard]]:  # noqa: FBT001
        """Guards that must hold for a function to succeed, or for a variable to have its value."""
        key = id(test), holds
        if key not in self._meant:
            self._meant[key] = [*self._succeeding(test, holds), *self.flagged(test, holds)]
        return self._meant[key]

    @cached_property
    def _meant(self) -> dict[tuple[int, bool], list[list[Guard]]]:
        """What tests stand for, see `_stands_for`."""
        return {}

    def _succeeding(self, test: Test, holds: bool) -> Iterator[list[Guard]]:  # noqa: FBT001
        outcome = self.flow.program.calls.get(call_of(test.position, test.argv))
        if outcome is not None:
            yield from ([guard] for guard in outcome[0 if holds else 1])

    def flagged(self, test: Test, holds: bool) -> Iterator[list[Guard]]:  # noqa: FBT001
        """Guards that must hold for a variable to have the value that a test asks for."""
        for giving, others in self._assigned(test, holds):
            if giving:
                yield [_one_of(command.guards) for command in giving]
            # It keeps a value that it always gets first only where no later assignment ran.
            first = next((command for command in giving if not command.guards), None)
            later = (each for each in others if first is not None and each.guards and self._follows(first, each))
            yield from ([_none_of(each.guards)] for each in later)

    def _follows(self, first: Command, later: Command) -> bool:
        return self._order[id(first)] < self._order[id(later)]

    @cached_property
    def _order(self) -> dict[int, int]:
        return {id(command): index for index, command in enumerate(self.flow.program.commands)}

    def _assigned(self, test: Test, holds: bool) -> Iterator[tuple[list[Command], list[Command]]]:  # noqa: FBT001
        """The assignments that give a variable the value that a test asks for, and those that give it another."""
        asked = _asked(test, holds)
        if asked is not None:
            subject, wanted, positive = asked
            places = {origin.position for origin in subject.origins if origin.kind == "assignment"}
            commands = [c for at in places for c in self.flow.by_position.get(at, []) if c.assignments]
            giving = [c for c in commands if _gives(c, wanted, positive=positive)]
            yield giving, [c for c in commands if not _gives(c, wanted, positive=positive)]

    def _first_time(self, guard: Guard, kind: _Kind) -> bool:
        """A file that marks what was done: it is missing, and it is made under this very condition or by ``touch``."""
        if guard.test is None:
            return all(any(self._first_time(each, kind) for each in conjunction) for conjunction in guard.any_of)
        if guard.test.name in GREPS:
            return False
        marks = [path for path in self._missing(guard.test, kind, holds=guard.holds) if in_home(path) and path != HOME]
        if guard.test.name == "mkdir":
            return bool(marks)
        for mark in marks:
            paths = (path for path in self._made if _covers(path, mark, tree=False) and mark != f"{path}/*")
            makers = (command for path in paths for command in self._made[path])
            if any(guard in maker.guards or (maker.name == "touch" and not maker.guards) for maker in makers):
                return True
        return False

    def _not_found(self, guard: Guard, paths: Sequence[str], cwd: str, depth: int) -> bool:
        if guard.test is None:
            ways = guard.any_of
            return all(any(self._not_found(each, paths, cwd, depth) for each in conjunction) for conjunction in ways)
        test = guard.test
        if test.name in GREPS:
            return not guard.holds and self._settles(guard, test, paths, cwd)
        if test.name in ("awk", "sed", "ssh-keygen", "git"):
            return not guard.holds
        if test.name in ("test", "case"):
            names = [posixpath.basename(path) for path in paths]
            operators = _COMPARES if any("grep" in word.raw for word in test.argv) else _PATTERNS
            patterned = test.name == "case" or any(word.value in operators for word in test.argv)
            named = any(name in word.raw for word in test.argv for name in names)
            return (patterned and named) or self._counted_none(guard, test, paths)
        if test.name == "((":
            return self._counted_none(guard, test, paths)
        inner = self._called.get(test.position, []) if depth < MAX_DEPTH else []
        return any(command.name in GREPS for command in inner)

    def _counted_none(self, guard: Guard, test: Test, paths: Sequence[str]) -> bool:
        """``[ "$(grep -c … ~/.bashrc)" -eq 0 ]``, also where a variable has the count."""
        asked = asked_of(test)
        if asked is None or asked.empty != guard.holds:
            return False
        places = [origin.position for origin in asked.word.origins if origin.name in GREPS]
        greps = (each for at in places for each in self.flow.by_position.get(at, []) if each.name in GREPS)
        files = {path for each in greps for path in _grepped(each)[1]}
        return all(path in files for path in paths)

    def _around(self, test: Test) -> Around | None:
        if test.name in ("test", "case"):
            subjects = tuple(word for word in test.argv[1:] if _PATH.search(word.raw))
            patterns = (word.alternatives[0] for word in test.argv[1:] if word not in subjects)
            text = max((each.strip("*:") for each in patterns if each not in _COMPARES), key=len, default="")
            return Around.of(text, subjects) if subjects else None
        fed = self._fed_by_session(test)
        return Around.of(_grepped(test)[0].strip("^$:"), fed) if fed is not None else None

    def _fed_by_session(self, test: Test) -> tuple[Word, ...] | None:
        """What ``grep`` reads, if it is what the shell has in variables; None if it is anything else."""
        if test.name not in GREPS or _grepped(test)[1]:
            return None
        own = next((each for each in self.flow.by_position.get(test.position, ()) if each.name == test.name), None)
        if own is None:
            return None
        here = next((redirect.here for redirect in own.redirects if redirect.here is not None), None)
        fed = self.flow.upstream(own)
        words = (here.word,) if here is not None else tuple(word for each in fed for word in each.args)
        made = any(origin.kind in ("command", "hole") for word in words for origin in word.origins)
        shows = all(each.name in _SHOWS_SESSION for each in fed)
        return words if shows and not made and (words or fed) else None

    def _settles(self, guard: Guard, test: Test, paths: Sequence[str], cwd: str) -> bool:
        """Whether what is done where ``grep`` finds nothing lets it find something at the next start."""
        pattern, files = _grepped(test, cwd)
        if not files:
            return self._around(test) is None
        if any(UNKNOWN in path for path in files):
            return True
        under = [c for path in files for c in self._made.get(path, ()) if guard in c.guards]
        if not under:
            return any(_covers(file, path, tree=False) for file in files for path in paths)
        texts = [text for c in under for write in self.flow.writes(c) for text in write.texts]
        words = _WORD.findall(pattern)
        sure = texts and words and not any(UNKNOWN in text for text in texts)
        return not sure or any(word.lower() in text.lower() for word in words for text in texts)


def _kind(command: Command, *, tree: bool = False, link: bool = False, grep: bool = True, file: bool = False) -> _Kind:
    cwd = command.cwd[0] if command.cwd else HOME
    return _Kind(tree, link, cwd, frames_of(command), grep, file)


@once
def guards_of(flow: Flow) -> Guards:
    return Guards(flow)


def _grepped(test: Test | Command, cwd: str = HOME) -> tuple[str, list[str]]:
    """The pattern that a ``grep`` looks for, and the files in which it does; none if it reads what it is fed."""
    arguments = getopt(test.argv[1:], "efmABCd", ("regexp", "file", "max-count", "include", "exclude", "color"))
    patterns = [option.value for option in arguments.values("e", "regexp")]
    patterns += [UNKNOWN for _ in arguments.values("f", "file")]
    operands = [text for word in arguments.operands for text in word.alternatives]
    if not patterns:
        count = len(arguments.operands[0].alternatives) if arguments.operands else 0
        patterns, operands = operands[:count], operands[count:]
    return " ".join(patterns), [_normal(text, cwd) for text in operands if text not in ("-", "")]


def _one_of(guards: tuple[Guard, ...]) -> Guard:
    """A guard that says as much as one of these does."""
    return Guard(None, holds=True, any_of=(guards,))


def _none_of(guards: tuple[Guard, ...]) -> Guard:
    """A guard that says that not all of these hold."""
    return Guard(None, holds=True, any_of=tuple((replace(guard, holds=not guard.holds),) for guard in guards))


def _asked(test: Test, holds: bool) -> tuple[Word, str | None, bool] | None:  # noqa: FBT001
    """The variable that a test asks about, the value that it compares it with, and whether it must have that value.

    None for the value: any text. A variable that stands alone as a command is ``true`` or ``false``.
    """
    words = test.argv[1:]
    if not words and test.argv and set(test.argv[0].alternatives) == {"true", "false"}:
        return test.argv[0], "true", holds
    if test.name != "test" or len(words) < 2:
        return None
    operator = words[1].alternatives[0] if len(words) > 2 else words[0].alternatives[0]
    if operator not in ("=", "==", "-eq", "!=", "-ne", "-n", "-z"):
        return None
    subject, wanted = (words[0], words[2].value) if len(words) > 2 else (words[1], None)
    return subject, wanted, holds == (operator not in ("!=", "-ne", "-z"))


def _fills(command: Command, name: str) -> bool:
    return any(each.name == name and any(each.value.alternatives) for each in command.assignments)


def _gives(command: Command, wanted: str | None, *, positive: bool) -> bool:
    texts = {text for assignment in command.assignments for text in assignment.value.alternatives}
    if wanted is None:
        return any(bool(text) == positive for text in texts)
    return (wanted in texts) == positive


def _paths(words: Iterable[Word], cwd: str) -> list[str]:
    return [_normal(text, cwd) for word in words for text in word.alternatives if text and text[0] != "-"]


def _normal(path: str, cwd: str) -> str:
    return posixpath.normpath(path if path.startswith(("/", UNKNOWN)) else posixpath.join(cwd, path))


def _covers(gone: str, path: str, *, tree: bool) -> bool:
    """Whether the absence of `gone`, a path or a pattern, says that nothing of the user is at `path`."""
    path = path.rstrip("/") or "/"
    if path == gone or path.startswith(f"{gone}/") or (tree and gone.startswith(f"{path}/")):
        return True
    return _PATTERN.search(gone) is not None and (fnmatchcase(path, gone) or fnmatchcase(path, f"{gone}/*"))
