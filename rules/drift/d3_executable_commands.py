"""The image makes each of its DDEV host commands executable.

## What it does

Follows what the Dockerfile does to `.ddev/commands/host/coder-setup` after it is copied: whether a `chmod`, with the
path spelled out, by a pattern, recursively, in a loop or by `find`, or `COPY --chmod`, makes it executable.

## Why it matters

DDEV runs only host commands that are executable. The others of the folder are on the list, so that they work whatever
mode git has stored; `coder-setup` works or not by luck.

## Bad

```dockerfile
COPY scripts /home/coder-files
RUN chmod 755 /home/coder-files/.ddev/commands/host/launch
```

## Good

```dockerfile
COPY scripts /home/coder-files
RUN chmod 755 /home/coder-files/.ddev/commands/host/*
```

## Fix

Add `/home/coder-files/.ddev/commands/host/coder-setup` to the `chmod 755` after `COPY scripts`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from msgspec.structs import replace

from rules.checks.commands import Flow, flow_of, getopt, invocations, known, located
from rules.drift.modes import Chmod, chmod, grants
from rules.model import Sighting, Span
from rules.sources.shell import UNKNOWN, Command, Program
from rules.workspace.image import DOCKERFILE, Image, Step

ID = "D-3"
REQUIREMENT = "Copy-If-Missing Home Hydration"
FOLLOW_UP = "chmod-ddev-host-commands"
PLACE = DOCKERFILE

NAME = "coder-setup"
FOLDER = ".ddev/commands/host"


def in_image(image: Image) -> Iterator[Sighting]:
    """The build as a fold: what copies the command sets its mode, what changes its mode later changes it."""
    executable = False
    where: Span | None = None
    paths: set[str] = set()
    for step in image.steps:
        copied = set(_copied(image, step))
        if copied:
            paths |= copied
            executable = _flagged(step)
            where = Span(step.instruction.path, step.instruction.start, step.instruction.end)
        for change in _changes(step.program) if step.program is not None and paths else ():
            gives = grants(change.mode, "u", "x")
            if gives is not None and any(_reaches(change, path) for path in paths):
                executable = gives
            if any(f"/{FOLDER}" in path for path in change.paths) and gives:
                where = change.command.span
    if where is None:
        if image.dockerfile is not None:
            yield Sighting(ID, "absent", Span(image.path, 1, 1))
        return
    if executable:
        yield Sighting(ID, "absent", where)
    else:
        yield Sighting(ID, "present", where, f"The host command `{NAME}` is not among those made executable.")


def _copied(image: Image, step: Step) -> Iterator[str]:
    for path, _ in image.staged_files:
        if path.endswith(f"/{FOLDER}/{NAME}"):
            yield from image.lands(step.instruction, path)


def _flagged(step: Step) -> bool:
    """``COPY --chmod=755``."""
    modes = (flag.partition("=")[2] for flag in step.instruction.flags if flag.startswith("--chmod="))
    return any(grants(mode, "u", "x") for mode in modes)


def _changes(program: Program) -> Iterator[Chmod]:
    """Every mode that a `RUN` sets, also on what `find` or `ls` hands to ``xargs`` or to a loop."""
    flow = flow_of(program)
    for command in program.commands:
        for invocation in invocations(command):
            for change in chmod(invocation):
                fed = any(path in (UNKNOWN, "/") or UNKNOWN in path for path in change.paths) or not change.paths
                yield replace(change, paths=(*change.paths, *_listed(flow, command))) if fed else change


def _listed(flow: Flow, command: Command) -> Iterator[str]:
    """The files that the stage before lists, or that ``find`` finds itself, as patterns."""
    for source in (command, *flow.upstream(command)):
        operands = [path for word in getopt(source.args).operands for path in located(word, source)]
        if source.name == "find":
            words = [known(word) for word in source.args]
            names = [words[n + 1] for n, word in enumerate(words[:-1]) if word in ("-name", "-iname")]
            folders = [path for path, word in zip(operands, words, strict=False) if not word.startswith(("-", "("))]
            yield from (f"{folder}/**/{name}" for folder in folders[:1] for name in names or ["*"])
        elif source.name in ("ls", "printf", "echo"):
            yield from (each for path in operands for each in (path, f"{path}/*"))


def _reaches(change: Chmod, path: str) -> bool:
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
