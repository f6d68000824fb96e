"""The workspace container publishes no ports on the host.

## What it does

Reports a `ports` block on the workspace container, static or `dynamic`, and `publish_all_ports`.
`network_mode = "host"` has the same effect without the word, and is asked about.

## Why it matters

A published port opens the workspace to everyone who can reach the host, past Coder's login. It also belongs to one
workspace only: the second one that wants the same port does not start.

## Bad

```hcl
ports {
  internal = 80
  external = 8080
}
```

## Good

```hcl
resource "coder_app" "ddev-web" {
  url       = "http://localhost:80"
  subdomain = true
}
```

## Fix

Remove the published port and offer the service as a `coder_app`: Coder then tunnels to it, behind its login, for each
workspace by its own name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rules.checks.support import line, not_seen, removed, set_to, truths, undecided, way, without
from rules.model import Edit, Undecided, Violation
from rules.sources.terraform.module import BlockInstance
from rules.sources.terraform.values import Alternative, Unknown, Value, show_value
from rules.sources.text import Text
from rules.workspace.template import Resource, Workspace

ID = "F-6"
REQUIREMENT = "Forbidden Runtime Behaviors"

_OWN_NETWORK = "docker_network."
"""A network that the template itself makes is not the host's."""


def check(workspace: Workspace) -> Iterator[Violation | Undecided]:
    for container in workspace.containers:
        seen: set[tuple[str, int]] = set()
        for block in container.instance.blocks("ports"):
            where = (block.at.path, block.at.line)
            if where not in seen:
                seen.add(where)
                yield _ports(workspace, container, block)
        yield from _publish_all(workspace, container)
        yield from _host_network(workspace, container)


def _ports(workspace: Workspace, container: Resource, block: BlockInstance) -> Violation | Undecided:
    address = f"{container.address}/ports"
    if block.presence == "unknown":
        reason = "whether this `ports` block exists cannot be known; if it does, it publishes a port on the host"
        return undecided(workspace, ID, address, block.at, reason)
    ports = {name: value for name in ("internal", "external") if (value := block.value(name)) is not None}
    shown = ", ".join(f"{name} {show_value(value)}" for name, value in ports.items())
    may = {"certain": "publishes", "conditional": "can publish"}.get(block.presence)
    several = _several(container, block)
    told = f"ports {', '.join(several)} of the workspace on the host" if several else _told(ports)
    message = f"This {may} {told}." if may else f"This lets a variable publish {told}. Is that meant?"
    return Violation(
        rule=ID,
        template=workspace.template,
        address=address,
        evidence=f"ports {shown}",
        span=line(block.at),
        level="failure" if may else "warning",
        message=message,
        trail=tuple(dict.fromkeys((*block.trail, workspace.step(block.at)))),
        related=("INV-7",),
        edit=without(container.instance, block, with_others=True),
        fix=_instead(block, None if several else ports.get("internal")),
    )


def _several(container: Resource, block: BlockInstance) -> list[str]:
    """The ports of all blocks that a `dynamic` one makes; none where there is one, or they are not numbers."""
    values = (each.value("internal") for each in container.instance.blocks("ports") if each.at == block.at)
    found = dict.fromkeys(show_value(value).strip('"') for value in values if value is not None)
    return list(found) if len(found) > 1 and all(port.isdigit() for port in found) else []


def _told(ports: Mapping[str, Value]) -> str:
    """``port 80 of the workspace on the host, as its port 8080``."""
    inner, outer = (show_value(ports[name]).strip('"') if name in ports else "" for name in ("internal", "external"))
    own = f"port {inner}" if inner.isdigit() else f"a port (`{inner}`)" if inner else "a port"
    there = f", as its port {outer}" if outer.isdigit() else f", as its port `{outer}`" if outer else ""
    return f"{own} of the workspace on the host{there}"


def _instead(block: BlockInstance, port: Value | None) -> str:
    kind = "`ports`" if block.header is None else '`dynamic "ports"`'
    number = show_value(port).strip('"') if port is not None and port.only is not None else ""
    if number == "80":
        return f"Remove this {kind} block: the `coder_app` on `http://localhost:80` is the way to the site."
    url = f" on `http://localhost:{number}`" if number.isdigit() else ""
    return (
        f"Remove this {kind} block. Offer a web page as a `coder_app`{url}; for the rest there is `coder port-forward`."
    )


def _publish_all(workspace: Workspace, container: Resource) -> Iterator[Violation | Undecided]:
    value, effect = container.value("publish_all_ports"), container.at("publish_all_ports")
    address = f"{container.address}/publish_all_ports"
    for alternative, truth in truths(value) if value is not None else ():
        if truth == "unknown" and isinstance(alternative.data, Unknown):
            reason = not_seen("publish_all_ports", alternative.data)
            yield undecided(workspace, ID, address, effect, reason)
            continue
        settable = truth == "settable"
        yield Violation(
            rule=ID,
            template=workspace.template,
            address=address,
            evidence="publish_all_ports can be set" if settable else "publish_all_ports=true",
            span=line(effect if settable else alternative.at),
            level="warning" if settable else "failure",
            message=(
                f"This lets `{alternative.variable}` publish every port of the image on the host. Is that meant?"
                if settable
                else "This publishes every port that the image exposes on the host."
            ),
            trail=way(workspace, alternative, effect),
            related=("INV-7",),
            edit=set_to(workspace, container.instance, "publish_all_ports", "false"),
            fix="Write `publish_all_ports = false`, and offer what has to be reached as a `coder_app`.",
        )


def _host_network(workspace: Workspace, container: Resource) -> Iterator[Violation | Undecided]:
    places = [(container.instance, "network_mode")]
    places += [(block, "name") for block in container.instance.blocks("networks_advanced")]
    address = f"{container.address}/network"
    for block, name in places:
        attribute = block.attribute(name)
        for alternative in block.value(name) or ():
            data = alternative.data
            if attribute is None:
                continue
            if isinstance(data, Unknown) and not data.expression.startswith(_OWN_NETWORK):
                reason = not_seen(name, data)
                yield undecided(workspace, ID, address, attribute.at, reason)
            elif isinstance(data, Text) and data.known == "host":
                yield Violation(
                    rule=ID,
                    template=workspace.template,
                    address=address,
                    evidence="network=host",
                    span=line(alternative.at),
                    level="warning",
                    message=(
                        "This puts the workspace on the host's own network. It publishes every port the workspace "
                        "listens on, the same effect as `ports`. Is that meant?"
                    ),
                    trail=way(workspace, alternative, attribute.at),
                    related=("INV-7",),
                    edit=_without_network(workspace, container, block, alternative),
                    fix=f"{_leave_out(name)}. What has to be reached from outside is offered as a `coder_app`.",
                )


def _leave_out(name: str) -> str:
    return "Leave `network_mode` out" if name == "network_mode" else "Remove this `networks_advanced` block"


def _without_network(
    workspace: Workspace, container: Resource, block: BlockInstance, alternative: Alternative
) -> Edit | None:
    if block is not container.instance:
        return without(container.instance, block)
    return removed(workspace, block, "network_mode", alternative)
