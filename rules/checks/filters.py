"""What the filters of a pipeline let through: ``env | grep GIT_``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from rules.checks.commands import getopt
from rules.sources.shell import UNKNOWN, Command, Word

_GREPS = frozenset({"grep", "egrep", "fgrep", "rg"})
_EDITORS = frozenset({"sed", "awk", "gawk", "mawk"})
_TURNED = re.compile(r"\\?[|(){}+?]")
_ADDRESSED = re.compile(r"(!?)\s*/((?:\\.|[^/\\])+)/([^;}\n]*)")
MAX_PATTERN = 2_000
"""Characters of a pattern that are read."""


def gets_through(line: str, commands: Iterable[Command]) -> bool | None:
    """Whether a line gets through all filters among the commands; None if that is not known, or there are none."""
    answers = [answer for command in commands for answer in _answers(line, command)]
    return False if False in answers else None if None in answers or not answers else True


def _answers(line: str, command: Command) -> Iterator[bool | None]:
    if command.name in _GREPS:
        yield _grep(line, command)
    elif command.name in _EDITORS:
        yield from _edited(line, command)


def _grep(line: str, command: Command) -> bool | None:
    """``grep`` finds one of its patterns; a filter that only takes other lines away says nothing of this one."""
    arguments = getopt(_single(command.args), "efmABCd", ("regexp", "file", "max-count", "include", "exclude"))
    patterns = [option.value for option in arguments.values("e", "regexp")]
    if not patterns and not arguments.has("f", "file"):
        patterns = [word.alternatives[0] for word in arguments.operands[:1]]
    fixed = command.name == "fgrep" or arguments.has("F", "fixed-strings")
    extended = command.name in ("egrep", "rg") or arguments.has("E", "extended-regexp", "P", "perl-regexp")
    if arguments.has("i", "ignore-case"):
        patterns, line = [pattern.lower() for pattern in patterns], line.lower()
    found = [_found(pattern if extended or fixed else _extended(pattern), line, fixed=fixed) for pattern in patterns]
    matches = True if True in found else None if None in found or not found else False
    if not arguments.has("v", "invert-match"):
        return matches
    return False if matches else None


def _edited(line: str, command: Command) -> Iterator[bool | None]:
    """``sed -n '/…/p'``, ``sed '/…/d'`` and ``awk '/…/'``."""
    for word in _single(command.args):
        for negated, pattern, does in _ADDRESSED.findall(word.alternatives[0]):
            found = _found(_extended(pattern) if command.name == "sed" else pattern, line)
            deletes = does.lstrip("IM ").startswith(("d", "!p"))
            yield None if found is None or (deletes and not found) else found != (deletes or bool(negated))


def _found(pattern: str, line: str, *, fixed: bool = False) -> bool | None:
    if UNKNOWN in pattern or len(pattern) > MAX_PATTERN:
        return None
    if fixed:
        return pattern in line
    import re2  # noqa: PLC0415  (few scripts filter by a pattern)

    try:
        return re2.search(pattern, line) is not None
    except re2.error:
        return None


def _extended(pattern: str) -> str:
    r"""A basic regular expression, in which ``\|`` is what ``|`` is in an extended one, and the other way round."""
    return _TURNED.sub(lambda match: match[0][1:] if match[0][0] == "\\" else f"\\{match[0]}", pattern)


def _single(words: Iterable[Word]) -> list[Word]:
    return [replace(word, alternatives=word.alternatives[:1]) for word in words if word.alternatives]
