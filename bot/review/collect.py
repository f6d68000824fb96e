"""First step: fetch what the engine needs to know about a pull request."""

from __future__ import annotations

from bot.github.client import Repository
from bot.github.pulls import compare, diff, unpatched
from bot.github.trees import ObjectCache, RemoteTree, fetch_tree
from bot.review.material import Material, Target


def collect(repository: Repository, target: Target, cache: ObjectCache, web_url: str) -> Material:
    """The two ends of `target`, the contract's tree and the diff between them. Blobs are fetched when they are read.

    Raises:
        GitHubError: GitHub refuses or fails.
        TooLargeError: the pull request or the repository is larger than GitHub's API shows.
        DiffError: GitHub's diff is damaged.
    """
    changes = compare(repository, target.base_ref, target.head, target.number)
    trees: dict[str, RemoteTree] = {}
    for commit in (changes.merge_base, target.head, changes.tip):
        # The merge base is the base branch's tip as long as nobody else has merged.
        if commit not in trees:
            trees[commit] = fetch_tree(repository, commit, cache)
    base, head = trees[changes.merge_base], trees[target.head]
    return Material(
        target=target,
        merge_base=changes.merge_base,
        head=target.head,
        tip=changes.tip,
        base_tree=base,
        head_tree=head,
        contract_tree=trees[changes.tip],
        diff=diff(changes, base, head),
        unpatched=unpatched(changes),
        repository_url=f"{web_url}/{repository.owner}/{repository.name}",
    )
