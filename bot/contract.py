"""The contract that a configuration names, read where it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.contract import WrittenContract
from rules.sources.openspec.layout import read_source
from rules.sources.tree import Tree, Unreadable

if TYPE_CHECKING:
    from bot.configuration import ContractPlace


def read_at(tree: Tree, commit: str, place: ContractPlace, repository_url: str | None) -> WrittenContract:
    """The text at `place` in `tree`, which is `commit` of the repository at `repository_url`."""
    try:
        text = read_source(tree, place.path)
    except Unreadable as error:
        return unread(place, str(error), commit)
    url = f"{repository_url}/blob/{commit}/{place.path}" if repository_url else None
    return WrittenContract(text, place.path, commit, url)


def unread(place: ContractPlace, reason: str, commit: str = "") -> WrittenContract:
    """What is known of a contract that cannot be read; `reason` goes on a sentence about it."""
    where = f"{place.ref} of {place.repository}" if place.repository else place.ref
    return WrittenContract("", place.path, commit, None, f"('{place.path}' at {where}) {reason}")
