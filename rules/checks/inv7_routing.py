"""One DDEV project, bound to port 80 of the workspace, reached through Coder.

## What it does

Follows the `coder_app` that offers the site (`url`, `subdomain`, `healthcheck`), the container's published ports, and
the boot script's global DDEV configuration, which leaves out `ddev-router`.

## Why it matters

Coder's tunnel ends at port 80 of the workspace. If the router is there too, or the app points elsewhere, the user's
site does not open, and nothing in DDEV says why.

## Good

```hcl
resource "coder_app" "ddev-web" {
  url       = "http://localhost:80"
  subdomain = true
  healthcheck {
    url = "http://localhost:80"
  }
}
```

## Fix

Keep a `coder_app` on `http://localhost:80` with `subdomain = true` and a healthcheck on the same URL, and DDEV
configured with `--omit-containers=ddev-router`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checks.support import attribute_facts, block_fact, command_fact, mentions, written_to
from rules.model import Fact, Span
from rules.workspace.image import Image
from rules.workspace.template import Workspace

ID = "INV-7"
REQUIREMENT = "Direct-Bind Single-Project Web Routing"

GLOBAL_CONFIG = "image/scripts/.ddev/global_config.yaml"


def facts(workspace: Workspace) -> Iterator[Fact]:
    for app in workspace.resources("coder_app"):
        for fact in attribute_facts(ID, workspace, app, ("url", "subdomain")):
            yield Fact(fact.id, fact.template, f"{app.name} {fact.what}", fact.value, fact.span)
        for block in app.instance.blocks("healthcheck"):
            yield block_fact(ID, workspace, f"{app.name} healthcheck", block, ("url", "interval", "threshold"))
    for container in workspace.containers:
        for block in container.instance.blocks("ports"):
            yield block_fact(ID, workspace, "`ports` block", block, ("internal", "external", "ip", "protocol"))
    for script in workspace.boot:
        for command in script.program.commands:
            is_config = command.name == "ddev" and mentions(command, "config") and mentions(command, "global")
            if is_config or written_to(command, "/home/coder/.ddev/global_config.yaml"):
                yield command_fact(ID, workspace.template, "global DDEV configuration", command)


def image_facts(image: Image) -> Iterator[Fact]:
    entry = image.tree.entries.get(GLOBAL_CONFIG)
    if entry is not None:
        yield Fact(ID, "image", "global_config.yaml in the image", entry.id, Span(GLOBAL_CONFIG, 1, 1))
