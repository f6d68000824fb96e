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

from collections.abc import Iterator

from rules.checks.commands import flow_of
from rules.checks.modes import Chmod, changes, grants, reaches
from rules.model import Sighting, Span
from rules.sources.shell import Program
from rules.workspace.image import DOCKERFILE, BuildStep, Image, copied_from

ID = "D-3"
REQUIREMENT = "Copy-If-Missing Home Hydration"
FOLLOW_UP = "chmod-ddev-host-commands"
PLACE = DOCKERFILE

NAME = "coder-setup"
FOLDER = ".ddev/commands/host"


def in_image(image: Image) -> Iterator[Sighting]:
    """The build as a fold: what copies the command sets its mode, what changes its mode later changes it."""
    executable: bool | None = False
    where: Span | None = None
    paths: set[str] = set()
    for step in image.steps:
        copied = set(_copied(image, step))
        if copied:
            paths |= copied
            executable = _flagged(step) or (None if copied_from(step.instruction) is not None else False)
            where = Span(step.instruction.path, step.instruction.start, step.instruction.end)
        for change in _changes(step.program) if step.program is not None and paths else ():
            gives = grants(change.mode, "u", "x")
            if gives is not None and any(reaches(change, path) for path in paths):
                executable = gives
            if any(f"/{FOLDER}" in path for path in change.paths) and gives:
                where = change.command.span
    if where is None:
        if image.dockerfile is not None:
            yield Sighting(ID, "absent", Span(image.path, 1, 1))
        return
    if executable is None:
        yield Sighting(ID, "unknown", where)
    elif executable:
        yield Sighting(ID, "absent", where)
    else:
        yield Sighting(ID, "present", where, f"The host command `{NAME}` is not among those made executable.")


def _copied(image: Image, step: BuildStep) -> Iterator[str]:
    for source, _ in image.staged_files if step.copies else ():
        yield from (path for path in step.lands(source) if path.endswith(f"/{FOLDER}/{NAME}"))


def _changes(program: Program) -> Iterator[Chmod]:
    flow = flow_of(program)
    return (change for command in program.commands for change in changes(flow, command))


def _flagged(step: BuildStep) -> bool:
    """``COPY --chmod=755``."""
    modes = (flag.partition("=")[2] for flag in step.instruction.flags if flag.startswith("--chmod="))
    return any(grants(mode, "u", "x") for mode in modes)
