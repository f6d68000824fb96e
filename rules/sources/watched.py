"""What was looked at in a tree: enough to tell whether another tree would have looked the same from there."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Mapping
from functools import cached_property

from msgspec import Struct, field

from rules.sources.tree import Entry, Tree


class Listing(Struct, frozen=True):
    """The files of a folder; `deep`: those of the folders in it too."""

    folder: str
    deep: bool


class Seen(Struct, frozen=True, dict=True):
    """Paths with what was there, None for nothing, and the paths that the listings gave."""

    entries: Mapping[str, Entry | None] = field(default_factory=dict)
    listings: Mapping[Listing, tuple[str, ...]] = field(default_factory=dict)

    def __or__(self, other: Seen) -> Seen:
        return Seen({**self.entries, **other.entries}, {**self.listings, **other.listings})


class Watched:
    """A tree that notes what is looked at in it."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._entries = tree.entries
        self._looked_up: dict[str, Entry | None] = {}
        self._listed: dict[Listing, tuple[str, ...]] = {}

    @property
    def id(self) -> Hashable:
        return self._tree.id

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        return _Noting(self._entries, self._looked_up)

    def read(self, path: str) -> bytes:
        self._looked_up[path] = self._entries.get(path)
        return self._tree.read(path)

    def folder(self, path: str) -> tuple[str, ...]:
        """Paths of the files directly in folder `path` (a real path), sorted."""
        return self._list(Listing(path, deep=False))

    def below(self, path: str) -> tuple[str, ...]:
        """Paths of the files in folder `path` (a real path) and in those below it, sorted."""
        return self._list(Listing(path, deep=True))

    def _list(self, listing: Listing) -> tuple[str, ...]:
        found = self._listed.get(listing)
        if found is None:
            found = self._listed[listing] = self._paths.listed(listing)
        return found

    @cached_property
    def _paths(self) -> _Paths:
        return _Paths(self._entries)

    @property
    def seen(self) -> Seen:
        return Seen(dict(self._looked_up), dict(self._listed))

    def shows(self, seen: Seen) -> bool:
        """Whether all that was seen in another tree is the same in this one."""
        entries, paths = self._entries, self._paths
        return all(entries.get(path) == entry for path, entry in seen.entries.items()) and all(
            paths.listed(listing) == found for listing, found in seen.listings.items()
        )


class _Noting(Mapping[str, Entry]):
    """The entries of a tree, with a note of each that is looked up."""

    def __init__(self, entries: Mapping[str, Entry], notes: dict[str, Entry | None]) -> None:
        self._entries, self._notes = entries, notes

    def __getitem__(self, path: str) -> Entry:
        entry = self._notes[path] = self._entries.get(path)
        if entry is None:
            raise KeyError(path)
        return entry

    def __iter__(self) -> Iterator[str]:
        raise TypeError("a watched tree is listed by folder, so that the note is short")

    def __len__(self) -> int:
        return len(self._entries)


class _Paths:
    """The paths of a tree in order, so that a folder is found without a look at all others."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._entries)

    def listed(self, listing: Listing) -> tuple[str, ...]:
        prefix = f"{listing.folder}/" if listing.folder else ""
        first = bisect_left(self._sorted, prefix)
        found = []
        for index in range(first, len(self._sorted)):
            path = self._sorted[index]
            if not path.startswith(prefix):
                break
            if listing.deep or "/" not in path[len(prefix) :]:
                found.append(path)
        return tuple(found)
