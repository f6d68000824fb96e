"""A workspace keeps exactly two things: its home and its Docker storage.

## What it does

Follows the container's `volumes` and `mounts` blocks and the `docker_volume` behind them: what is mounted where, from
which host path or volume, and whether it can be written.

## Why it matters

Only what is mounted survives a stop, and only these two places are known to the scripts that delete a workspace. A
third mount is left behind on the host for ever; a missing one loses the user's work.

## Bad

```hcl
volumes {
  container_path = "/home/coder"
  host_path      = "/tmp/home"
}
```

## Good

```hcl
volumes {
  container_path = "/home/coder"
  host_path      = "/coder-workspaces/${local.owner}-${local.slug}"
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

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from rules.checks.f01_host_socket import of_block
from rules.checks.support import (
    attribute_facts,
    block_fact,
    corrected,
    line,
    not_seen,
    set_to,
    source_line,
    truths,
    undecided,
    way,
)
from rules.model import Edit, Fact, Level, Step, Undecided, Violation
from rules.sources.terraform.module import BlockInstance
from rules.sources.terraform.references import references
from rules.sources.terraform.values import Alternative, Unknown, Value, as_text, show_value
from rules.sources.text import Hole, Position, Text
from rules.workspace.storage import (
    DOCKER_STORAGE,
    HOME,
    HOST_ROOT,
    Mount,
    Path,
    is_home_folder,
    mounts,
    path_of,
    unknown_reason,
)
from rules.workspace.template import Resource, Workspace

ID = "INV-5"
REQUIREMENT = "Two-Volume Persistence Model"
CLAUSES = {
    r" name (?!lacks)": "named dind-cache surfaces",
    r"//home/coder ": "home host bind writable",
    r"//var/lib/docker |docker_volume\.": "storage named volume survive",
}

_NAME = re.compile(r"coder-.*-dind-cache$")
_OWNER = re.compile(r"coder_workspace_owner|\.owner\b")
_MORTAL = (".start_count", ".transition")
"""What changes when a workspace stops or starts."""


def facts(workspace: Workspace) -> Iterator[Fact]:
    for container in workspace.containers:
        for block in container.instance.blocks("volumes"):
            names = ("container_path", "host_path", "volume_name", "from_container", "read_only")
            yield block_fact(ID, workspace, "`volumes` block", block, names)
        for block in container.instance.blocks("mounts"):
            yield block_fact(ID, workspace, "`mounts` block", block, ("target", "source", "type", "read_only"))
    for volume in workspace.resources("docker_volume"):
        yield from attribute_facts(ID, workspace, volume, ("name", "driver", "driver_opts", "count"))


_VOLUME_NAME = 'Write `name = "coder-<owner>-<workspace>-dind-cache"`, with what the template calls the two.'
_ONE_STORAGE = "Two workspaces can then get the same volume, and two Docker daemons on one storage destroy it."
_NEW_NAME = "A workspace that exists gets a new, empty volume by that name: its images and databases are not in it."
_GONE = {
    HOME: "The user's work is lost at the next stop.",
    DOCKER_STORAGE: "Every image and database of the user is gone after a stop.",
}
_NO_VOLUME = {
    "bind": ("a folder of the host", "Deleting a workspace removes its volume; a folder stays on the host for ever."),
    "tmpfs": ("kept in memory", _GONE[DOCKER_STORAGE]),
}
_MOUNT = {
    HOME: f'Mount `{HOST_ROOT}/<owner>-<workspace>` there, by a `volumes` block with `container_path = "{HOME}"`.',
    DOCKER_STORAGE: f'Mount it: a `mounts` block with `target = "{DOCKER_STORAGE}"`, `type = "volume"` and `source`.',
}


def check(workspace: Workspace) -> Iterator[Violation | Undecided]:
    for container in workspace.containers:
        found = mounts(container)
        yield from _home(workspace, container, found)
        yield from _docker_storage(workspace, container, found)


def home_mount(found: Iterable[Mount]) -> Mount | None:
    """The mount that is the home; of several, the one of the contract's folder."""
    there = [mount for mount in found if mount.is_at(HOME)]
    right = (mount for mount in there if mount.path is not None and is_home_folder(mount.path))
    return next(right, there[0] if there else None)


def docker_mount(found: Iterable[Mount]) -> Mount | None:
    return next((mount for mount in found if mount.is_at(DOCKER_STORAGE)), None)


# The home


def _home(workspace: Workspace, container: Resource, found: tuple[Mount, ...]) -> Iterator[Violation | Undecided]:
    home = home_mount(found)
    if home is None:
        yield from _not_mounted(workspace, container, found, HOME, "volumes")
        return
    yield from _existence(workspace, home, "the home")
    yield from _read_only(workspace, home, "the home", "The user cannot write a file there any more.")
    if home.kind != "bind":
        message = "The home is not a folder of the host here."
        violation = _wrong(workspace, home, home.source_attribute, "home is no bind mount", message)
        yield replace(violation, fix=_HOST_PATH, why=_ELSEWHERE)
        return
    if home.block.block.type == "mounts":
        message = "This binds the home by `mounts`, where the contract has a `volumes` block. Is that meant?"
        fix = f'Write a `volumes` block with `container_path = "{HOME}"` and the `host_path`.'
        yield replace(_wrong(workspace, home, "type", "home by mounts", message, "warning"), fix=fix)
    yield from _host_path(workspace, home)


def _host_path(workspace: Workspace, home: Mount) -> Iterator[Violation | Undecided]:
    path, source = home.path, home.source
    if path is None or source is None or _shows_socket(workspace, home):
        return
    name = home.source_attribute
    root = path.shape.partition("*")[0]
    if root != f"{HOST_ROOT}/" and not path.shape.startswith(f"{HOST_ROOT}/"):
        if path.shape == "*" and (reason := unknown_reason(source)) is not None:
            address = f"{home.container.address}/{name}"
            yield undecided(workspace, ID, address, _at(home.block, name), f"the home's folder is not known: {reason}")
            return
        shown = f"{root.rstrip('/') or '/'}"
        message = f"The home is kept in `{shown}` on the host, not in `{HOST_ROOT}`."
        violation = _wrong(workspace, home, name, f"host_path in {shown}", message)
        edit = _with_part(workspace, source.alternatives[0].at, f'"{shown.rstrip("/")}/', f'"{HOST_ROOT}/')
        yield replace(violation, fix=_HOST_PATH, why=_ELSEWHERE, edit=edit)
        return
    absent = _unnamed(path)
    if absent and (not workspace.is_read or path.unseen):
        yield from _open_name(workspace, home, "the home's folder", path)
    elif absent:
        what = " and the ".join(absent)
        message = f"The home's folder on the host does not name the {what}."
        evidence = f"host_path lacks {' and '.join(absent)}"
        yield replace(_wrong(workspace, home, name, evidence, message), fix=_HOST_PATH, why=_SHARED)
    elif path.names_owner and path.names_workspace and not _is_in_order(path, source):
        shown = show_value(source).strip('"')
        message = f"The home is kept in `{shown}`, where the contract has `{HOST_ROOT}/<owner>-<workspace>`."
        violation = _wrong(workspace, home, name, f"host_path is {path.shape}", message)
        yield replace(violation, fix=_HOST_PATH, why=_ANOTHER)


def _is_in_order(path: Path, source: Value) -> bool:
    """Whether it may be owner and workspace with a dash between; one unknown part may be both."""
    texts = (text for a in source if (text := as_text(a.data, a.at)) is not None)
    holes = [part.expression for text in texts for part in text.parts if isinstance(part, Hole)]
    swapped = len(holes) == 2 and bool(_OWNER.search(holes[1])) and not _OWNER.search(holes[0])
    return re.fullmatch(rf"{HOST_ROOT}/\*(-\*)?", path.shape) is not None and not swapped


_HOST_PATH = f'Write `host_path = "{HOST_ROOT}/<owner>-<workspace>"`, with what the template calls the two.'
_ELSEWHERE = (
    f"What deletes a workspace removes its folder in `{HOST_ROOT}`, and a backup saves that one: a home elsewhere "
    "stays on the host for ever, and is in no backup."
)
_ANOTHER = "Whoever has a workspace finds an empty home at its next start: the old one stays under its old name."
_SHARED = "Two workspaces can then have one and the same home: each reads the other's files and writes over them."


def _with_part(workspace: Workspace, at: Position, part: str, right: str) -> Edit | None:
    """The edit that writes `right` in place of a part of a line that is there once."""
    text = source_line(workspace, at)
    return Edit(at.path, at.line, at.line, text.replace(part, right)) if text.count(part) == 1 else None


def _shows_socket(workspace: Workspace, mount: Mount) -> bool:
    """Whether the mount is F-1's: then that is what there is to say of it."""
    return any(isinstance(each, Violation) for each in of_block(workspace, mount.container, mount.block))


def _unnamed(path: Path) -> list[str]:
    """Which of owner and workspace a path does not tell apart; nothing where a variable may do so."""
    named = (("owner", path.names_owner), ("workspace", path.names_workspace))
    settable = any(name.startswith("var.") for name in path.data)
    return [what for what, is_named in named if not is_named and not settable]


# Docker's storage


def _docker_storage(
    workspace: Workspace, container: Resource, found: tuple[Mount, ...]
) -> Iterator[Violation | Undecided]:
    storage = docker_mount(found)
    if storage is None:
        yield from _not_mounted(workspace, container, found, DOCKER_STORAGE, "mounts")
        return
    yield from _existence(workspace, storage, "Docker's storage")
    yield from _read_only(workspace, storage, "Docker's storage", "The Docker daemon cannot start on it.")
    kind = storage.kind
    if kind == "unknown":
        value = storage.block.value("type")
        reason = unknown_reason(value) if value is not None else None
        if reason is not None:
            at = _at(storage.block, "type")
            yield undecided(
                workspace, ID, f"{container.address}/mounts", at, f"the type of the mount is not known: {reason}"
            )
            return
    if kind != "volume":
        what, why = _NO_VOLUME.get(kind, ("not a named volume", _GONE[DOCKER_STORAGE]))
        name = "type" if storage.block.block.type == "mounts" else "host_path"
        violation = _wrong(workspace, storage, name, f"type={kind}", f"Docker's storage is {what} here.")
        fix = 'Write `type = "volume"`, and as `source` the name of a `docker_volume`.'
        yield replace(violation, fix=fix, why=why)
        return
    if storage.block.block.type == "volumes":
        message = "This mounts Docker's storage by `volumes`, where the contract has a `mounts` block. Is that meant?"
        violation = _wrong(workspace, storage, "volume_name", "docker storage by volumes", message, "warning")
        yield replace(violation, fix=_MOUNT[DOCKER_STORAGE])
    yield from _volume_name(workspace, storage)
    for volume in workspace.resources("docker_volume"):
        if volume.name in storage.volume_names:
            yield from _lifetime(workspace, volume)


def _volume_name(workspace: Workspace, storage: Mount) -> Iterator[Violation | Undecided]:
    """The name says whose it is: a name without owner and workspace is shared, or new with every container."""
    volume = next((v for v in workspace.resources("docker_volume") if v.name in storage.volume_names), None)
    name = storage.source_attribute
    if volume is not None:
        attribute = volume.instance.attribute("name")
        path = path_of(volume.value("name"), attribute.expr if attribute else None, volume.instance)
        name, block = "name", volume.instance
    else:
        path, block = storage.path, storage.block
    value = block.value(name)
    at = value.alternatives[0].at if value is not None else _at(block, name)
    if path is None:
        if block.attribute(name) is None:
            message = "The volume of Docker's storage has no name of its own."
            violation = _fault(workspace, storage, "name lacks owner and workspace", at, message)
            why = "It gets a random one: nobody can tell whose it is, or remove it with its workspace."
            yield replace(violation, fix=_VOLUME_NAME, why=why)
        return
    absent = [w for w, named in (("owner", path.names_owner), ("workspace", path.names_workspace)) if not named]
    if path.shape == "*" and value is not None and (unseen := unknown_reason(value)) is not None:
        address = f"{storage.container.address}/{storage.targets[0]}"
        yield undecided(
            workspace, ID, address, at, f"the name of the volume with Docker's storage is not known: {unseen}"
        )
    elif absent and (not workspace.is_read or path.unseen):
        yield from _open_name(workspace, storage, "the volume with Docker's storage", path)
    elif _unnamed(path) and path.shape != "*":
        what = " and the ".join(absent)
        message = (
            f"The name of the volume with Docker's storage, `{path.shape}`, does not say the {what} it belongs to."
        )
        evidence = f"name lacks {' and '.join(absent)}"
        trail = _way(workspace, block, name)
        violation = _fault(workspace, storage, evidence, at, message, trail=trail, lost=name if volume else None)
        yield replace(violation, fix=_VOLUME_NAME, why=_ONE_STORAGE)
    elif not absent and not _NAME.match(path.shape):
        message = (
            f"This calls the volume with Docker's storage `{path.shape}`, where the contract has "
            "`coder-<owner>-<workspace>-dind-cache`. Is that meant?"
        )
        evidence = f"name {path.shape}"
        trail, lost = _way(workspace, block, name), name if volume else None
        violation = _fault(workspace, storage, evidence, at, message, "warning", trail=trail, lost=lost)
        yield replace(violation, fix=_VOLUME_NAME, why=_NEW_NAME)


def _open_name(workspace: Workspace, mount: Mount, what: str, path: Path) -> Iterator[Undecided]:
    """A name of which a part cannot be seen; of Terraform that cannot be read something else is told."""
    if path.unseen is not None:
        reason = f"`{path.unseen}` in the name of {what} comes from a module outside this repository"
        address = f"{mount.container.address}/{mount.targets[0]}"
        yield undecided(workspace, ID, address, _at(mount.block, mount.source_attribute), reason)


def _lifetime(workspace: Workspace, volume: Resource) -> Iterator[Violation]:
    """A volume that goes with the container loses what it is there to keep."""
    module = volume.instance.scope.module
    for name in ("count", "for_each", "name"):
        attribute = volume.instance.attribute(name)
        made_of = references(attribute.expr, module) if attribute is not None and module is not None else frozenset()
        changing = next((each for each in sorted(made_of) if _changes(each)), None)
        if changing is not None:
            message = f"The volume with Docker's storage depends on `{changing}` here."
            violation = _violation(
                workspace, f"{volume.address}/{name}", f"depends on {changing}", volume.at(name), message
            )
            fix = f"Take `{changing}` out of `{name}`: the volume is there as long as its workspace."
            yield replace(violation, fix=fix, why=f"A stop or an update makes a new one. {_GONE[DOCKER_STORAGE]}")
    for lifecycle in volume.instance.blocks("lifecycle"):
        attribute = lifecycle.attribute("replace_triggered_by")
        if attribute is not None:
            message = "This replaces the volume with Docker's storage when something else changes."
            violation = _violation(
                workspace, f"{volume.address}/lifecycle", "replace_triggered_by", attribute.at, message
            )
            at, single = attribute.at, attribute.end_line == attribute.at.line
            edit = Edit(at.path, at.line, at.line, "") if single else None
            why = "Every image and database of the user is gone then."
            yield replace(violation, fix="Leave `replace_triggered_by` out.", why=why, edit=edit)


def _changes(name: str) -> bool:
    return name in ("timestamp()", "uuid()") or name.endswith(_MORTAL) or name.startswith("docker_image.")


# What both can lack


def _not_mounted(
    workspace: Workspace, container: Resource, found: tuple[Mount, ...], target: str, kind: str
) -> Iterator[Violation | Undecided]:
    """Nothing is sure to be mounted at `target`."""
    open_ones = [mount for mount in found if None in mount.targets or mount.block.presence == "unknown"]
    may = next((mount for mount in found if target in mount.targets), None)
    if may is None and open_ones:
        first = open_ones[0]
        reason = f"where this is mounted is not known, and nothing else is mounted at {target}"
        yield undecided(
            workspace, ID, f"{container.address}/{target}", _at(first.block, first.target_attribute), reason
        )
        return
    moved = next((mount for mount in found if mount.block.block.type == kind and _is_elsewhere(mount, kind)), None)
    told = may or moved
    if told is not None:
        at = _target_position(told, target)
        message = f"This is not mounted at `{target}`, and nothing else is."
        if may is not None:
            message = f"This is not mounted at `{target}` in every workspace."
        name, value = told.target_attribute, told.block.value(told.target_attribute)
        trail, fix = _way(workspace, told.block, name), f'Write `{name} = "{target}"`.'
        wrong = next((alternative for alternative in value or () if alternative.at == at), None)
        edit = corrected(workspace, told.block, name, wrong, f'"{target}"') if wrong is not None else None
    else:
        at, trail, edit, fix = container.instance.at, (), None, _MOUNT[target]
        message = f"Nothing is mounted at `{target}`."
    address = f"{container.address}/{target}"
    violation = _violation(
        workspace, address, f"no mount at {target}", at, message, trail=trail, lost=f"`{kind}` block"
    )
    yield replace(violation, edit=edit, fix=fix, why=_GONE[target])


def _is_elsewhere(mount: Mount, kind: str) -> bool:
    """Whether it looks like the one that belongs elsewhere: the home's folder, or Docker's volume."""
    path = mount.path
    other = DOCKER_STORAGE if kind == "volumes" else HOME
    return path is not None and path.names_owner and path.names_workspace and not mount.is_at(other)


def _target_position(mount: Mount, target: str) -> Position:
    value = mount.block.value(mount.target_attribute)
    wrong = (a.at for a in value or () if not (isinstance(a.data, Text) and a.data.known == target))
    return next(wrong, _at(mount.block, mount.target_attribute))


def _existence(workspace: Workspace, mount: Mount, what: str) -> Iterator[Violation | Undecided]:
    presence = mount.block.presence
    address = f"{mount.container.address}/{mount.targets[0]}"
    if presence == "unknown":
        yield undecided(workspace, ID, address, mount.block.at, f"whether {what} is mounted cannot be known")
    elif presence == "conditional":
        message = f"Whether {what} is mounted depends on a condition here: in some workspaces it is not."
        trail = mount.block.trail
        violation = _violation(workspace, address, "mounted on a condition", mount.block.at, message, trail=trail)
        fix = "Write it without the condition: every workspace needs it."
        yield replace(violation, fix=fix, why=_GONE[mount.targets[0] or HOME])


def _read_only(workspace: Workspace, mount: Mount, what: str, effect: str) -> Iterator[Violation | Undecided]:
    value = mount.block.value("read_only")
    address = f"{mount.container.address}/{mount.targets[0]}"
    at = _at(mount.block, "read_only")
    for alternative, truth in truths(value) if value is not None else ():
        if truth == "unknown" and isinstance(alternative.data, Unknown):
            reason = not_seen("read_only", alternative.data)
            yield undecided(workspace, ID, address, at, reason)
        elif truth == "true":
            trail = way(workspace, alternative, at)
            edit = set_to(workspace, mount.block, "read_only", "false")
            message = f"This mounts {what} read-only."
            violation = _violation(workspace, address, "read_only=true", alternative.at, message, trail=trail)
            yield replace(violation, edit=edit, fix="Write `read_only = false`, or leave it out.", why=effect)


def _at(block: BlockInstance, name: str) -> Position:
    attribute = block.attribute(name)
    return attribute.at if attribute is not None else block.at


def _way(workspace: Workspace, block: BlockInstance, name: str) -> tuple[Step, ...]:
    value = block.value(name)
    first: Alternative | None = value.alternatives[0] if value is not None else None
    return way(workspace, first, _at(block, name)) if first is not None else (workspace.step(block.at),)


def _wrong(
    workspace: Workspace, mount: Mount, name: str, evidence: str, message: str, level: Level = "failure"
) -> Violation:
    value = mount.block.value(name)
    at = value.alternatives[0].at if value is not None else _at(mount.block, name)
    return _fault(workspace, mount, evidence, at, message, level, trail=_way(workspace, mount.block, name))


def _fault(
    workspace: Workspace,
    mount: Mount,
    evidence: str,
    at: Position,
    message: str,
    level: Level = "failure",
    trail: tuple[Step, ...] = (),
    lost: str | None = None,
) -> Violation:
    address = f"{mount.container.address}/{mount.targets[0]}"
    lost = lost or f"`{mount.block.block.type}` block"
    return _violation(workspace, address, evidence, at, message, level, trail=trail, lost=lost)


def _violation(
    workspace: Workspace,
    address: str,
    evidence: str,
    at: Position,
    message: str,
    level: Level = "failure",
    *,
    trail: tuple[Step, ...] = (),
    edit: Edit | None = None,
    lost: str | None = None,
) -> Violation:
    return Violation(
        rule=ID,
        template=workspace.template,
        address=address,
        evidence=evidence,
        span=line(at),
        level=level,
        message=message,
        trail=trail or (workspace.step(at),),
        edit=edit,
        lost=lost,
    )
