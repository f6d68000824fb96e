"""A workspace keeps exactly two things: its home and its Docker storage.

## What it does

Follows the container's `volumes` and `mounts` blocks and the `docker_volume` behind them: what is mounted where, from
which host path or volume, and whether it can be written.

## Why it matters

Only what is mounted survives a stop, and only these two places are known to the scripts that delete a workspace. A
third mount is left behind on the host for ever; a missing one loses the user's work.

## Good

```hcl
volumes {
  container_path = "/home/coder"
  host_path      = "/coder-workspaces/${local.owner}-${local.workspace}"
}

mounts {
  type   = "volume"
  source = docker_volume.dind_cache.name
  target = "/var/lib/docker"
}
```

## Fix

Keep one `volumes` block (the home) and one `mounts` block (the Docker storage). Put other data under the home.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checks.support import attribute_facts, block_fact
from rules.model import Fact
from rules.workspace.template import Workspace

ID = "INV-5"
REQUIREMENT = "Two-Volume Persistence Model"


def facts(workspace: Workspace) -> Iterator[Fact]:
    for container in workspace.containers:
        for block in container.instance.blocks("volumes"):
            names = ("container_path", "host_path", "volume_name", "from_container", "read_only")
            yield block_fact(ID, workspace, "`volumes` block", block, names)
        for block in container.instance.blocks("mounts"):
            yield block_fact(ID, workspace, "`mounts` block", block, ("target", "source", "type", "read_only"))
    for volume in workspace.resources("docker_volume"):
        yield from attribute_facts(ID, workspace, volume, ("name", "driver", "driver_opts"))
