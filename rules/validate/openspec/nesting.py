"""A folder below ``openspec/changes`` that only wraps changes: OpenSpec knows no changes inside of changes."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from rules.sources.openspec.folders import Folders
from rules.sources.openspec.layout import CHANGES, folder_names, utf16
from rules.sources.openspec.metadata import METADATA, MetadataError, schema_of
from rules.sources.openspec.schema import SchemaError, outputs

_MARKERS = (METADATA, "proposal.md", "tasks.md", "design.md")
_MAX_DEPTH = 3


class Wrapper(Struct, frozen=True):
    """What the command says about the folder, and a file inside of it."""

    message: str
    file: str


def wrapped_changes(folders: Folders, change: str) -> Wrapper | None:
    """The changes that the folder `change` wraps; None if it is a change itself or there are none."""
    if _is_change(folders, change) or _has_own_file(folders, change):
        return None
    nested = sorted(_nested(folders, change, 1), key=utf16)
    if not nested:
        return None
    names = [path[len(CHANGES) + 1 :] for path in nested]
    listed = ", ".join(f"{CHANGES}/{name}/" for name in names)
    message = (
        f'"{change[len(CHANGES) + 1 :]}" is not a change: it is a folder wrapping {listed}. A change must be a '
        "directory directly under openspec/changes/, so those nested directories are invisible to OpenSpec while the "
        "folder around them is reported as a change. Nested paths are supported under openspec/specs/ only. Rename "
        f'each nested change to a flat name (for example "{names[0].replace("/", "-")}").'
    )
    return Wrapper(message, first_file(folders, nested[0]))


def has_any_file(folders: Folders, folder: str) -> bool:
    """Whether there is any visible file or link at any depth. What should be a folder and is a file counts."""
    if folders.kind(folders.real(folder) or folder) == "file":
        return True
    visible = {name: kind for name, kind in folders.names(folder).items() if not name.startswith(".")}
    return any(kind != "folder" or has_any_file(folders, f"{folder}/{name}") for name, kind in visible.items())


def _nested(folders: Folders, folder: str, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        return
    for name in folder_names(folders, folder):
        path = f"{folder}/{name}"
        if _is_change(folders, path):
            yield path
        else:
            yield from _nested(folders, path, depth + 1)


def _is_change(folders: Folders, path: str) -> bool:
    if any(folders.is_file(f"{path}/{marker}") for marker in _MARKERS):
        return True
    specs = f"{path}/specs"
    if folders.kind(folders.real(specs) or specs) != "file" and has_any_file(folders, specs):
        return True
    try:
        schema = schema_of(folders, path)
    except (MetadataError, SchemaError):
        return False
    return any(outputs(folders, path, artifact.generates) for artifact in schema.artifacts)


def _has_own_file(folders: Folders, folder: str) -> bool:
    return any(kind != "folder" and not name.startswith(".") for name, kind in folders.names(folder).items())


def first_file(folders: Folders, folder: str) -> str:
    """Some file of a folder, to show a finding about the whole of it."""
    for name, kind in folders.names(folder).items():
        return first_file(folders, f"{folder}/{name}") if kind == "folder" else f"{folder}/{name}"
    return folder
