"""First step: fetch what the engine needs to know about a pull request."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from bot.configuration import MAX_EARLIER
from bot.github.client import Repository
from bot.github.history import versions
from bot.github.pulls import compare, diff, unpatched
from bot.github.trees import ObjectCache, RemoteTree, prefetch
from bot.review.contract import written_contract
from bot.review.material import Material, Target
from rules.policy import SOURCE as CONFIGURATION
from rules.prose import is_prose
from rules.sources.diff import Diff

_LIKELY = re.compile(r"(?:image|scripts|openspec)/.+|.+\.(?:tf|sh|tftpl)|(?:.+/)?VERSION|CLAUDE\.md|\.github/wrc\.yml")
"""Paths that a review of a repository of templates reads. Only a hint: what it misses is read when it is needed."""


def collect(repository: Repository, target: Target, cache: ObjectCache, web_url: str) -> Material:
    """The two ends of `target`, the contract's tree and the diff between them.

    Trees are listed when they are read, blobs that are likely to be read are then fetched together. A change of nothing
    but prose needs neither, and comes without its diff.

    Raises:
        GitHubError: GitHub refuses or fails.
        TooLargeError: the pull request is larger than GitHub's API shows.
        DiffError: GitHub's diff is damaged.
    """
    changes = compare(repository, target.base_ref, target.head, target.number)
    prose = is_prose(changes.paths)
    # The merge base is the base branch's tip as long as nobody else has merged.
    commits = {changes.merge_base, target.head, changes.tip}
    trees = {commit: RemoteTree(repository, commit, cache) for commit in commits}
    base, head = trees[changes.merge_base], trees[target.head]
    if not prose:
        prefetch(repository, trees.values(), likely(trees.values(), set(changes.paths)), cache)
    return Material(
        target=target,
        merge_base=changes.merge_base,
        head=target.head,
        tip=changes.tip,
        base_tree=base,
        head_tree=head,
        contract_tree=trees[changes.tip],
        prose=prose,
        diff=Diff(()) if prose else diff(changes, base, head),
        unpatched=unpatched(changes),
        repository_url=f"{web_url}/{repository.owner}/{repository.name}",
        repository_id=repository.id,
        written=lambda place: written_contract(repository, place, cache, web_url),
        earlier=lambda: versions(repository, changes.tip, CONFIGURATION, MAX_EARLIER),
    )


def likely(trees: Iterable[RemoteTree], changed: Collection[str] = ()) -> list[str]:
    """The paths that will probably be read in one of `trees`, those in `changed` first."""
    paths = {path for tree in trees for path in tree.items if _LIKELY.fullmatch(path)}
    return sorted(paths, key=lambda path: (path not in changed, path))
