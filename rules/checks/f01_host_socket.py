"""No host Docker socket in the workspace.

## What it does

Looks at every way a path of the Coder host can get into the workspace container: `volumes` and `mounts` blocks (static
and `dynamic`), bind-mounted Docker volumes, and `docker run -v` in a provisioner or in the program of a `data
"external"`. It follows variables, locals, conditionals and module inputs to the path that results, and reports the
Docker socket itself and the folders that hold it (`/var/run`, `/run`, `/var`, `/`).

## Why it matters

Whoever can talk to the host's Docker daemon is root on the host: from one workspace they can read and change every
other user's workspace. The workspace has its own Docker daemon inside Sysbox, so nothing in it needs the host's.

## Bad

```hcl
volumes {
  host_path      = "/var/run/docker.sock"
  container_path = "/var/run/docker.sock"
}
```

## Good

```hcl
# dockerd runs inside the workspace; its socket needs no mount.
volumes {
  host_path      = "/coder-workspaces/${local.owner}-${local.slug}"
  container_path = "/home/coder"
}
```

## Fix

Remove the mount. Inside the workspace, `/var/run/docker.sock` already belongs to the workspace's own daemon.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from rules.checks.support import argument_lists, line, undecided, way, without
from rules.model import Step, Undecided, Violation
from rules.sources.shell import Command, Word
from rules.sources.terraform.module import BlockInstance
from rules.sources.terraform.values import Alternative, MapData, Unknown, as_text
from rules.sources.text import Hole, Position, Text
from rules.workspace.storage import Mount
from rules.workspace.template import Resource, Workspace

ID = "F-1"
REQUIREMENT = "Forbidden Runtime Behaviors"
SCRIPTS = ("host",)

SOCKETS = ("/var/run/docker.sock", "/run/docker.sock")
FOLDERS = ("/var/run", "/run", "/var", "/")
HOME = "/home/coder"

_INTO = " into the workspace"
_IN_ITS_PLACE = "something else where the workspace's own Docker socket belongs"
_HIDDEN = "It hides the socket of the workspace's own Docker daemon: `docker` and DDEV do not reach their daemon there."
_OWN_SOCKET = "Inside the workspace, `/var/run/docker.sock` already belongs to the workspace's own daemon."
_OWN_FOLDER = "Mount the home's own folder of the host here, such as `/coder-workspaces/<owner>-<workspace>`."


def check(workspace: Workspace) -> Iterator[Violation | Undecided]:
    volumes = {volume.name: list(of_volume(workspace, volume)) for volume in workspace.resources("docker_volume")}
    for container in workspace.containers:
        for kind in ("volumes", "mounts"):
            for block in container.instance.blocks(kind):
                shown = [each for name in Mount(container, block).volume_names for each in volumes.get(name, ())]
                yield from _mounted_as(workspace, container, block, shown) or of_block(workspace, container, block)
    for found in volumes.values():
        yield from found
    for script in workspace.provisioners:
        for command in script.program.commands:
            yield from _docker_run(workspace, script.address, command)


def of_block(workspace: Workspace, container: Resource, block: BlockInstance) -> Iterator[Violation | Undecided]:
    """One `volumes` or `mounts` block: what it mounts, else where it mounts it."""
    address = f"{container.address}/{block.block.type}"
    for name, meaning in _MEANINGS[block.block.type]:
        value, attribute = block.value(name), block.attribute(name)
        if value is None or attribute is None:
            continue
        for alternative in value:
            path = _path(alternative, attribute.at)
            if path is None:
                continue
            if (what := meaning(path)) is not None:
                if block.presence == "unknown":
                    reason = f"whether this block exists cannot be known; if it does, it mounts {what}"
                    yield undecided(workspace, ID, address, block.at, reason)
                    return
                found = _violation(workspace, address, f"{name}={path.show()}", alternative, attribute.at)
                found = replace(found, trail=_with_block(found.trail, alternative, block))
                sure = block.presence == "certain" and len(value.alternatives) == 1
                yield _of_mount(found, container, block, what, sure=sure)
                return
            if _is_host_path(block, name) and _could_be_socket(path):
                hole = next(part for part in path.parts if isinstance(part, Hole))
                part = f"`{hole.expression}`" if hole.expression else "a part of it"
                reason = f"`{name}` is `{path.show()}`, and {part} {hole.reason}"
                yield undecided(workspace, ID, address, attribute.at, reason)


def _is_host_path(block: BlockInstance, name: str) -> bool:
    """Whether the attribute is sure to hold a path of the host, and not the name of a Docker volume."""
    kind = block.value("type")
    only = kind.only if kind is not None else None
    is_named = only is not None and isinstance(only.data, Text) and only.data.known in ("volume", "tmpfs")
    return name == "host_path" or (name == "source" and not is_named)


def _of_mount(found: Violation, container: Resource, block: BlockInstance, what: str, *, sure: bool) -> Violation:
    """What a block mounts, in words."""
    kind, settable = block.block.type, block.presence == "settable"
    mounts = "lets a variable mount" if settable else "mounts" if sure else "can mount"
    is_home = any(path is not None and _normal(path) == HOME for path in _targets(block))
    return replace(
        found,
        level="warning" if settable else "failure",
        message=f"This {mounts} {what}.{' Is that meant?' if settable else ''}",
        edit=None if is_home else without(container.instance, block),
        fix=_OWN_FOLDER if is_home else f"Remove this `{kind}` block. {_OWN_SOCKET}",
        why=_HIDDEN if what == _IN_ITS_PLACE else "",
    )


def _targets(block: BlockInstance) -> Iterator[Text | None]:
    name = "container_path" if block.block.type == "volumes" else "target"
    return (_path(alternative, block.at) for alternative in block.value(name) or ())


def _with_block(trail: tuple[Step, ...], alternative: Alternative, block: BlockInstance) -> tuple[Step, ...]:
    """With what brings the block: before what is written in it, after what is written elsewhere and passes there."""
    at = alternative.at
    inside = at.path == block.at.path and block.at.line <= at.line <= block.block.end_line
    inside = inside and not any((step.path, step.line) == (at.path, at.line) for step in block.trail)
    return tuple(dict.fromkeys((*block.trail, *trail) if inside else (*trail, *block.trail)))


def _mounted_as(
    workspace: Workspace, container: Resource, block: BlockInstance, volumes: Iterable[Violation]
) -> list[Violation]:
    """The same of the mount of such a volume: where the volume comes with it, in the same words, it is said once."""
    address, step = f"{container.address}/{block.block.type}", workspace.step(block.at)
    return [replace(each, address=address, trail=tuple(dict.fromkeys((*each.trail, step)))) for each in volumes]


def _violation(
    workspace: Workspace,
    address: str,
    evidence: str,
    alternative: Alternative,
    effect: Position,
) -> Violation:
    return Violation(
        rule=ID,
        template=workspace.template,
        address=address,
        evidence=evidence,
        span=line(alternative.at),
        level="failure",
        message="",
        trail=way(workspace, alternative, effect),
        related=("INV-4", "INV-5"),
    )


def _path(alternative: Alternative, at: Position) -> Text | None:
    text = as_text(alternative.data, at)
    if text is None or (isinstance(alternative.data, Unknown) and not alternative.data.expression):
        return None
    return text


def _normal(text: Text) -> str | None:
    known = text.known
    return None if known is None else posixpath.normpath(re.sub("/+", "/", known.removeprefix("unix://")))


def _exposes(path: Text) -> str | None:
    """What mounting host path `path` exposes, or None if it is harmless or not known."""
    normal = _normal(path)
    if normal in FOLDERS:
        return f"the host's `{normal}`{_INTO}, and with it the host's Docker socket"
    if normal in SOCKETS or path.show().endswith("/docker.sock"):
        return f"the host's Docker socket{_INTO}"
    return None


def _takes_place(path: Text) -> str | None:
    return _IN_ITS_PLACE if _normal(path) in SOCKETS else None


_MEANINGS = {
    # Docker takes a volume's name that is a path for that path.
    "volumes": (("host_path", _exposes), ("volume_name", _exposes), ("container_path", _takes_place)),
    "mounts": (("source", _exposes), ("target", _takes_place)),
}
"""The attributes of a block that can bring the socket, and what a path in them means."""


def _could_be_socket(path: Text) -> bool:
    return path.known is None and any(map(path.can_be, (*SOCKETS, *FOLDERS)))


def of_volume(workspace: Workspace, volume: Resource) -> Iterator[Violation]:
    """A named volume that is a bind mount in disguise: ``driver_opts = { o = "bind", device = … }``."""
    options = volume.value("driver_opts")
    for alternative in options or ():
        device = alternative.data.get("device") if isinstance(alternative.data, MapData) else None
        for each in device or ():
            path = _path(each, volume.at("driver_opts"))
            if path is not None and (what := _exposes(path)) is not None:
                address, evidence = f"{volume.address}/driver_opts", f"device={path.show()}"
                found = _violation(workspace, address, evidence, each, volume.at("driver_opts"))
                message = f"This volume is another name for {what.replace(_INTO, '')}."
                yield replace(found, message=message, fix=f"Remove this `driver_opts`. {_OWN_SOCKET}")


def _docker_run(workspace: Workspace, address: str, command: Command) -> Iterator[Violation]:
    """``docker run -v`` in a command that runs on the host."""
    if command.name != "docker":
        return
    mounted = {path: word for words in argument_lists(command) for path, word in _mounted(words)}
    for path, word in mounted.items():
        what = _exposes(Text.literal(path, word.position)) if path else None
        if what is not None:
            yield Violation(
                rule=ID,
                template=workspace.template,
                address=address,
                evidence=f"docker run -v {path}",
                span=line(word.position),
                level="failure",
                message=f"This command on the host mounts {what.replace(_INTO, ' into a container')}.",
                trail=tuple(dict.fromkeys((workspace.step(word.position), workspace.step(command.position)))),
                related=("INV-4",),
                fix=f"Run it without the mount of `{path}`.",
            )


def _mounted(words: list[tuple[str, Word]]) -> Iterator[tuple[str, Word]]:
    """The host paths among the arguments of ``docker run``, each with the word that has it."""
    if not {"run", "create"} & {text for text, _ in words}:
        return
    for index, (text, own) in enumerate(words):
        option, _, given = text.partition("=")
        value, word = (given, own) if given else words[index + 1] if index + 1 < len(words) else ("", own)
        if option in ("-v", "--volume"):
            yield value.split(":")[0], word
        elif text.startswith("-v") and len(text) > 2:
            yield text[2:].split(":")[0], own
        elif option == "--mount":
            fields = dict(field.partition("=")[::2] for field in value.split(","))
            yield fields.get("source") or fields.get("src") or "", word
