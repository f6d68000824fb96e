"""The boot script does its ten steps in order, and never gives up.

## What it does

Recognises the ten steps of the boot script by what they do, and follows their order, the shell options that decide
what a failure does, and how the script ends.

## Why it matters

The steps build on each other: the mirror must be configured before the Docker daemon reads it, the home must belong to
the user before anything is copied into it. And a boot that stops at the first failure leaves a workspace that nobody
can log in to and repair.

## Good

```bash
set +e
sudo chown coder:coder /home/coder
```

## Fix

Keep the order: home ownership, skeleton, GitSSH, staged files, git identity, registry mirror, dockerd, image pre-pull,
directories, shell profile. Begin with `set +e` and end with `exit 0`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checks.support import command_fact, in_home, mentions, writes, written_to
from rules.model import Fact
from rules.sources.shell import Command
from rules.workspace.template import Script, Workspace

ID = "BOOT"
REQUIREMENT = "Required Agent Boot Sequence"


def facts(workspace: Workspace) -> Iterator[Fact]:
    for script in workspace.boot:
        yield from _order(workspace, script)
        for command in script.program.main:
            if command.name in ("set", "shopt", "trap"):
                yield command_fact(ID, workspace.template, "what a failure does", command)
            elif command.name == "exit":
                yield command_fact(ID, workspace.template, "end of the script", command)


def _order(workspace: Workspace, script: Script) -> Iterator[Fact]:
    """The steps in the order of their first command."""
    first: dict[str, Command] = {}
    for command in script.program.commands:
        step = _step(command)
        if step is not None:
            first.setdefault(step, command)
    if first:
        order = " → ".join(first)
        yield Fact(ID, workspace.template, "order of the boot steps", order, next(iter(first.values())).span)


def _step(command: Command) -> str | None:
    """The step that a command belongs to, by what it does."""
    targets = [text for word in command.args for text in word.alternatives]
    name = command.name
    if name == "chown" and any(text.rstrip("/") == "/home/coder" for text in targets):
        return "home ownership"
    if name in ("cp", "rsync") and mentions(command, "/etc/skel"):
        return "skeleton"
    if any(a.name == "GIT_SSH_COMMAND" for a in command.assignments):
        return "GitSSH"
    if name in ("cp", "rsync", "install") and mentions(command, "/home/coder-files"):
        return "staged files"
    if name == "git" and mentions(command, "user.name"):
        return "git identity"
    if written_to(command, "/etc/docker/daemon.json"):
        return "registry mirror"
    if name == "dockerd":
        return "dockerd"
    if name == "ddev" and mentions(command, "download-images"):
        return "image pre-pull"
    if name == "mkdir" and any(in_home(text) and text.endswith("/projects") for text in targets):
        return "directories"
    if any(path.endswith("/.bash_profile") for path in writes(command)):
        return "shell profile"
    return None
