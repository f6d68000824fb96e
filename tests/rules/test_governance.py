"""What the habits of the repository ask of a pull request: a line each, and never a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from rules.engine import Revisions, review
from rules.governance import linked_changes
from rules.model import Report
from rules.sources.tree import MemoryTree
from tests.rules.harness import FIXTURES, diff_of, load_tree
from tests.rules.test_deltas import ADDED, CONTRACT, DELTA, PENDING, SHORT, STOP, TEMPLATE, _modified

PROPOSAL = "openspec/changes/loosen-stop/proposal.md"
TASKS = "openspec/changes/loosen-stop/tasks.md"
META = "kitty-specs/stop-sooner-01JZQ4V0/meta.json"
CITES = "# Why\n\nINV-8 asks for more than we need.\n\n- **Affected code:** `user-defined-web/template.tf`\n"
NONE = "# Why\n\nINV-8 asks for more.\n\n- **Affected code:** **None.** No file under `image/` is modified.\n"


@dataclass(frozen=True)
class Case:
    head: Mapping[str, str]
    says: str
    """A part of what is said; empty if nothing is."""
    code: bool = True
    description: str | None = ""


CASES = {
    "code alone": Case({}, ""),
    "a change, named": Case({PROPOSAL: CITES}, "", description="loosen-stop: less time"),
    "a change, not named": Case(
        {PROPOSAL: CITES}, "carries the OpenSpec change 'loosen-stop'", description="Less time"
    ),
    "a change without code needs no name": Case({PROPOSAL: CITES}, "", code=False),
    "no pull request": Case({PROPOSAL: CITES}, "", description=None),
    "a mission, not named": Case({META: "{}"}, "carries the mission 'stop-sooner-01JZQ4V0'"),
    "a mission without a change": Case(
        {META: "{}"}, "no OpenSpec change is named", description="Mission stop-sooner-01JZQ4V0, closes 76"
    ),
    "a mission with its change": Case(
        {META: "{}", PROPOSAL: CITES}, "", description="stop-sooner-01JZQ4V0, loosen-stop"
    ),
    "a proposal that cites nothing": Case(
        {PROPOSAL: CITES.replace("INV-8", "It")}, "cite the requirements by id", code=False
    ),
    "a proposal that cites a name": Case({PROPOSAL: CITES.replace("INV-8", "Host-Aware Cleanup")}, "", code=False),
    "a proposal that cites what is not there": Case(
        {PROPOSAL: CITES.replace("INV-8", "INV-12 and F-77")}, "cites F-77, INV-12", code=False
    ),
    "a proposal about something else": Case({PROPOSAL: "# Why\n\nDocs.\n"}, "", code=False),
    "a proposal with code": Case({PROPOSAL: NONE}, "says that it affects no code", description="loosen-stop"),
    "a proposal alone": Case({PROPOSAL: NONE}, "", code=False),
    "a proposal whose work has begun": Case({PROPOSAL: NONE, TASKS: "- [x] 1. Do\n"}, "", description="loosen-stop"),
}


def _report(head: Mapping[str, str], *, code: bool, description: str | None, base: Mapping[str, str]) -> Report:
    minimal = load_tree(FIXTURES / "minimal").files
    before = MemoryTree.of({**minimal, **base})
    text = minimal[TEMPLATE].replace(*STOP) if code else minimal[TEMPLATE]
    after = MemoryTree.of({**before.files, **head, TEMPLATE: text})
    return review(
        base=before,
        head=after,
        contract=before,
        diff=diff_of(before, after),
        revisions=Revisions("b" * 40, "h" * 40, "b" * 40),
        repository_url=None,
        description=description,
    )


def _asked(report: Report) -> list[str]:
    return [each.text for each in report.remarks if "no longer has" not in each.text]


@pytest.mark.parametrize("name", CASES)
def test_cases(name: str) -> None:
    case = CASES[name]
    report = _report(case.head, code=case.code, description=case.description, base={CONTRACT: ADDED})
    said = _asked(report)
    assert (case.says in " ".join(said)) if case.says else said == []
    alone = _report({}, code=case.code, description=None, base={CONTRACT: ADDED})
    assert report.conclusion == alone.conclusion


def test_the_description_links_a_pending_change() -> None:
    for description, conclusion in (("Implements `loosen-stop`.", "action_required"), ("loosen-stops", "failure")):
        assert _report({}, code=True, description=description, base=PENDING).conclusion == conclusion
    tree = MemoryTree.of({"openspec/changes/archive/2026-01-02-old-one/proposal.md": "x", DELTA: "x"})
    assert linked_changes(tree, "feat/loosen-stop old-one unknown") == {"loosen-stop", "old-one"}


def test_validation_of_what_is_touched_only() -> None:
    wrong = "## MODIFIED Requirements\n\n### Requirement: Nothing\nx\n"
    other = {"openspec/changes/other/specs/x/spec.md": wrong}
    touched = {DELTA: _modified(SHORT.replace("Host-Aware", "Host Aware")), "a/template.tf": "a  = 1\nb = 2\n"}
    report = _report(touched, code=False, description=None, base={CONTRACT: ADDED, **other})
    assert [(each.path, each.line) for each in report.validation] == [(DELTA, 3), ("a/template.tf", 1)]
    assert "Write “Host-Aware Cleanup”" in report.validation[0].text
    assert _report({"README.md": "x"}, code=False, description=None, base={CONTRACT: ADDED, **other}).validation == ()
