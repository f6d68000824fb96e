"""The workspace runs as the user coder.

## What it does

Follows what makes the workspace's user: the image renames Ubuntu's user (UID 1000) to `coder`, the container runs as
`coder` with the host's docker group from `var.docker_gid`, and the agent sets `HOME` to `/home/coder`.

## Why it matters

The home is a folder of the host, owned by UID 1000. A workspace that runs as somebody else, or with another home,
finds its files unreadable or writes them where they are lost at the next stop.

## Good

```hcl
user      = "coder"
group_add = [tostring(var.docker_gid)]
```

## Fix

Keep `user = "coder"`, `group_add` from `var.docker_gid`, `HOME = "/home/coder"` in the agent's `env`, and the rename
of the user in the image.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checks.support import attribute_facts, environment, image_fact
from rules.model import Fact, Span
from rules.workspace.image import NAME, Image
from rules.workspace.template import Workspace

ID = "INV-2"
REQUIREMENT = "Workspace User Identity"

_USER_TOOLS = frozenset({"usermod", "groupmod", "useradd", "userdel", "groupadd", "adduser", "addgroup"})


def facts(workspace: Workspace) -> Iterator[Fact]:
    for container in workspace.containers:
        yield from attribute_facts(ID, workspace, container, ("user", "group_add"))
    yield from environment(ID, workspace, ("HOME",))


def image_facts(image: Image) -> Iterator[Fact]:
    for command in image.commands:
        if command.name in _USER_TOOLS:
            yield image_fact(ID, f"{command.name} in the image", command)
    for instruction in image.instructions("USER"):
        yield Fact(ID, NAME, "USER", " ".join(instruction.words), _span(instruction.path, instruction.start))
    for instruction in image.instructions("ENV"):
        for word in instruction.words:
            if word.startswith(("HOME=", "USER=")):
                yield Fact(ID, NAME, f"ENV {word.split('=')[0]}", word, _span(instruction.path, instruction.start))


def _span(path: str, line: int) -> Span:
    return Span(path, line, line)
