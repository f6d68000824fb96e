"""The Docker daemon runs inside the workspace, started by the boot script.

## What it does

Follows how the boot script starts `dockerd` (its guard against a second one, its log file, the bounded wait for the
socket, who may use the socket) and what it writes to `/etc/docker/daemon.json` before.

## Why it matters

Everything a user does in a workspace needs this daemon. Without the guard a restart runs two daemons on one storage;
without a bound the wait can hang the boot for ever; with the mirror written too late every image comes over the
internet.

## Good

```bash
if ! pgrep -x dockerd > /dev/null; then
  sudo dockerd > /tmp/dockerd.log 2>&1 &
  for i in $(seq 1 30); do [ -S /var/run/docker.sock ] && break; sleep 1; done
fi
```

## Fix

Start `dockerd` with `sudo` in the background, only if `pgrep -x dockerd` finds none, log to `/tmp/dockerd.log`, and
wait for `/var/run/docker.sock` a bounded number of times.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checks.support import command_fact, mentions, written_to
from rules.model import Fact
from rules.sources.shell import Command
from rules.workspace.template import Workspace

ID = "INV-4"
REQUIREMENT = "In-Container Dockerd Lifecycle"


def facts(workspace: Workspace) -> Iterator[Fact]:
    for script in (*workspace.boot, *workspace.shutdown):
        for command in script.program.commands:
            what = _role(command)
            if what is not None:
                yield command_fact(ID, workspace.template, what, command)


def _role(command: Command) -> str | None:
    """What a command does for the daemon, or None if it does nothing for it."""
    if command.name == "dockerd":
        return "start of dockerd"
    if command.name in ("pgrep", "pkill") and mentions(command, "dockerd"):
        return "check whether dockerd runs"
    if command.name in ("chmod", "chown", "chgrp", "setfacl") and mentions(command, "docker.sock"):
        return "access to the Docker socket"
    if command.name == "rm" and mentions(command, "/docker.pid"):
        return "removal of stale daemon files"
    if written_to(command, "/etc/docker/daemon.json"):
        return "registry mirror configuration"
    if command.name in ("test", "[", "[[") and mentions(command, "docker.sock") and command.loops:
        return "wait for the Docker socket"
    return None
