"""The boot script of user-defined-web installs the DDEV host commands that the image stages.

## What it does

Looks whether the boot script of `user-defined-web` brings at least one of the host commands that the image stages in
`/home/coder-files/.ddev/commands/host` (`launch`, `coder-routes`, `coder-setup`) to `~/.ddev/commands/host`, by
whatever copies: `cp` of a file or of a folder above, `rsync`, `install`, a link, a loop.

## Why it matters

`ddev launch` and `ddev coder-routes` are in the image, and a user of this template does not have them: DDEV looks for
them in the home only, which is mounted over what the image has there.

## Bad

```bash
cp -n /home/coder-files/WELCOME.txt ~/WELCOME.txt
```

## Good

```bash
mkdir -p ~/.ddev/commands/host
cp -n /home/coder-files/.ddev/commands/host/* ~/.ddev/commands/host/
```

## Fix

Copy `/home/coder-files/.ddev/commands/host/*` to `~/.ddev/commands/host/` in the boot script, with `cp -n`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from rules.checks.commands import flow_of
from rules.checks.inv6_hydration import STAGED
from rules.checks.staging import BRINGING, brings
from rules.model import Sighting, Span
from rules.sources.shell import HOME, Program
from rules.workspace.image import Image
from rules.workspace.template import Workspace

ID = "D-2"
REQUIREMENT = "Copy-If-Missing Home Hydration"
FOLLOW_UP = "install-ddev-host-commands"
PLACE = "user-defined-web/template.tf"

TEMPLATE = "user-defined-web"
FOLDER = ".ddev/commands/host"


def in_template(workspace: Workspace) -> Iterator[Sighting]:
    commands = workspace.image.ask(_commands)
    staged = frozenset(path for path in commands if path.startswith(f"{STAGED}/"))
    if workspace.template != TEMPLATE or not commands or not workspace.boot:
        return
    programs = [script.program for script in workspace.boot]
    at = workspace.boot[0].at
    where = Span(at.path, at.line, at.line)
    if any(_installs(program, staged) for program in programs):
        yield Sighting(ID, "absent", where)
    elif not staged or any(_has_more(program) for program in programs):
        yield Sighting(ID, "unknown", where)
    else:
        message = f"The boot script copies none of the host commands that the image stages to `~/{FOLDER}`."
        yield Sighting(ID, "present", where, message)


def _has_more(program: Program) -> bool:
    """Whether a part of the script is not seen."""
    return bool(program.problems) or any(each.kind != "system" for each in program.unresolved)


def _commands(image: Image) -> frozenset[str]:
    """The paths at which the image has host commands."""
    paths = (path for source, _ in image.staged_files for path in image.paths_of(source))
    return frozenset(path for path in paths if f"/{FOLDER}/" in path)


def _installs(program: Program, staged: frozenset[str]) -> bool:
    flow = flow_of(program)
    wanted = {path: f"{HOME}/{FOLDER}/{posixpath.basename(path)}" for path in staged}
    return any(brings(flow, command, *copy) for command in flow.select(BRINGING) for copy in wanted.items())
