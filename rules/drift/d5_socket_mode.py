"""Only the docker group may use the workspace's Docker socket.

## What it does

Looks for a `chmod` in the scripts of a template that lets everybody write to Docker's socket: `666`, `777`, `a+rw`,
`o=rw` and their kind, however mode and path are written.

## Why it matters

The user is in the socket's group already, by `group_add`. The wider mode gives the daemon, and with it root in the
workspace, to every process of every other user there.

## Bad

```bash
sudo chmod 666 /var/run/docker.sock
```

## Good

```bash
sudo chgrp docker /var/run/docker.sock && sudo chmod 660 /var/run/docker.sock
```

## Fix

Give the socket to the group `docker` and write `chmod 660`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checks.commands import of_workspace, shown
from rules.checks.modes import CONCERN, changes, grants, reaches
from rules.model import Sighting, Span
from rules.sources.shell import UNKNOWN
from rules.workspace.template import Workspace

ID = "D-5"
REQUIREMENT = "In-Container Dockerd Lifecycle"
FOLLOW_UP = "tighten-docker-socket-mode"
PLACE = "user-defined-web/template.tf"

SOCKETS = ("/run/docker.sock", "/var/run/docker.sock")


def in_template(workspace: Workspace) -> Iterator[Sighting]:
    unknown = False
    for flow, command in of_workspace(workspace).select(CONCERN):
        for change in changes(flow, command):
            if not any(reaches(change, path) for path in SOCKETS):
                continue
            unknown = unknown or UNKNOWN in change.mode
            if grants(change.mode, "o", "w"):
                at = command.position
                message = f"`{shown(command)}` opens Docker's socket to everybody, and `group_add` makes it needless."
                yield Sighting(ID, "present", Span(at.path, at.line, at.line), message)
                return
    for script in workspace.boot:
        unseen = unknown or any(each.kind != "system" for each in script.program.unresolved)
        yield Sighting(ID, "unknown" if unseen else "absent", Span(script.at.path, script.at.line, script.at.line))
