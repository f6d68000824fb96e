"""What `chmod` makes of a file's permissions, as far as one class of users and one permission go."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from rules.checks.commands import Concern, Flow, Invocation, getopt, invocations, known, located
from rules.sources.shell import UNKNOWN, Command

Who = Literal["u", "g", "o"]
Permission = Literal["r", "w", "x"]

CONCERN = Concern(frozenset({"chmod"}))

_SHIFT = {"u": 6, "g": 3, "o": 0}
_BIT = {"r": 4, "w": 2, "x": 1}
_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=][rwxXst]*)+)")
_ACTION = re.compile(r"([-+=])([rwxXst]*)")


class Chmod(Struct, frozen=True):
    """A mode that is set on paths, which may be patterns; `deep`: on all that is below them too."""

    mode: str
    paths: tuple[str, ...]
    deep: bool
    command: Command


def chmod(invocation: Invocation) -> Iterator[Chmod]:
    """What one program sets, if it is `chmod`."""
    if invocation.name != "chmod":
        return
    symbolic = next((w for w in invocation.args if re.fullmatch(r"-[rwxXst]+", w.alternatives[0])), None)
    arguments = getopt([word for word in invocation.args if word is not symbolic], "", ("reference",))
    operands = list(arguments.operands)
    if symbolic is not None and not arguments.has("R", "recursive") and "R" not in symbolic.alternatives[0]:
        mode = symbolic.alternatives[0]
    elif operands:
        mode = operands.pop(0).alternatives[0]
    else:
        return
    paths = tuple(path for word in operands for path in located(word, invocation.command))
    yield Chmod(mode, paths, arguments.has("R", "recursive"), invocation.command)


def grants(mode: str, who: Who, permission: Permission) -> bool | None:
    """Whether the mode gives (True) or takes (False) that permission; None if it leaves it, or is not known.

    ``X`` makes no file executable that nobody could execute before.
    """
    if re.fullmatch(r"[0-7]{1,5}", mode):
        return bool(int(mode, 8) >> _SHIFT[who] & _BIT[permission])
    result: bool | None = None
    for clause in mode.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            return None
        if match[1] and who not in match[1] and "a" not in match[1]:
            continue
        for operator, permissions in _ACTION.findall(match[2]):
            if permission in permissions:
                result = operator != "-"
            elif operator == "=" and (permission != "x" or "X" not in permissions):
                result = False
    return result


def changes(flow: Flow, command: Command) -> Iterator[Chmod]:
    """The modes that a command sets, also on what `find` or `ls` hands to ``xargs`` or to a loop."""
    for invocation in invocations(command):
        for change in chmod(invocation):
            fed = any(path in (UNKNOWN, "/") or UNKNOWN in path for path in change.paths) or not change.paths
            yield replace(change, paths=(*change.paths, *_listed(flow, command))) if fed else change


def _listed(flow: Flow, command: Command) -> Iterator[str]:
    """The files that the stage before lists, or that ``find`` finds itself, as patterns."""
    for source in (command, *flow.upstream(command)):
        operands = [path for word in getopt(source.args).operands for path in located(word, source)]
        words = [known(word) for word in source.args]
        if source.name == "find" and ("-type", "d") not in pairwise(words):
            names = [words[n + 1] for n, word in enumerate(words[:-1]) if word in ("-name", "-iname")]
            folders = [path for path, word in zip(operands, words, strict=False) if not word.startswith(("-", "("))]
            yield from (f"{folder}/**/{name}" for folder in folders[:1] for name in names or ["*"])
        elif source.name in ("ls", "printf", "echo"):
            yield from (each for path in operands for each in (path, f"{path}/*"))


def reaches(change: Chmod, path: str) -> bool:
    return any(_means(pattern.rstrip("/"), path, deep=change.deep) for pattern in change.paths)


def _means(pattern: str, path: str, *, deep: bool) -> bool:
    folder, stars, name = pattern.partition("/**/")
    if stars:
        return path.startswith(f"{folder}/") and fnmatchcase(posixpath.basename(path), name)
    if deep and (path.startswith(f"{pattern}/") or _covers_folder(pattern, path)):
        return True
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)


def _covers_folder(pattern: str, path: str) -> bool:
    """``chmod -R 755 /home/coder-files/.ddev/*``."""
    depth = pattern.count("/")
    above = re.match(rf"(?:/[^/]+){{{depth}}}(?=/)", path)
    return above is not None and fnmatchcase(above[0], pattern)
