"""What `chmod` makes of a file's permissions, as far as one class of users and one permission go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from rules.checks.commands import Concern, Invocation, getopt, located
from rules.sources.shell import Command

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
    """Whether the mode gives (True) or takes (False) that permission; None if it leaves it, or is not known."""
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
            if permission in permissions.lower():
                result = operator != "-"
            elif operator == "=":
                result = False
    return result
