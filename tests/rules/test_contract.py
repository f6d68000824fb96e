"""Which text of the contract counts, what of it is cited, and how its words reach a review."""

from __future__ import annotations

import pytest

from rules.contract import BUNDLED_URL, WrittenContract, load_contract
from rules.deltas import words_of
from rules.model import Span, Violation
from rules.registry import all_rules
from rules.sources.tree import MemoryTree
from tests.rules.test_deltas import ADDED, CONTRACT, DELTA, FORBIDDEN, MAIN, SPEC, _modified

URL = "https://github.com/o/r"
ARCHIVE = "openspec/changes/archive/2026-01-02-x/specs/workspace-runtime/spec.md"
CLEANUP = "Host-Aware Cleanup"
SYSBOX = "Sysbox Container Runtime"
LIST = "Forbidden Runtime Behaviors"
ALL = list(dict.fromkeys(rule.requirement for rule in all_rules() if not rule.id.startswith("W-")))
STOP, DELETE = "scenario “Stop leaves time”", "scenario “Delete removes the folder”"
CONFIGURED = WrittenContract(ADDED, "spec.md", "c" * 40, f"{URL}/blob/x/spec.md")


def _spec(*names: str) -> str:
    blocks = [f"### Requirement: {name}\nIt SHALL be.\n\n#### Scenario: S\n- **THEN** it is\n" for name in names]
    return "# x\n\n## Purpose\nx\n\n## Requirements\n\n" + "\n".join(blocks)


@pytest.mark.parametrize(
    ("files", "configured", "source", "path"),
    [
        ({MAIN: SPEC}, None, "repository", MAIN),
        ({CONTRACT: ADDED}, None, "repository", CONTRACT),
        ({MAIN: SPEC, CONTRACT: ADDED}, None, "repository", MAIN),
        ({CONTRACT: ADDED}, CONFIGURED, "repository", CONTRACT),
        ({ARCHIVE: ADDED}, CONFIGURED, "configured", "spec.md"),
        ({DELTA: _modified(FORBIDDEN)}, CONFIGURED, "configured", "spec.md"),
        ({}, WrittenContract("nothing", "x", "y", None), "bundled", "rules/contract.md"),
        ({DELTA: _modified(FORBIDDEN)}, None, "bundled", "rules/contract.md"),
        ({}, None, "bundled", "rules/contract.md"),
    ],
)
def test_which_text_counts(files: dict[str, str], configured: WrittenContract | None, source: str, path: str) -> None:
    contract = load_contract(MemoryTree.of(files), "r", URL, configured).contract
    assert (contract.source, contract.path) == (source, path)


def test_active_changes_add_to_the_main_spec() -> None:
    more = "## ADDED Requirements\n\n### Requirement: Quiet Nights\nIt SHALL be quiet.\n\n#### Scenario: S\n- x\n"
    text = load_contract(MemoryTree.of({MAIN: SPEC, DELTA: more}), "r", URL)
    assert list(text.requirements) == [SYSBOX, CLEANUP, LIST, "Quiet Nights"]
    assert text.requirements["Quiet Nights"].path == DELTA
    (remark,) = [each for each in text.remarks() if "Quiet Nights" in each.text]
    assert (remark.path, remark.line) == (DELTA, 3)


@pytest.mark.parametrize(
    ("rule", "requirement", "words", "heading", "part"),
    [
        (
            "INV-8",
            CLEANUP,
            ("docker_container.workspace/stop_timeout", "20"),
            "Stop leaves",
            "scenario “Stop leaves time”",
        ),
        (
            "INV-8",
            CLEANUP,
            ("null_resource.workspace_cleanup",),
            "Delete removes",
            "scenario “Delete removes the folder”",
        ),
        ("INV-8", CLEANUP, ("zebra",), "Requirement: Host", None),
        ("INV-1", SYSBOX, ("runtime",), "Scenario: Runtime", "scenario “Runtime”"),
        ("F-2", LIST, (), "- F-2", "“A privileged container.”"),
    ],
)
def test_a_citation_names_the_clause_that_fits(
    rule: str, requirement: str, words: tuple[str, ...], heading: str, part: str | None
) -> None:
    citation = load_contract(MemoryTree.of({CONTRACT: ADDED}), "abc", URL).cite(rule, requirement, words)
    assert citation is not None
    assert heading in ADDED.split("\n")[citation.start - 1]
    assert citation.part == part
    lines = f"L{citation.start}-L{citation.end}" if citation.end > citation.start else f"L{citation.start}"
    assert citation.url == f"{URL}/blob/abc/{CONTRACT}?plain=1#{lines}"


HYDRATION = """\
## ADDED Requirements

### Requirement: Copy-If-Missing Home Hydration
What the user has in `~/.bashrc` SHALL stay.

#### Scenario: First start
- **WHEN** `~/.bashrc` is absent at the start
- **THEN** the script SHALL copy the skeleton of `/home/coder-files/`

#### Scenario: Later starts
- **WHEN** `~/.bashrc` is there
- **THEN** whatever the script would append SHALL be guarded, so that there are no duplicate entries

#### Scenario: Nothing to copy
- **WHEN** `/home/coder-files/` is absent from the image
- **THEN** the script SHALL continue
"""


@pytest.mark.parametrize(
    ("address", "evidence", "part"),
    [
        ("appends to the user's files", "/home/coder/.bashrc gets export X=1", "scenario “Later starts”"),
        ("coder_agent.main.startup_script/hydration", "nothing is copied", "scenario “First start”"),
        ("missing staged files", "exit", "scenario “Nothing to copy”"),
    ],
)
def test_a_rule_says_by_which_words_its_clause_is_found(address: str, evidence: str, part: str) -> None:
    violation = Violation(
        "INV-6", "t", address, evidence, Span("t/template.tf", 1, 1), "failure", "`~/.bashrc` at start"
    )
    text = load_contract(MemoryTree.of({CONTRACT: HYDRATION}), "abc", URL)
    citation = text.cite("INV-6", "Copy-If-Missing Home Hydration", words_of(violation))
    assert citation is not None
    assert citation.part == part


def test_our_own_summary_has_every_requirement_and_links_to_the_proposal() -> None:
    text = load_contract(MemoryTree.of({}), "", None)
    for rule in all_rules():
        if not rule.id.startswith("W-"):
            citation = text.cite(rule.id, rule.requirement)
            assert citation is not None
            assert citation.url == BUNDLED_URL
    assert list(text.remarks()) == []


def test_a_renamed_requirement_is_known_by_its_new_name() -> None:
    renamed = f"## RENAMED Requirements\n\n- FROM: `### Requirement: {CLEANUP}`\n- TO: `### Requirement: Tidy End`\n"
    text = load_contract(MemoryTree.of({MAIN: SPEC.replace(CLEANUP, "Tidy End"), ARCHIVE: renamed}), "r", URL)
    assert text.name(CLEANUP) == "Tidy End"
    citation = text.cite("INV-8", CLEANUP, ("stop_timeout",))
    assert citation is not None
    assert citation.part == "scenario “Stop leaves time”"


@pytest.mark.parametrize("name", ALL)
def test_one_new_name_between_its_neighbours_is_that_of_the_one_that_is_missing(name: str) -> None:
    names = ["Another" if each == name else each for each in ALL]
    text = load_contract(MemoryTree.of({MAIN: _spec(*names)}), "r", URL)
    assert text.name(name) == "Another"


def test_two_new_names_are_not_guessed() -> None:
    names = [{ALL[2]: "One", ALL[3]: "Two"}.get(each, each) for each in ALL]
    text = load_contract(MemoryTree.of({MAIN: _spec(*names)}), "r", URL)
    assert text.written(ALL[2]) is None
    assert text.cite("INV-3", ALL[2]) is None
    assert any("no longer has INV-3" in each.text for each in text.remarks())


def test_an_item_that_is_new_is_told() -> None:
    more = ADDED.replace("- F-6:", "- F-11: Loud fans.\n- F-6:")
    text = load_contract(MemoryTree.of({CONTRACT: more}), "r", URL)
    (remark,) = [each for each in text.remarks() if "F-11" in each.text]
    assert "not checked yet" in remark.text
    assert more.split("\n")[remark.line - 1] == "- F-11: Loud fans."


def test_what_the_contract_no_longer_has_is_only_asked() -> None:
    text = load_contract(MemoryTree.of({CONTRACT: ADDED.replace("- F-6: Ports that are published.\n", "")}), "r", URL)
    assert not text.asks("F-6", LIST)
    assert text.asks("F-2", LIST)


def test_duplicate_names_crlf_and_fences() -> None:
    twice = f"{ADDED}\n{FORBIDDEN.replace('privileged', 'loud')}"
    text = load_contract(MemoryTree.of({CONTRACT: f"\ufeff{twice}".replace("\n", "\r\n")}), "r", URL)
    citation = text.cite("F-2", LIST)
    assert citation is not None
    assert citation.part == "“A privileged container.”"
    fenced = load_contract(MemoryTree.of({CONTRACT: f"```\n{ADDED}```\n"}), "r", URL)
    assert fenced.contract.source == "bundled"
