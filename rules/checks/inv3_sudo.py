"""The user coder has passwordless sudo.

## What it does

Follows the sudoers file that the image writes (its entry, its mode 0440, the environment it keeps) and which programs
the boot script runs with `sudo`.

## Why it matters

The boot script has no one who could type a password. It needs root to start the Docker daemon, to take over the home
folder and to write the daemon's configuration: without passwordless sudo the workspace starts without Docker. The wall
to the host is Sysbox, not the user's rights inside.

## Good

```dockerfile
RUN echo "coder ALL=(ALL) NOPASSWD:ALL" >> /etc/sudoers.d/coder && chmod 0440 /etc/sudoers.d/coder
```

## Fix

Keep the entry `coder ALL=(ALL) NOPASSWD:ALL` in `/etc/sudoers.d/coder` with mode 0440 and
`Defaults env_keep += "DEBIAN_FRONTEND"`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checks.support import image_fact
from rules.model import Fact
from rules.sources.shell import Command
from rules.workspace.image import Image
from rules.workspace.template import Workspace

ID = "INV-3"
REQUIREMENT = "NOPASSWD Sudo Posture"


def facts(workspace: Workspace) -> Iterator[Fact]:
    for script in workspace.boot:
        with_sudo = [command for command in script.program.commands if "sudo" in command.wrappers]
        if with_sudo:
            names = sorted({command.name for command in with_sudo if command.name})
            yield Fact(ID, workspace.template, "programs run with sudo", ", ".join(names), with_sudo[0].span)


def image_facts(image: Image) -> Iterator[Fact]:
    for command in image.commands:
        if _touches_sudoers(command):
            yield image_fact(ID, "sudoers file", command)


def _touches_sudoers(command: Command) -> bool:
    words = [text for word in command.words for text in word.alternatives]
    words += [text for redirect in command.redirects for text in redirect.target.alternatives]
    return any("/etc/sudoers" in text for text in words)
