"""First step: fetch what the engine needs to know about a pull request."""

from __future__ import annotations

from bot.configuration import MAX_EARLIER
from bot.github.client import Repository
from bot.github.history import versions
from bot.github.pulls import compare, diff, unpatched
from bot.github.trees import ObjectCache, RemoteTree
from bot.review.contract import written_contract
from bot.review.material import Material, Target
from rules.policy import SOURCE as CONFIGURATION
from rules.prose import is_prose
from rules.sources.diff import Diff


def collect(repository: Repository, target: Target, cache: ObjectCache, web_url: str) -> Material:
    """The two ends of `target`, the contract's tree and the diff between them.

    Trees and blobs are fetched when they are read. A change of nothing but prose needs neither, and comes without its
    diff.

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
        written=lambda place: written_contract(repository, place, cache, web_url),
        earlier=lambda: versions(repository, changes.tip, CONFIGURATION, MAX_EARLIER),
    )
