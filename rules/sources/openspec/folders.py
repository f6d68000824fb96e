"""A tree seen as folders, as the command walks them: names by folder, links not followed unless a path is read."""

from __future__ import annotations

import posixpath
from collections.abc import Hashable, Mapping
from functools import cached_property
from typing import Literal

from msgspec import Struct

from rules.sources.tree import MAX_BLOB_BYTES, Entry, Tree, Unreadable, resolve

Kind = Literal["file", "folder", "link"]

_KINDS: Mapping[str, Kind] = {"file": "file", "symlink": "link", "submodule": "folder"}


class _Snapshot(Struct, frozen=True):
    """A tree whose entries are asked for once."""

    tree: Tree
    entries: Mapping[str, Entry]

    @property
    def id(self) -> Hashable:
        return self.tree.id

    def read(self, path: str) -> bytes:
        return self.tree.read(path)


class Folders:
    """The folders of `tree`. A submodule is an empty folder; other empty folders are not there.

    `root` is the folder of the work tree, for messages that name a file as the command does.
    """

    def __init__(self, tree: Tree, root: str = "") -> None:
        self._root = root
        self._tree = _Snapshot(tree, tree.entries)
        self._real: dict[str, str | None] = {}

    @cached_property
    def _folders(self) -> dict[str, dict[str, Kind]]:
        folders: dict[str, dict[str, Kind]] = {}
        for path, entry in self._tree.entries.items():
            kind = _KINDS[entry.kind]
            here = path
            while here:
                folder, _, name = here.rpartition("/")
                is_new = folder not in folders
                folders.setdefault(folder, {})[name] = kind
                if not is_new:
                    break
                here, kind = folder, "folder"
        return {folder: dict(sorted(names.items())) for folder, names in folders.items()}

    def shown(self, path: str) -> str:
        """`path` as the command names it."""
        return posixpath.join(self._root, path)

    def names(self, folder: str) -> Mapping[str, Kind]:
        """What stands directly in `folder`, by name and sorted; empty if there is no such folder."""
        real = self.real(folder)
        return self._folders.get(real, {}) if real is not None else {}

    def kind(self, path: str) -> Kind | None:
        """What `path` itself is, links not followed; None if nothing is there."""
        folder, _, name = path.rpartition("/")
        return self.names(folder).get(name)

    def real(self, path: str) -> str | None:
        """The path with links followed; None if it leads out of the repository."""
        if path not in self._real:
            self._real[path] = resolve(self._tree, path)
        return self._real[path]

    def is_loop(self, path: str) -> bool:
        """Whether `path` is a link that leads back to itself."""
        seen: set[str] = set()
        while self.kind(path) == "link" and path not in seen:
            seen.add(path)
            target = self._tree.read(path).decode("utf-8", "replace")
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        return path in seen

    def is_file(self, path: str) -> bool:
        """Whether `path` is a file, links followed."""
        real = self.real(path)
        entry = None if real is None else self._tree.entries.get(real)
        return entry is not None and entry.kind == "file"

    def read(self, path: str) -> str:
        """The text of a file, links followed. What is not UTF-8 becomes U+FFFD; a byte order mark stays.

        Raises:
            Unreadable: there is no such file, or it is larger than `MAX_BLOB_BYTES`.
        """
        real = self.real(path)
        if real is None or not self.is_file(path):
            raise Unreadable("does not exist")
        data = self._tree.read(real)
        if len(data) > MAX_BLOB_BYTES:
            raise Unreadable(f"is larger than {MAX_BLOB_BYTES // 1024 // 1024} MiB")
        return data.decode("utf-8", "replace")
