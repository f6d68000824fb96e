"""A workspace knows who it is from its environment, not from its host name.

## What it does

Follows the four `CODER_WORKSPACE_*` entries of the agent's `env`, the git identity that the boot script takes from
them, and whatever the boot script reads from the host name.

## Why it matters

The host name is `<workspace>-<owner>`, cut and changed as Docker likes it, while the container's name is another one.
Whoever takes it apart gets the wrong workspace as soon as a name has a dash in it.

## Good

```hcl
env = {
  CODER_WORKSPACE_ID   = data.coder_workspace.me.id
  CODER_WORKSPACE_NAME = data.coder_workspace.me.name
}
```

## Fix

Read `CODER_WORKSPACE_ID`, `CODER_WORKSPACE_NAME`, `CODER_WORKSPACE_OWNER_NAME` and `CODER_WORKSPACE_OWNER_EMAIL`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checks.support import attribute_facts, command_fact, environment, mentions
from rules.model import Fact
from rules.sources.shell import Command
from rules.workspace.template import Workspace

ID = "INV-9"
REQUIREMENT = "Env-Sourced Workspace Identity"

VARIABLES = tuple(f"CODER_WORKSPACE_{name}" for name in ("ID", "NAME", "OWNER_NAME", "OWNER_EMAIL"))


def facts(workspace: Workspace) -> Iterator[Fact]:
    yield from environment(ID, workspace, VARIABLES)
    for container in workspace.containers:
        yield from attribute_facts(ID, workspace, container, ("hostname",))
    for script in workspace.boot:
        for command in script.program.commands:
            what = _role(command)
            if what is not None:
                yield command_fact(ID, workspace.template, what, command)


def _role(command: Command) -> str | None:
    if command.name == "git" and mentions(command, "config"):
        if mentions(command, "user.name") or mentions(command, "user.email"):
            return "git identity"
        return None
    if command.name in ("hostname", "hostnamectl") or (command.name == "uname" and mentions(command, "-n")):
        return "reading of the host name"
    if any(a.name in VARIABLES for a in command.assignments):
        return "workspace identity"
    return None
