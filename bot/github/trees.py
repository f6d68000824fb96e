"""Revisions of a repository as `rules` wants them, read through GitHub's Git database: no clone, no checkout."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

from bot.github.answers import GitTree, TreeItem, parse
from bot.github.blobs import fetch_blob, fetch_texts
from bot.github.client import Repository
from bot.github.disk import DiskCache
from bot.github.errors import TooLargeError, asking
from rules.sources.openspec.layout import ROOT as OPENSPEC
from rules.sources.tree import MAX_BLOB_BYTES, MAX_FILE_BYTES, Entry, Unreadable

MAX_CACHE_BYTES = 64 * 1024 * 1024
"""Blobs and listings kept in memory, by content hash: base, head and the next push share almost all of theirs."""

SYMLINK_MODE = "120000"
EXECUTABLE_MODE = "100755"
"""https://docs.github.com/en/rest/git/trees#create-a-tree"""


class ObjectCache:
    """Git objects by their hash; the least recently used leave first. Safe to use from several threads.

    What leaves the memory, or was read by another process, may still be on `disk`.
    """

    def __init__(self, max_bytes: int = MAX_CACHE_BYTES, disk: DiskCache | None = None) -> None:
        self._disk = disk
        self._max_bytes = max_bytes
        self._bytes = 0
        self._objects: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, sha: str) -> bytes | None:
        with self._lock:
            if sha in self._objects:
                self._objects.move_to_end(sha)
                return self._objects[sha]
        content = self._disk.get(sha) if self._disk is not None else None
        if content is not None:
            self._remember(sha, content)
        return content

    def put(self, sha: str, content: bytes) -> None:
        self._remember(sha, content)
        if self._disk is not None:
            self._disk.put(sha, content)

    def _remember(self, sha: str, content: bytes) -> None:
        with self._lock:
            if sha in self._objects or len(content) > self._max_bytes:
                return
            self._objects[sha] = content
            self._bytes += len(content)
            while self._bytes > self._max_bytes:
                self._bytes -= len(self._objects.popitem(last=False)[1])


@dataclass(frozen=True)
class RemoteTree:
    """The tree of `commit`, a full commit id (`rules.sources.tree.Tree`): listed and read when it is asked for.

    Reading raises `Unreadable` for what the rules cannot use, `GitHubError` where GitHub fails and, for the listing,
    `TooLargeError`: GitHub lists at most 100,000 entries or 7 MB.
    """

    repository: Repository
    commit: str
    cache: ObjectCache = field(repr=False)

    @property
    def id(self) -> str:
        return self.commit

    @cached_property
    def items(self) -> Mapping[str, TreeItem]:
        return {item.path: item for item in _listing(self.repository, self.commit, self.cache).tree}

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        return {path: _entry(item) for path, item in self.items.items() if item.type != "tree"}

    def read(self, path: str) -> bytes:
        item = self.items.get(path)
        if item is None or item.type != "blob":
            raise Unreadable("does not exist")
        limit = MAX_BLOB_BYTES if path.startswith(f"{OPENSPEC}/") else MAX_FILE_BYTES
        if item.size is not None and item.size > limit:
            raise Unreadable(f"is larger than {limit // 1024 // 1024} MiB")
        content = self.cache.get(item.sha)
        if content is None:
            content = fetch_blob(self.repository, item.sha)
            self.cache.put(item.sha, content)
        return content


def prefetch(repository: Repository, trees: Iterable[RemoteTree], paths: Iterable[str], cache: ObjectCache) -> None:
    """Read what stands at `paths` in any of the trees and is not here yet, many blobs at once, as far as that goes.

    Raises:
        TooLargeError, GitHubError: a tree cannot be listed, or a rate limit is reached.
    """
    sizes: dict[str, int] = {}
    for item in (tree.items.get(path) for path, tree in product(paths, trees)):
        if item is not None and item.type == "blob" and item.size is not None and cache.get(item.sha) is None:
            sizes[item.sha] = item.size
    if len(sizes) > 1:
        for sha, content in fetch_texts(repository, sizes):
            cache.put(sha, content)


def _listing(repository: Repository, commit: str, cache: ObjectCache) -> GitTree:
    """The whole tree of a commit, in at most one request."""
    known = cache.get(commit)
    if known is not None:
        return GitTree.model_validate_json(known)
    with asking(f"list the files of {commit[:7]}"):
        response = repository.client.rest.git.get_tree(repository.owner, repository.name, commit, recursive="1")
        listing = parse(GitTree, response)
    if listing.truncated:
        raise TooLargeError(
            f"The repository has more files at {commit[:7]} than GitHub lists in one answer; "
            "run `wrc check` on a clone instead."
        )
    cache.put(commit, response.content)
    return listing


def _entry(item: TreeItem) -> Entry:
    if item.type == "commit":
        return Entry("submodule", item.sha)
    if item.mode == SYMLINK_MODE:
        return Entry("symlink", item.sha)
    return Entry("file", item.sha, executable=item.mode == EXECUTABLE_MODE)
