"""How what the image stages comes into the home: by a copy of the file, of a folder above it, or of a pattern."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from fnmatch import fnmatchcase

from rules.checks.commands import Concern, Flow, Invocation, getopt, invocations, known, located
from rules.once import once
from rules.sources.shell import HOME, UNKNOWN, Command
from rules.sources.text import fits

_COPIERS = frozenset({"cp", "rsync", "install", "mv", "ln"})
BRINGING = Concern(_COPIERS | {"tar"}, writes=True)
_TAKES_FOLDERS = frozenset({"rsync", "mv", "ln"})


def brings(flow: Flow, command: Command, path: str, wanted: str) -> bool:
    """Whether a command brings what the image has at `path` to `wanted`."""
    for write in flow.writes(command):
        read = {each for source in write.sources for word in source.args for each in located(word, source)}
        if wanted in write.paths and path in read:
            return True
    return any(_copies(flow, each, path, wanted) or _unpacks(flow, each, path, wanted) for each in invocations(command))


def _copies(flow: Flow, invocation: Invocation, path: str, wanted: str) -> bool:
    if invocation.name not in _COPIERS:
        return False
    arguments = getopt(invocation.args, "tSmoge", ("target-directory", "suffix", "mode", "owner", "group", "exclude"))
    operands = list(arguments.operands)
    folder = next(iter(arguments.values("t", "target-directory")), None)
    target = folder.argument if folder else operands.pop() if operands else None
    if target is None:
        return False
    deep = invocation.name in _TAKES_FOLDERS or arguments.has("r", "R", "a", "recursive", "archive")
    sources = [source.replace("{}", UNKNOWN) for word in operands for source in located(word, invocation.command)]
    if invocation.command.name == "xargs":
        sources.append(UNKNOWN)
    # A loop over a pattern has a name of its own for each file: ``cp "$file" ~/"$(basename "$file")"``.
    targets = [each.rstrip("/").replace("*", UNKNOWN) for each in located(target, invocation.command)]
    if any("/*" in source for source in sources) and _has_dotglob(flow):
        sources += [source.replace("/*", "/.*") for source in sources]
    landings = (place for s in sources for t in targets for place in _landings(s, t, path, deep=deep))
    return any(_may_be(place, wanted) for place in landings)


@once
def _has_dotglob(flow: Flow) -> bool:
    return any(each.name == "shopt" and "dotglob" in map(known, each.args) for each in flow.program.commands)


def _may_be(text: str, path: str) -> bool:
    """Whether a text of which parts are not known can be this path."""
    return fits(text.split(UNKNOWN), path)


def _landings(source: str, target: str, path: str, *, deep: bool) -> Iterator[str]:
    """Where `path` may come to lie if `source`, which may be a pattern or not be known, is copied to `target`."""
    if UNKNOWN in source:
        if _may_be(source, path):
            yield from (target, posixpath.join(target, posixpath.basename(path)))
        return
    pattern = source.rstrip("/").removesuffix("/.") or "/"
    rest = ""
    place = path
    while place.strip("/"):
        if _matches(place, pattern) and (deep or not rest):
            yield posixpath.normpath(posixpath.join(target, rest))
            yield posixpath.normpath(posixpath.join(target, posixpath.basename(place), rest))
        rest = posixpath.join(posixpath.basename(place), rest) if rest else posixpath.basename(place)
        place = posixpath.dirname(place)


def _matches(path: str, pattern: str) -> bool:
    """A shell pattern: a star stops at a slash and does not mean a leading dot."""
    names, patterns = path.split("/"), pattern.split("/")
    return len(names) == len(patterns) and all(
        fnmatchcase(name, each) and (name[:1] != "." or each[:1] != "*")
        for name, each in zip(names, patterns, strict=True)
    )


def _unpacks(flow: Flow, invocation: Invocation, path: str, wanted: str) -> bool:
    """``tar -C /home/coder-files -c . | tar -C ~ -x``."""
    if invocation.name != "tar":
        return False
    into = _folder_of(invocation.command)
    packed = (_folder_of(each) for each in flow.upstream(invocation.command) if each.name == "tar")
    return any(path.startswith(f"{f}/") and posixpath.join(into, path[len(f) + 1 :]) == wanted for f in packed)


def _folder_of(command: Command) -> str:
    option = next(iter(getopt(command.args, "fC", ("file", "directory")).values("C", "directory")), None)
    words = located(option.argument, command) if option is not None else command.cwd
    return words[0].rstrip("/") if words else HOME
