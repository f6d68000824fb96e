"""What a workspace keeps: mounts of its container, and the commands that remove them when it is deleted."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from rules.sources.shell import UNKNOWN, Command, Word
from rules.sources.terraform.module import BlockInstance
from rules.sources.terraform.parse import parse_expression
from rules.sources.terraform.references import references
from rules.sources.terraform.syntax import Expr, Name, ObjectExpr, Template
from rules.sources.terraform.values import MapData, Unknown, Value, as_text
from rules.sources.text import Hole, Piece, Text
from rules.workspace.template import Resource, Script, Workspace

HOME = "/home/coder"
DOCKER_STORAGE = "/var/lib/docker"
HOST_ROOT = "/coder-workspaces"

Kind = Literal["bind", "volume", "tmpfs", "unknown"]

_REMOVERS = re.compile(r"delete|remove|clean|purge|^(rm|rmdir|unlink|find)$")


class Path(Struct, frozen=True):
    """A string with ``*`` for what only an apply could tell, and the data that it is made from.

    Two of them that are equal are the same place, however they are written.
    """

    shape: str
    data: frozenset[str]

    def holds(self, other: Path) -> bool:
        """Whether `other` is this place or lies in it."""
        inside = other.shape == self.shape or other.shape.startswith(self.shape.rstrip("/") + "/")
        return inside and self.data <= other.data

    @property
    def unseen(self) -> str | None:
        """What it is made from and nobody can see: an output of a module that is not in this repository."""
        return next((name for name in sorted(self.data) if name.startswith("module.")), None)

    @property
    def names_owner(self) -> bool:
        return any(
            re.match(r"data\.coder_workspace_owner\.\w+\.(name|id|email|full_name)|.*\.owner$", n) for n in self.data
        )

    @property
    def names_workspace(self) -> bool:
        return any(re.match(r"data\.coder_workspace\.\w+\.(name|id)$", name) for name in self.data)


class Mount(Struct, frozen=True):
    """A `volumes` or `mounts` block of the workspace container. `attribute` names what its data comes from."""

    container: Resource
    block: BlockInstance

    @property
    def target_attribute(self) -> str:
        return "container_path" if self.block.block.type == "volumes" else "target"

    @property
    def targets(self) -> tuple[str | None, ...]:
        """Every place it can be mounted at; None is one that is not known."""
        return tuple(_known_path(self.block.value(self.target_attribute)))

    def is_at(self, path: str) -> bool:
        """Whether it is sure to be mounted there."""
        return bool(self.targets) and set(self.targets) == {path}

    @property
    def kind(self) -> Kind:
        if self.block.block.type == "volumes":
            return "bind" if self.block.attribute("host_path") is not None else "volume"
        value = self.block.value("type")
        kinds = {a.data.known if isinstance(a.data, Text) else None for a in value or ()}
        only = kinds.pop() if len(kinds) == 1 else None
        return only if only in ("bind", "volume", "tmpfs") else "unknown"  # type: ignore[return-value]

    @property
    def source_attribute(self) -> str:
        if self.block.block.type == "mounts":
            return "source"
        return "host_path" if self.kind == "bind" else "volume_name"

    @property
    def source(self) -> Value | None:
        return self.block.value(self.source_attribute)

    @property
    def path(self) -> Path | None:
        """The host path or the volume's name."""
        attribute = self.block.attribute(self.source_attribute)
        return path_of(self.source, attribute.expr if attribute is not None else None, self.block)

    @property
    def volume_names(self) -> frozenset[str]:
        """The names of the `docker_volume` resources that it mounts."""
        attribute, module = self.block.attribute(self.source_attribute), self.block.scope.module
        if attribute is None or module is None:
            return frozenset()
        found = references(attribute.expr, module)
        return frozenset(name.split(".")[1] for name in found if name.startswith("docker_volume."))


class Cleanup(Struct, frozen=True):
    """A command of a provisioner, and what it is given. `at_destroy` is False if it runs when the resource is made."""

    resource: Resource
    provisioner: BlockInstance
    script: Script
    command: Command
    at_destroy: bool

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(_given(word, self.resource) for word in self.command.args if not word.raw.startswith("-"))

    @property
    def removes(self) -> bool:
        words = {text for word in self.command.args for text in word.alternatives}
        if self.command.name == "docker":
            return "volume" in words and bool(words & {"rm", "remove"})
        return _REMOVERS.search(self.command.name) is not None

    def covers(self, path: Path) -> bool:
        return self.at_destroy and self.removes and any(own.holds(path) for own in self.paths)


def mounts(container: Resource) -> tuple[Mount, ...]:
    return tuple(Mount(container, block) for kind in ("volumes", "mounts") for block in container.instance.blocks(kind))


def cleanups(workspace: Workspace) -> Iterator[Cleanup]:
    """Every command that a provisioner of any resource runs."""
    for resource, block, script in provisioned(workspace):
        for command in script.program.commands:
            yield Cleanup(resource, block, script, command, runs_at_destroy(block))


def provisioned(workspace: Workspace) -> Iterator[tuple[Resource, BlockInstance, Script]]:
    """Every provisioner of any resource, with what it runs."""
    scripts = {script.at: script for script in workspace.provisioners}
    kinds = {kind for module in workspace.modules for kind, _ in module.resources}
    for resource in workspace.resources(*sorted(kinds)):
        for block in resource.instance.blocks("provisioner"):
            for attribute in map(block.attribute, ("command", "inline")):
                if attribute is not None and attribute.at in scripts:
                    yield resource, block, scripts[attribute.at]


def runs_at_destroy(provisioner: BlockInstance) -> bool:
    when = provisioner.attribute("when")
    if when is None:
        return False
    if isinstance(when.expr, Name):
        return when.expr.name == "destroy"
    value = provisioner.value("when")
    return value is not None and all(isinstance(a.data, Text) and a.data.known == "destroy" for a in value)


def path_of(value: Value | None, expr: Expr | None, block: BlockInstance) -> Path | None:
    """The string that an attribute holds; None if it is not set or has more than one form."""
    if value is None or expr is None:
        return None
    texts = [text for a in value if (text := as_text(a.data, a.at)) is not None]
    shapes = {_shape(text) for text in texts}
    if len(shapes) != 1:
        return None
    module = block.scope.module
    holes = [part.expression for text in texts for part in text.parts if isinstance(part, Hole)]
    # With an iterator, the unknown parts say more than the attribute itself.
    parsed = [parse_expression(hole, expr.at) for hole in holes] if block.scope.names else []
    written = [expr, *(each for each in parsed if each is not None)]
    made_of = {name for each in written for name in (references(each, module) if module is not None else ())}
    return Path(posixpath.normpath(shapes.pop()), _data(frozenset(made_of), block))


def _data(made_of: frozenset[str], block: BlockInstance) -> frozenset[str]:
    """The data sources, unset variables and unseen modules among the references.

    A `docker_volume` stands for what its name has.
    """
    unset = _unset(block)
    found = {name for name in made_of if name.startswith(("data.", "module.")) or name in unset}
    module = block.scope.module
    for name in made_of:
        kind, _, rest = name.partition(".")
        resource = module.resources.get((kind, rest.split(".")[0])) if module is not None else None
        own = resource.body.attributes.get("name") if resource is not None else None
        if kind == "docker_volume" and own is not None and module is not None:
            found |= {each for each in references(own.expr, module) if each.startswith(("data.", "module."))}
    return frozenset(found)


def _unset(block: BlockInstance) -> frozenset[str]:
    """Variables of the template without a default: what they are is said when it is pushed."""
    variables = block.evaluator.root.variables.items()
    return frozenset(f"var.{name}" for name, own in variables if "default" not in own.body.attributes)


def _shape(text: Text) -> str:
    return "".join(part.text if isinstance(part, Piece) else "*" for part in text.parts)


def _known_path(value: Value | None) -> Iterator[str | None]:
    for alternative in value or ():
        data = alternative.data
        known = data.known if isinstance(data, Text) else None
        yield None if known is None else posixpath.normpath(re.sub("/+", "/", known))


def _given(word: Word, resource: Resource) -> Path:
    """What a command gets: `self.triggers.x` is what the resource has there."""
    holes = [origin.name for origin in word.origins if origin.kind == "hole"]
    shape, data = word.alternatives[0], set[str]()
    for hole in holes:
        known = _own_attribute(hole, resource)
        shape = shape.replace(UNKNOWN, known.shape if known is not None else "*", 1)
        data |= known.data if known is not None else {hole}
    return Path(posixpath.normpath(shape.replace(UNKNOWN, "*")), frozenset(data))


def _own_attribute(expression: str, resource: Resource) -> Path | None:
    root, *steps = re.findall(r"[\w-]+", expression)
    attribute = resource.instance.attribute(steps[0]) if root == "self" and steps else None
    value = resource.value(steps[0]) if attribute is not None else None
    if attribute is None or value is None:
        return None
    if len(steps) == 1:
        return path_of(value, attribute.expr, resource.instance)
    inner = next((a.data.get(steps[1]) for a in value if isinstance(a.data, MapData)), None)
    return path_of(inner, _item(attribute.expr, steps[1]), resource.instance)


def _item(expr: Expr, key: str) -> Expr:
    """The expression of one key of an object; the whole if it is not written as one."""
    for name, value in expr.items if isinstance(expr, ObjectExpr) else ():
        parts = name.parts if isinstance(name, Template) else ()
        if len(parts) == 1 and isinstance(parts[0], Piece) and parts[0].text == key:
            return value
    return expr


def is_home_folder(path: Path) -> bool:
    """Whether it is the folder that the contract names: ``/coder-workspaces/<owner>-<workspace>``."""
    return path.shape.startswith(f"{HOST_ROOT}/") and path.names_owner and path.names_workspace


def unknown_reason(value: Value) -> str | None:
    """Why a value is not known, in words; None if it is."""
    data = next((a.data for a in value if isinstance(a.data, Unknown)), None)
    return None if data is None else f"{data.expression or 'it'} {data.reason}"
