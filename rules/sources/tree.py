"""A revision of a repository, as the rules see it: paths and bytes, read on demand, no checkout."""

from __future__ import annotations

import posixpath
from collections.abc import Hashable, Mapping
from functools import cached_property
from typing import Literal, Protocol

from msgspec import Struct

MAX_FILE_BYTES = 2 * 1024 * 1024
"""Larger files are not analysed (and that is said): the largest real template has 70 KB."""

MAX_BLOB_BYTES = 16 * 1024 * 1024
"""What a tree delivers at most. Specs are read up to here, as the tools that they are written for read them."""

MAX_LINKS = 8
"""Symlinks followed for one path, as a file system would bound it."""


class Entry(Struct, frozen=True):
    """One path of a tree. `id` is the blob's content hash: equal ids mean equal bytes."""

    kind: Literal["file", "symlink", "submodule"]
    id: str
    executable: bool = False


class Tree(Protocol):
    """What a source of trees (git objects, a work tree, GitHub's API) must offer.

    Trees with equal ids have equal content. `entries` maps every repository path (posix, relative, no leading slash) to
    its entry. `read` returns the raw bytes of a file or the target of a symlink; it raises `Unreadable` for what it
    cannot deliver.
    """

    @property
    def id(self) -> Hashable: ...

    @property
    def entries(self) -> Mapping[str, Entry]: ...

    def read(self, path: str) -> bytes: ...


class Unreadable(Exception):
    """A path that cannot be read as text; the message is one clear sentence without the path."""


class MemoryTree(Struct, frozen=True, dict=True):
    """A tree of literal texts, for tests and for trying an edit before it is suggested."""

    files: Mapping[str, str]
    links: Mapping[str, str]

    @classmethod
    def of(cls, files: Mapping[str, str], links: Mapping[str, str] | None = None) -> MemoryTree:
        return cls(dict(files), dict(links or {}))

    @cached_property
    def id(self) -> Hashable:
        return frozenset(self.files.items()), frozenset(self.links.items())

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        found = {path: Entry("file", f"text:{text}") for path, text in self.files.items()}
        found.update({path: Entry("symlink", f"link:{target}") for path, target in self.links.items()})
        return found

    def read(self, path: str) -> bytes:
        if path in self.links:
            return self.links[path].encode()
        if path in self.files:
            return self.files[path].encode()
        raise Unreadable("does not exist")


def resolve(tree: Tree, path: str) -> str | None:
    """The real path behind `path`, with symlinks followed inside the tree; None if it leads out or nowhere.

    Works for files and folders alike, as a file system does: any component may be a link.
    """
    real = ""
    rest = [part for part in path.split("/") if part not in ("", ".")]
    links = 0
    while rest:
        part = rest.pop(0)
        if part == "..":
            if not real:
                return None
            real = posixpath.dirname(real)
            continue
        step = posixpath.join(real, part)
        entry = tree.entries.get(step)
        if entry is not None and entry.kind == "symlink":
            links += 1
            if links > MAX_LINKS:
                return None
            target = tree.read(step).decode("utf-8", "replace")
            if target.startswith("/"):
                return None
            rest = [p for p in target.split("/") if p not in ("", ".")] + rest
            continue
        if entry is not None and entry.kind == "submodule":
            return None
        real = step
    return real


def read_text(tree: Tree, path: str) -> str:
    """The text of a regular file, exactly as stored (CRLF kept).

    Raises:
        Unreadable: it does not exist, is no regular file, is binary, not UTF-8 or larger than `MAX_FILE_BYTES`.
    """
    real = resolve(tree, path)
    if real is None:
        raise Unreadable("is a link that leads out of the repository, or to itself")
    entry = tree.entries.get(real)
    if entry is None or entry.kind != "file":
        raise Unreadable("does not exist")
    data = tree.read(real)
    if len(data) > MAX_FILE_BYTES:
        raise Unreadable(f"is larger than {MAX_FILE_BYTES // 1024 // 1024} MiB")
    if b"\0" in data[:8192]:
        raise Unreadable("is a binary file")
    try:
        return data.decode("utf-8-sig") if data.startswith(b"\xef\xbb\xbf") else data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Unreadable(f"is not valid UTF-8 (line {line})") from error
