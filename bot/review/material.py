"""What passes between the three steps of a review: plain data, no GitHub in it but the trees' lazy reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rules.model import Report
from rules.sources.diff import Diff
from rules.sources.tree import Tree


@dataclass(frozen=True)
class Material:
    """Everything that a verdict on one pull request depends on. Revisions are full commit ids.

    `merge_base` and `head` are compared; `tip`, the base branch's last commit, is where the contract is read.
    `unpatched` are changed files for which GitHub gave no hunks: no comment can be anchored in them.
    """

    number: int
    merge_base: str
    head: str
    tip: str
    base_tree: Tree
    head_tree: Tree
    contract_tree: Tree
    diff: Diff
    unpatched: frozenset[str]
    repository_url: str


Judge = Callable[[Material], Report]
