"""All items of a tree, judged: every active change and every main spec."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NotRequired, TypedDict

from msgspec import Struct

from rules.sources.openspec.folders import Folders
from rules.sources.openspec.layout import SPECS, escaping, layout_of
from rules.sources.tree import Entry, Tree, Unreadable
from rules.validate.model import Issue, IssueLevel
from rules.validate.openspec.change import MainSpecs, change_findings
from rules.validate.openspec.collation import collation_key
from rules.validate.openspec.findings import Finding, Refused
from rules.validate.openspec.main_spec import spec_findings

ItemType = Literal["change", "spec"]

MAX_REMEMBERED = 4
"""Trees whose verdict is kept for the next question."""


class Item(Struct, frozen=True):
    """A change or a main spec with everything found in it. `valid` is the command's verdict on it."""

    id: str
    type: ItemType
    valid: bool
    findings: tuple[Finding, ...]


class CommandIssue(TypedDict):
    level: IssueLevel
    path: str
    message: str
    line: NotRequired[int]


class CommandItem(TypedDict):
    id: str
    type: ItemType
    valid: bool
    issues: list[CommandIssue]


class Totals(TypedDict):
    items: int
    passed: int
    failed: int


class Summary(TypedDict):
    totals: Totals
    byType: dict[ItemType, Totals]


class CommandReport(TypedDict):
    """What ``openspec validate --all --json`` prints, without its durations and the root's path."""

    items: list[CommandItem]
    summary: Summary
    version: str


class OpenSpecReport(Struct, frozen=True):
    """The verdict on a tree; without items there is nothing to be wrong."""

    items: tuple[Item, ...]

    @property
    def valid(self) -> bool:
        """What the command's exit status says."""
        return all(item.valid for item in self.items)

    def issues(self) -> Iterator[Issue]:
        for item in self.items:
            for finding in item.findings:
                yield Issue(
                    "openspec",
                    finding.code,
                    finding.level,
                    finding.file,
                    finding.at,
                    finding.message,
                    item.id,
                    finding.requirement,
                    finding.way_out,
                )

    def command_form(self) -> CommandReport:
        """The report as the command itself writes it, to be compared field by field."""
        kinds: tuple[ItemType, ...] = ("change", "spec")
        by_type = {kind: _totals([item for item in self.items if item.type == kind]) for kind in kinds}
        return {
            "items": [
                {
                    "id": item.id,
                    "type": item.type,
                    "valid": item.valid,
                    "issues": [_command_issue(finding) for finding in item.findings],
                }
                for item in self.items
            ],
            "summary": {"totals": _totals(self.items), "byType": by_type},
            "version": "1.0",
        }


def validate_openspec(tree: Tree, *, strict: bool = False, root: str = "") -> OpenSpecReport:
    """The verdict of ``openspec validate --all`` on `tree`, of ``--strict`` if `strict`: warnings then count too.

    `root` is the folder of the work tree, which the command writes before a path in a few of its messages.
    """
    judged = _judged(_Content(frozenset(tree.entries.items()), root, tree))
    return OpenSpecReport(tuple(_item(*each, strict=strict) for each in judged))


@dataclass(frozen=True)
class _Content:
    """A tree as the key of what was found in it: equal entries are equal content."""

    entries: frozenset[tuple[str, Entry]]
    root: str
    tree: Tree = field(compare=False)


Judged = tuple[str, ItemType, tuple[Finding, ...]]


@lru_cache(maxsize=MAX_REMEMBERED)
def _judged(content: _Content) -> tuple[Judged, ...]:
    """Every item with what is found in it; one review asks several times, and many have the same base."""
    folders = Folders(content.tree, content.root)
    layout = layout_of(folders)
    main = MainSpecs(folders)
    items: list[Judged] = [(change.id, "change", _change(folders, change.path, main)) for change in layout.changes]
    items += [(spec.capability, "spec", _spec(folders, spec.path)) for spec in layout.specs]
    outside = escaping(folders, SPECS)
    if outside is not None:
        message = f"Path is outside the allowed directory: {folders.shown(outside)}"
        finding = Finding("S0", "ERROR", "file", message, outside, 1)
        items.append((posixpath.dirname(outside)[len(SPECS) + 1 :], "spec", (finding,)))
    return tuple(sorted(items, key=lambda item: collation_key(item[0])))


def _change(folders: Folders, change: str, main: MainSpecs) -> tuple[Finding, ...]:
    try:
        return tuple(change_findings(folders, change, main))
    except Refused as error:
        return (Finding("C0", "ERROR", "file", str(error), error.file, 1),)


def _spec(folders: Folders, path: str) -> tuple[Finding, ...]:
    try:
        source = folders.read(path)
    except Unreadable as error:
        return (Finding("S0", "ERROR", "file", f"The spec {error} and is not read.", path, 1),)
    return tuple(spec_findings(source, path))


def _item(name: str, kind: ItemType, findings: tuple[Finding, ...], *, strict: bool) -> Item:
    failing = ("ERROR", "WARNING") if strict else ("ERROR",)
    return Item(name, kind, not any(finding.level in failing for finding in findings), findings)


def _totals(items: tuple[Item, ...] | list[Item]) -> Totals:
    passed = sum(item.valid for item in items)
    return {"items": len(items), "passed": passed, "failed": len(items) - passed}


def _command_issue(finding: Finding) -> CommandIssue:
    issue: CommandIssue = {"level": finding.level, "path": finding.path, "message": finding.message}
    if finding.line is not None:
        issue["line"] = finding.line
    return issue
