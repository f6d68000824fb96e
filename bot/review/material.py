"""What passes between the three steps of a review: plain data, no GitHub in it but the trees' lazy reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from pydantic import BaseModel, ConfigDict

from bot.configuration import ContractPlace, Earlier, InForce, in_force
from rules.contract import WrittenContract
from rules.model import Report
from rules.sources.diff import Diff
from rules.sources.tree import Tree


class Target(BaseModel):
    """What is reviewed: two ends, as they were when the check run was made.

    `number` is the pull request's, None for a group of the merge queue. `base_sha` tells one base from another;
    what is compared with is `base_ref` as it is now, a branch or a commit. `head` is a full commit id. `description`
    is what the author wrote, with the name of the branch.
    """

    model_config = ConfigDict(frozen=True)

    number: int | None
    head: str
    base_ref: str
    base_sha: str
    draft: bool = False
    description: str | None = None

    def __str__(self) -> str:
        return f"#{self.number}" if self.number is not None else f"merge group {self.head[:7]}"


@dataclass(frozen=True)
class Material:
    """Everything that a verdict depends on. Revisions are full commit ids.

    `merge_base` and `head` are compared; `tip`, the base branch's last commit, is where the contract is read.
    With `prose` nothing else is changed: then there is no `diff`, and no tree needs to be read. `unpatched` are changed
    files for which GitHub gave no hunks: no comment can be anchored in them. `earlier` gives the versions of the
    configuration that the base branch had; `written` reads the contract that it names.
    """

    target: Target
    merge_base: str
    head: str
    tip: str
    base_tree: Tree
    head_tree: Tree
    contract_tree: Tree
    prose: bool
    diff: Diff
    unpatched: frozenset[str]
    repository_url: str
    repository_id: int
    earlier: Earlier = tuple
    written: Callable[[ContractPlace | None], WrittenContract | None] = lambda _: None

    @cached_property
    def configured(self) -> InForce:
        """What the base branch sets, and what is to be said about it."""
        return in_force(self.contract_tree, self.head_tree, self.earlier)

    @cached_property
    def named_contract(self) -> WrittenContract | None:
        """The contract that the configuration names, read where it is written."""
        return self.written(self.configured.configuration.contract)


Judge = Callable[[Material], Report]
