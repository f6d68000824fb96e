"""`wrc validate`: every family at one revision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import get_args

from msgspec import Struct

from rules.sources.tree import Tree
from rules.validate.contract import validate_contract
from rules.validate.fmt import validate_fmt
from rules.validate.missions import validate_missions
from rules.validate.model import Family, Issue, IssueLevel
from rules.validate.openspec.report import OpenSpecReport, validate_openspec

FAMILIES: tuple[Family, ...] = get_args(Family)


class Validation(Struct, frozen=True):
    """What was found at `rev`, family by family and in each by file and line.

    The family `openspec` keeps the order of the command.
    """

    rev: str
    strict: bool
    families: tuple[Family, ...]
    issues: tuple[Issue, ...]
    openspec: OpenSpecReport | None = None
    """The verdict on each change and main spec, if the family `openspec` is looked at."""

    @property
    def failing(self) -> frozenset[IssueLevel]:
        """The levels that make it fail; INFO never does."""
        return frozenset({"ERROR", "WARNING"}) if self.strict else frozenset({"ERROR"})

    @property
    def valid(self) -> bool:
        return not any(issue.level in self.failing for issue in self.issues)


def validate(
    tree: Tree,
    rev: str,
    *,
    strict: bool = False,
    families: Iterable[Family] = FAMILIES,
    base: Tree | None = None,
    root: str = "",
) -> Validation:
    """Validate `tree`. `base` is the tree that it grew from, where that is known; logs are compared with it.

    `root` is the folder of a work tree, for `validate_openspec`.
    """
    chosen = tuple(family for family in FAMILIES if family in frozenset(families))
    openspec = validate_openspec(tree, strict=strict, root=root) if "openspec" in chosen else None
    issues = list(openspec.issues()) if openspec else []
    issues += (issue for family in chosen for issue in _issues(family, tree, base))
    return Validation(rev, strict, chosen, tuple(issues), openspec)


def _issues(family: Family, tree: Tree, base: Tree | None) -> Iterator[Issue]:
    """The issues of every family but `openspec`, which comes as a report."""
    if family == "contract":
        yield from sorted(validate_contract(tree), key=_place)
    elif family == "missions":
        yield from sorted(validate_missions(tree, base), key=_place)
    elif family == "fmt":
        yield from validate_fmt(tree)


def _place(issue: Issue) -> tuple[str, int, str]:
    return issue.path, issue.line, issue.code
