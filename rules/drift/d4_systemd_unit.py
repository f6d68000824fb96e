"""The image leaves Docker's systemd unit alone.

## What it does

Looks whether the image's build enables Docker's unit (`systemctl enable docker`, or a link in a folder of wants) and
leaves it enabled, while a boot script starts `dockerd` by hand. Any other way to start Docker's daemon by an init
system is F-9.

## Why it matters

Nothing in a workspace starts the unit, because systemd does not run there. It says that there is a second way to start
the daemon, and the day that somebody runs systemd, two daemons fight for one storage.

## Bad

```dockerfile
RUN apt-get install --yes docker-ce && systemctl enable docker
```

## Good

```dockerfile
RUN apt-get install --yes docker-ce
```

## Fix

Take `systemctl enable docker` out of the Dockerfile.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checks.commands import Invocation, getopt, invocations, known, shown
from rules.checks.f09_systemd_dockerd import enables_unit, is_unit
from rules.checks.support import line
from rules.model import Sighting, Span
from rules.sources.shell import Command
from rules.workspace.image import DOCKERFILE, Image
from rules.workspace.template import Workspace

ID = "D-4"
REQUIREMENT = "In-Container Dockerd Lifecycle"
FOLLOW_UP = "retire-systemd-dockerd"
PLACE = DOCKERFILE


def in_template(workspace: Workspace) -> Iterator[Sighting]:
    path = workspace.image.ask(_dockerfile)
    if path is None:
        return
    enabling = workspace.image.ask(_enabled_by)
    if enabling is None:
        yield Sighting(ID, "absent", Span(path, 1, 1))
        return
    where, told = enabling
    if any(each.name == "dockerd" for script in workspace.boot for each in script.program.commands):
        message = f"`{told}` enables a unit that never runs: the boot script starts `dockerd` by hand."
        yield Sighting(ID, "present", where, message)
    else:
        yield Sighting(ID, "unknown", where)


def _dockerfile(image: Image) -> str | None:
    return image.path if image.dockerfile is not None else None


def _enabled_by(image: Image) -> tuple[Span, str] | None:
    """The line that enables the unit, and what it says."""
    command = _enabling(image)
    return (line(command.position), shown(command)) if command is not None else None


def _enabling(image: Image) -> Command | None:
    """The command after which the unit is enabled when the image is built."""
    enabling: Command | None = None
    for command in image.commands:
        for invocation in invocations(command):
            if enables_unit(invocation):
                enabling = command
            elif _disables(invocation):
                enabling = None
    return enabling


def _disables(invocation: Invocation) -> bool:
    words = [known(word) for word in getopt(invocation.args).operands]
    if invocation.name in ("rm", "unlink"):
        return any(".wants/" in word and is_unit(word.rsplit("/", 1)[-1]) for word in words)
    return (
        invocation.name in ("systemctl", "deb-systemd-helper")
        and words[:1] in (["disable"], ["mask"])
        and any(map(is_unit, words[1:]))
    )
