"""Where OpenSpec's files are in a repository: main specs, active changes with their deltas, and the archive.

A tree holds files only, so an empty folder is not there. Links to folders are not followed; a ``spec.md`` that is a
link counts if it leads to a file of the same ``specs`` folder.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from rules.sources.openspec.folders import Folders
from rules.sources.tree import Tree

ROOT = "openspec"
SPECS = f"{ROOT}/specs"
CHANGES = f"{ROOT}/changes"
ARCHIVE = f"{CHANGES}/archive"
SPEC = "spec.md"


class SpecFile(Struct, frozen=True):
    """A ``spec.md``. `capability` is its folder below ``specs`` (``area/capability`` when nested)."""

    capability: str
    path: str


class Change(Struct, frozen=True):
    """A change, active or archived. `path` is its folder; an archived one keeps its dated name as `id`."""

    id: str
    path: str
    deltas: tuple[SpecFile, ...]


class Layout(Struct, frozen=True):
    """Everything OpenSpec keeps in one tree, each list in the command's order."""

    specs: tuple[SpecFile, ...]
    changes: tuple[Change, ...]
    archived: tuple[Change, ...]


def discover(tree: Tree) -> Layout:
    """Find OpenSpec's files; all lists are empty in a repository that does not use it."""
    return layout_of(Folders(tree))


def read_source(tree: Tree, path: str) -> str:
    """The text of one of OpenSpec's files, for `read_spec` and `read_delta`; bytes that are not UTF-8 become U+FFFD.

    Raises:
        Unreadable: there is no such file, or it is larger than `MAX_BLOB_BYTES`.
    """
    return Folders(tree).read(path)


def layout_of(folders: Folders) -> Layout:
    active = tuple(_change(folders, CHANGES, name) for name in folder_names(folders, CHANGES) if name != "archive")
    archived = tuple(_change(folders, ARCHIVE, name) for name in folder_names(folders, ARCHIVE))
    return Layout(spec_files(folders, SPECS), active, archived)


def folder_names(folders: Folders, folder: str) -> list[str]:
    """The names of the folders directly in `folder`, without hidden ones and links."""
    names = [name for name, kind in folders.names(folder).items() if kind == "folder" and not name.startswith(".")]
    return sorted(names, key=utf16)


def spec_files(folders: Folders, root: str) -> tuple[SpecFile, ...]:
    """Every ``spec.md`` at least one folder below `root`, at any depth, without hidden ones."""
    found = [spec for spec in _walk(folders, root, "") if not _leads_out(folders, root, spec)]
    return tuple(sorted(found, key=lambda spec: utf16(spec.capability)))


def escaping(folders: Folders, root: str) -> str | None:
    """The path of a ``spec.md`` below `root` that is a link to a file outside of it; None if there is none."""
    return next((spec.path for spec in _walk(folders, root, "") if _leads_out(folders, root, spec)), None)


def _leads_out(folders: Folders, root: str, spec: SpecFile) -> bool:
    real, inside = folders.real(spec.path), folders.real(root)
    return real is None or inside is None or not real.startswith(f"{inside}/")


def _walk(folders: Folders, root: str, capability: str) -> Iterator[SpecFile]:
    folder = f"{root}/{capability}" if capability else root
    for name, kind in folders.names(folder).items():
        path = f"{folder}/{name}"
        if name.startswith("."):
            continue
        if kind == "folder":
            yield from _walk(folders, root, f"{capability}/{name}" if capability else name)
        elif name == SPEC and capability and folders.is_file(path):
            yield SpecFile(capability, path)


def _change(folders: Folders, parent: str, name: str) -> Change:
    path = f"{parent}/{name}"
    return Change(name, path, spec_files(folders, f"{path}/specs"))


def utf16(text: str) -> bytes:
    """A sort key: JavaScript compares strings by their UTF-16 units."""
    return text.encode("utf-16-be", "surrogatepass")
