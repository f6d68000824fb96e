"""A workspace gets no further storage that outlives it.

## What it does

Finds every `volumes` and `mounts` block of the workspace container, static or `dynamic`, besides the home and Docker's
storage (INV-5), and every `docker_volume` that nothing of the workspace mounts. Each needs a destroy-time provisioner
that removes that very path or volume; with one, and for a read-only mount, it is asked whether it is meant. `tmpfs`
keeps nothing and does not count.

## Why it matters

Only the home and Docker's storage are removed when a workspace is deleted. A third place stays on the host for ever,
with what the user left in it, and the next workspace of that name finds it there.

## Bad

```hcl
volumes {
  container_path = "/home/linuxbrew"
  host_path      = "/srv/brew/${local.owner}"
}
```

## Good

```hcl
volumes {
  container_path = "/home/coder"
  host_path      = "/coder-workspaces/${local.owner}-${local.workspace}"
}
```

## Fix

Keep the data under the home, which is removed with the workspace, or build it into the image. If it must have a place
of its own, add a destroy-time provisioner that removes that place, and bring the contract's change in the same pull
request.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs
from msgspec.structs import replace

from rules.checks import f01_host_socket as host_socket
from rules.checks.inv5_volumes import docker_mount, home_mount
from rules.checks.support import in_home, line, undecided, way, without
from rules.model import Edit, Level, Step, Undecided, Violation
from rules.sources.terraform.values import as_bool, show_value
from rules.workspace.storage import Cleanup, Mount, Path, cleanups, mounts, path_of
from rules.workspace.template import Resource, Workspace

ID = "F-7"
REQUIREMENT = "Forbidden Runtime Behaviors"
SCRIPTS = ("host",)

_STAYS = "a volume that stays"


def check(workspace: Workspace) -> Iterator[Violation | Undecided]:
    used: set[str] = set()
    told: set[str] = set()
    for container in workspace.containers:
        found = mounts(container)
        storage = docker_mount(found)
        if storage is None or not storage.volume_names:  # INV-5 says what became of Docker's storage and its volume
            used |= {volume.name for volume in workspace.resources("docker_volume")}
        kept = (home_mount(found), docker_mount(found))
        for mount in found:
            used |= mount.volume_names
            if mount not in kept and not _is_elsewhere_told(workspace, mount, found):
                for each in _further(workspace, mount):
                    yield each
                    if isinstance(each, Violation) and each.rule == ID:
                        yield from (_stays(each, name) for name in sorted(mount.volume_names - told))
                        told |= mount.volume_names
    for volume in workspace.resources("docker_volume") if workspace.containers else ():
        attribute = volume.instance.attribute("name")
        name = path_of(volume.value("name"), attribute.expr if attribute else None, volume.instance)
        shows_socket = any(host_socket.of_volume(workspace, volume))
        if volume.name not in used and not shows_socket and _cleanup(workspace, name) is None:
            yield _unmounted(workspace, volume)


def _is_elsewhere_told(workspace: Workspace, mount: Mount, found: tuple[Mount, ...]) -> bool:
    """What another rule says already: the host's socket, or one of the two that is mounted at a wrong place."""
    if mount.kind == "tmpfs":
        return True
    said = list(host_socket.of_block(workspace, mount.container, mount.block))
    volumes = [each for each in workspace.resources("docker_volume") if each.name in mount.volume_names]
    said += [each for volume in volumes for each in host_socket.of_volume(workspace, volume)]
    if any(isinstance(each, Violation) for each in said) or (said and mount.block.presence == "unknown"):
        return True
    if home_mount(found) is not None and docker_mount(found) is not None:
        return False
    path = mount.path
    return path is not None and path.names_owner and path.names_workspace


def _further(workspace: Workspace, mount: Mount) -> Iterator[Violation | Undecided]:
    block = mount.block
    address = f"{mount.container.address}/{block.block.type}"
    if block.presence == "unknown" or mount.kind == "unknown":
        reason = "whether this block exists, or what it mounts, cannot be known; it would be a third place that stays"
        yield undecided(workspace, ID, address, block.at, reason)
        return
    target = block.value(mount.target_attribute)
    place = show_value(target).strip('"') if target is not None else ""
    shown = f"`{place}`" if place else "something"
    read_only = block.value("read_only")
    alone = not mount.volume_names and read_only is None
    path = mount.path
    cleanup = _cleanup(workspace, path)
    rule = ID if cleanup is None else "INV-5"
    level: Level = "warning"
    if cleanup is not None:
        message = f"This adds {shown} to the two places that stay, and removes it with the workspace. Is that meant?"
    elif read_only is not None and all(as_bool(a.data) is True for a in read_only):
        message = f"This mounts {shown} read-only, so the workspace leaves nothing there. Is it shared on purpose?"
    elif block.presence == "settable":
        message = f"This lets a variable mount {shown}, which nothing removes with the workspace. Is that meant?"
    else:
        level, message = "failure", f"This keeps {shown} in a third place, which nothing removes with the workspace."
    yield Violation(
        rule=rule,
        template=workspace.template,
        address=address,
        evidence=f"{block.block.type} {_what(path) or place or 'a place that is not named'}",
        span=line(block.at),
        level=level,
        message=message,
        trail=_trail(workspace, mount, cleanup),
        related=("INV-5",) if rule == ID else ("F-7",),
        edit=without(mount.container.instance, block) if level == "failure" and alone else None,
        fix=_instead(mount, place, level),
        why=_SHARED if "read-only" in message else "",
    )


_SHARED = "Nothing removes that folder with a workspace, so somebody has to look after it on the host."


def _what(path: Path | None) -> str | None:
    """What stays, by its place on the host; None where that is not known. At another target it is still the same."""
    return path.shape if path is not None and path.shape != "*" else None


def _instead(mount: Mount, target: str, level: Level) -> str:
    block = mount.block
    kind = f"`{block.block.type}`" if block.header is None else f'`dynamic "{block.block.type}"`'
    volume = " and its `docker_volume`" if mount.volume_names else ""
    if level == "warning":
        return f"If so, change the contract in the same pull request; else remove this {kind} block."
    if in_home(target):
        return f"Remove this {kind} block{volume}: the home is kept already, and `{target}` is in it."
    reads = (
        " If the workspace only reads there, write `read_only = true`." if block.value("read_only") is not None else ""
    )
    return f"Remove this {kind} block{volume}: keep the data under `/home/coder`, or build it into the image.{reads}"


def _stays(mounted: Violation, volume: str) -> Violation:
    """The same of the volume itself, so that who only takes its mount away brings nothing that was not there."""
    return replace(mounted, address=f"docker_volume.{volume}", evidence=_STAYS)


def _cleanup(workspace: Workspace, path: Path | None) -> Cleanup | None:
    if path is None:
        return None
    return next((each for each in cleanups(workspace) if each.covers(path)), None)


def _trail(workspace: Workspace, mount: Mount, cleanup: Cleanup | None) -> tuple[Step, ...]:
    steps: list[Step] = []
    source, attribute = mount.source, mount.block.attribute(mount.source_attribute)
    if source is not None and attribute is not None:
        steps += way(workspace, structs.replace(source.alternatives[0], made_of=()), attribute.at)
    steps += (*mount.block.trail, workspace.step(mount.block.at))
    read_only = mount.block.attribute("read_only")
    if read_only is not None:  # what a pull request may have changed about it
        steps.append(workspace.step(read_only.at))
    if cleanup is not None:
        steps.append(workspace.step(cleanup.command.position))
    return tuple(dict.fromkeys(steps))


def _unmounted(workspace: Workspace, volume: Resource) -> Violation:
    at = volume.instance.at
    return Violation(
        rule=ID,
        template=workspace.template,
        address=volume.address,
        evidence=_STAYS,
        span=line(at),
        level="failure",
        message="This makes a volume that nothing in the workspace mounts and nothing removes.",
        trail=(workspace.step(at),),
        related=("INV-5",),
        edit=Edit(at.path, at.line, volume.instance.block.end_line, ""),
        fix="Remove this `docker_volume`, or mount it as Docker's storage, `/var/lib/docker`.",
        why="Such a volume stays on the host for ever, one for every workspace there ever was.",
    )
