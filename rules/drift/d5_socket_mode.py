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

import posixpath
from collections.abc import Iterator

from rules.checks.commands import invocations, of_workspace, shown
from rules.checks.support import mentions
from rules.drift.modes import CONCERN, Chmod, chmod, grants
from rules.model import Sighting, Span
from rules.workspace.template import Workspace

ID = "D-5"
REQUIREMENT = "In-Container Dockerd Lifecycle"
FOLLOW_UP = "tighten-docker-socket-mode"
PLACE = "user-defined-web/template.tf"

SOCKET = "/run/docker.sock"


def in_template(workspace: Workspace) -> Iterator[Sighting]:
    for _, command in of_workspace(workspace).select(CONCERN):
        for invocation in invocations(command):
            for change in chmod(invocation):
                if grants(change.mode, "o", "w") and _is_on_socket(change):
                    at = command.position
                    message = (
                        f"`{shown(command)}` opens Docker's socket to everybody, and `group_add` makes it needless."
                    )
                    yield Sighting(ID, "present", Span(at.path, at.line, at.line), message)
                    return
    for script in workspace.boot:
        unseen = any(each.kind != "system" for each in script.program.unresolved)
        yield Sighting(ID, "unknown" if unseen else "absent", Span(script.at.path, script.at.line, script.at.line))


def _is_on_socket(change: Chmod) -> bool:
    for path in change.paths:
        real = posixpath.normpath(path).removeprefix("/var")
        if real == SOCKET or (change.deep and real == posixpath.dirname(SOCKET)):
            return True
        if real.startswith(posixpath.dirname(SOCKET)) and mentions(change.command, "docker.sock"):
            return True
    return False
