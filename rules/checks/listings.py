"""What the empty output of a listing says: ``[ -z "$(ls -A ~/.config)" ]``, ``find … | grep -q .``, ``compgen -G``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.commands import Flow, Frames, frames_of, getopt, known, located
from rules.sources.shell import UNKNOWN, Command, Test, Word
from rules.sources.text import Position

GREPS = frozenset({"grep", "egrep", "fgrep", "rg", "zgrep"})
_PASSES_ON = frozenset({"head", "tail", "sort", "uniq", "cat", "tee", "wc"})
_ZERO = {("==", "0"), ("=", "0"), ("-eq", "0"), ("<", "1"), ("-lt", "1"), ("<=", "0"), ("-le", "0")}
_SOME = {("!=", "0"), ("-ne", "0"), (">", "0"), ("-gt", "0"), (">=", "1"), ("-ge", "1")}
_COMPARED = re.compile(r"(.+?)\s*(==|!=|<=|>=|<|>)\s*(\d+)\s*", re.DOTALL)
_PATTERN = re.compile(r"[*?\[]")
_NOT_EMPTY = frozenset({"?*", "*?", "*?*"})
_ANYTHING = frozenset({"", ".", "^", ".*", "^.", "$", ".\\+"})
_FIND_WITH_NAME = frozenset({"-name", "-iname"})
_FIND_WITH_WORD = frozenset({"-type", "-maxdepth", "-mindepth", "-xtype", "-printf"})
_FIND_ALONE = frozenset({"-empty", "-print", "-print0", "-quit", "-L", "-H", "-P", "-xdev", "-mount", "-depth"})


class Asked(Struct, frozen=True):
    """A test of some output: whether it holds if that is empty, and whether the output is a count."""

    word: Word
    empty: bool
    counts: bool


def asks_listing(test: Test) -> bool:
    """Whether it is for the output of another command to say what a test says."""
    if test.name in GREPS or test.name in ("read", "compgen"):
        return True
    asked = asked_of(test)
    return asked is not None and any(origin.kind in ("command", "assignment") for origin in asked.word.origins)


def unlisted(flow: Flow, test: Test, frames: Frames, *, holds: bool) -> list[str]:
    """The paths, as patterns, of which there is none if the test has that outcome: what lists them prints nothing.

    frames: what leads to the command that the test decides about, or the call that the test stands for.
    """
    if test.name in GREPS or test.name == "read":
        own = next((each for each in _there(flow, test.position, frames) if each.name == test.name), None)
        fed = flow.upstream(own) if own is not None else ()
        return list(_unmatched(test, _listed(fed))) if fed and holds == _inverted(fed) else []
    if test.name == "compgen":
        return [] if holds else _listed(_there(flow, test.position, frames))
    asked = asked_of(test)
    if asked is None:
        return []
    places = {origin.position for origin in asked.word.origins if origin.kind == "command"}
    commands = [each for at in places for each in _there(flow, at, frames)]
    if not commands and asked.empty == holds:
        return _globbed(flow, asked.word, frames)
    empty = (asked.empty == holds) != _inverted(commands)
    counted = any(command.name == "wc" for command in commands)
    return _listed(commands) if empty and counted == asked.counts else []


def _there(flow: Flow, at: Position, frames: Frames) -> list[Command]:
    """The commands at a place, as they run on the way of `frames` or in a call that these end with."""
    return [each for each in flow.by_position.get(at, []) if _is_on(frames_of(each), frames)]


def _is_on(own: Frames, way: Frames) -> bool:
    shared = min(len(own), len(way))
    return own[:shared] == way[:shared] or own[-1:] == way[-1:]


def _globbed(flow: Flow, word: Word, frames: Frames) -> list[str]:
    """``files=(~/.config/*)``: the patterns that an array is filled with, if nothing else is in it."""
    at = {origin.position for origin in word.origins if origin.kind == "assignment"}
    given = [
        (each.value, command)
        for position in at
        for command in _there(flow, position, frames)
        for each in command.assignments
        if each.position == position and each.value.raw.startswith("(")
    ]
    patterns = [(replace(value, alternatives=(p,)), c) for value, c in given for p in value.alternatives[0].split()]
    if not all(_PATTERN.search(known(pattern)) for pattern, _ in patterns):
        return []
    return [path for pattern, command in patterns for path in located(pattern, command)]


def _inverted(commands: Sequence[Command]) -> bool:
    """``find ~/.config -maxdepth 0 -empty``: it prints the folder if nothing is in it."""
    return any(word.value == "-empty" for command in commands if command.name == "find" for word in command.args)


def _unmatched(test: Test, paths: Sequence[str]) -> Iterator[str]:
    """Of the paths that ``grep`` is fed, those that it would find: all by ``grep -q .``, one by ``grep -qx name``."""
    if test.name == "read":
        yield from paths
        return
    arguments = getopt(test.argv[1:], "efmABCd", ("regexp", "file", "max-count"))
    given = [option.value for option in arguments.values("e", "regexp")]
    patterns = given or list(map(known, arguments.operands[:1]))
    if arguments.has("v", "invert-match", "f", "file", "L") or len(arguments.operands) > (not given):
        return
    if _ANYTHING.issuperset(patterns):
        yield from paths
    elif len(patterns) == 1 and (name := re.fullmatch(r"\^?([\w.\\-]+)\$?", patterns[0])):
        yield from (f"{path.rstrip('/')}/{name[1].replace(chr(92), '')}" for path in paths)


def _listed(commands: Sequence[Command]) -> list[str]:
    """What these commands list; nothing where one of them takes some of it away, or is no listing."""
    found: list[str] = []
    for command in commands:
        if command.name in _PASSES_ON:
            continue
        paths = list(listed(command))
        if not paths:
            return []
        found += paths
    return found


def listed(command: Command) -> Iterator[str]:
    """The paths, as patterns, that a listing shows: that it shows none says that there are none."""
    if command.name in ("ls", "stat", "dir", "vdir"):
        arguments = getopt(command.args, "wITcf", ("format", "time", "sort", "ignore", "hide"))
        if arguments.has("I", "ignore", "B", "ignore-backups", "hide"):
            return
        yield from (path for word in arguments.operands for path in _paths(located(word, command)))
        if not arguments.operands:
            yield from command.cwd
    elif command.name == "compgen":
        arguments = getopt(command.args, "oAGWFCXPS")
        for option in arguments.values("G"):
            yield from _paths(located(option.argument, command))
    elif command.name == "find":
        yield from _found(command)


def _found(command: Command) -> Iterator[str]:
    """``find START -name PATTERN``; nothing where it looks at more than names."""
    words = [known(word) for word in command.args]
    starts = next((i for i, word in enumerate(words) if word.startswith(("-", "(", "!"))), len(words))
    names: list[str] = []
    rest = iter(words[starts:])
    shallow = False
    for word in rest:
        if word in _FIND_WITH_NAME:
            names.append(next(rest, ""))
        elif word in _FIND_WITH_WORD:
            value = next(rest, "")
            shallow = shallow or (word == "-maxdepth" and value == "1")
        elif word not in _FIND_ALONE:
            return
    for start in (path for word in command.args[:starts] for path in _paths(located(word, command))):
        yield from (f"{start.rstrip('/')}/{name}" for name in names[-1:])
        yield from (f"{start.rstrip('/')}/*/{name}" for name in ([] if shallow else names[-1:]))
        yield from (() if names else (start,))


def _paths(texts: Iterable[str]) -> Iterator[str]:
    return (text.rstrip("/") or "/" for text in texts if text != UNKNOWN)


def asked_of(test: Test) -> Asked | None:
    """What a test asks some output, None if it asks something else."""
    words = test.argv[1:]
    if test.name == "((" and words:
        return _counted(words[0])
    if test.name == "case" and words:
        patterns = {word.value for word in words[1:]}
        known_ones = patterns <= {""} or patterns <= _NOT_EMPTY
        return Asked(words[0], empty=patterns == {""}, counts=False) if known_ones else None
    if test.name != "test" or not words:
        return None
    if len(words) == 1:
        return Asked(words[0], empty=False, counts=False)
    if len(words) == 2 and words[0].value in ("-z", "-n"):
        return Asked(words[1], empty=words[0].value == "-z", counts=False)
    operator, value = words[1].value, words[-1].value
    if len(words) == 3 and operator in ("=", "==", "!=") and value == "":
        return Asked(words[0], empty=operator != "!=", counts=False)
    compared = operator or "", value or ""
    if len(words) == 3 and compared in _ZERO | _SOME:
        return Asked(words[0], empty=compared in _ZERO, counts=True)
    return None


def _counted(expression: Word) -> Asked | None:
    """``(( $(ls | wc -l) == 0 ))``; without a comparison it asks for what is not zero."""
    raw = expression.raw.strip()
    match = _COMPARED.fullmatch(raw)
    if match is None:
        return Asked(expression, empty=raw.startswith("!"), counts=True)
    compared = match[2], match[3]
    return Asked(expression, empty=compared in _ZERO, counts=True) if compared in _ZERO | _SOME else None
