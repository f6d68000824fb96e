"""Stopping keeps the data, deleting removes it, and both are orderly.

## What it does

Follows how the container is stopped (`stop_signal`, `stop_timeout`, `destroy_grace_seconds`), what runs on stop
(`ddev poweroff`), and the destroy-time provisioner that removes the workspace's folder on the host.

## Why it matters

`ddev poweroff` needs time to write databases out; a container that is killed earlier leaves them broken. A workspace
that is deleted without the provisioner leaves its home on the host for ever.

## Good

```hcl
stop_signal           = "SIGINT"
stop_timeout          = 180
destroy_grace_seconds = 60
```

## Fix

Keep `stop_signal = "SIGINT"`, `stop_timeout = 180`, `destroy_grace_seconds = 60`, the stop script with
`ddev poweroff`, and `null_resource.workspace_cleanup` with its destroy provisioner.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checks.support import attribute_facts, block_fact, command_fact, line
from rules.model import Fact
from rules.workspace.template import Workspace

ID = "INV-8"
REQUIREMENT = "Host-Aware Cleanup"


def facts(workspace: Workspace) -> Iterator[Fact]:
    for container in workspace.containers:
        names = ("stop_signal", "stop_timeout", "destroy_grace_seconds")
        yield from attribute_facts(ID, workspace, container, names)
    for resource in workspace.resources("null_resource", "terraform_data"):
        for block in resource.instance.blocks("provisioner"):
            what = f"{resource.address} provisioner"
            yield block_fact(ID, workspace, what, block, ("when", "command", "inline", "on_failure"))
        for trigger in ("triggers", "triggers_replace", "input"):
            yield from attribute_facts(ID, workspace, resource, (trigger,))
    for script in workspace.shutdown:
        yield Fact(ID, workspace.template, "stop script", script.address.rpartition(".")[0], line(script.at))
        for command in script.program.commands:
            if command.name not in ("echo", "printf", "true", ":", "="):
                yield command_fact(ID, workspace.template, "step of the stop script", command)
