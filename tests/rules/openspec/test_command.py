"""The verdict, the messages and the places of `validate_openspec`, beside what the `openspec` command says.

Every file of tests/data/openspec is a small repository with the command's own report, recorded by
``tools/openspec_fuzz.py --record``. Set OPENSPEC_FOLDER to a folder with the command's package to compare with it live.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rules.sources.tree import MemoryTree
from rules.validate.openspec.findings import Finding
from rules.validate.openspec.report import OpenSpecReport, validate_openspec

CASES = sorted((Path(__file__).parents[2] / "data" / "openspec").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
@pytest.mark.parametrize("mode", ["default", "strict"])
def test_the_report_is_the_command_s(path: Path, mode: str) -> None:
    case = json.loads(path.read_text("utf-8"))
    tree = MemoryTree.of(case["files"], case.get("links"))
    assert json.loads(json.dumps(validate_openspec(tree, strict=mode == "strict").command_form())) == case[mode]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_finding_stands_on_a_line_of_a_file_of_the_repository(path: Path) -> None:
    case = json.loads(path.read_text("utf-8"))
    tree = MemoryTree.of(case["files"], case.get("links"))
    for issue in validate_openspec(tree).issues():
        assert issue.path in tree.entries
        text = case["files"].get(issue.path, "")
        assert 1 <= issue.line <= text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1


DELTA = """\
## ADDED Requirements

### Requirement: One
Nothing normative.

#### Scenario: Empty

### Requirement: One
It SHALL be.

## MODIFIED Requirements
### Requirement: Two
It SHALL be.

#### Scenario: Kept
- **WHEN** x

## REMOVED Requirements
- `### Requirement: Two`

## RENAMED Requirements
- FROM: `### Requirement: A`
- TO: `### Requirement: B`
- FROM: `### Requirement: A`
- TO: `### Requirement: C`
"""
SPEC = """\
# Cap

## Purpose
TBD

## Requirements

### Requirement: Two
It is.

#### Scenario: Kept
- **WHEN** x

#### Scenario: Lost
- **WHEN** y

### Notes
"""
FILES = {"openspec/changes/x/specs/cap/spec.md": DELTA, "openspec/specs/cap/spec.md": SPEC}


def found(report: OpenSpecReport) -> list[tuple[str, str, int, str | None]]:
    return [(issue.code, issue.path[9:], issue.line, issue.requirement) for issue in report.issues()]


def test_every_message_has_the_line_that_a_person_would_change() -> None:
    delta, spec = "changes/x/specs/cap/spec.md", "specs/cap/spec.md"
    assert found(validate_openspec(MemoryTree.of(FILES))) == [
        ("S3", spec, 17, "Notes"),
        ("S5", spec, 4, None),
        ("S8", spec, 17, "Notes"),
        ("S9", spec, 8, "Two"),
        ("C7", delta, 3, "One"),
        ("C8", delta, 6, "One"),
        ("C5", delta, 8, "One"),
        ("C8", delta, 8, "One"),
        ("C9", delta, 12, "Two"),
        ("C5", delta, 24, "A"),
        ("C10", delta, 12, "Two"),
    ]


def test_a_message_that_names_no_way_out_has_one_of_ours() -> None:
    issues = list(validate_openspec(MemoryTree.of(FILES)).issues())
    assert all(issue.way_out for issue in issues if issue.code in {"C5", "C7", "C10", "S3", "S9"})


def test_a_name_that_matches_nothing_is_told_with_its_line_and_the_way_out() -> None:
    delta = "## MODIFIED Requirements\n\n### Requirement: Tow\nIt SHALL.\n\n#### Scenario: S\n- x\n"
    files = {"openspec/changes/x/specs/cap/spec.md": delta, "openspec/specs/cap/spec.md": SPEC}
    (issue,) = [issue for issue in validate_openspec(MemoryTree.of(files)).issues() if issue.item == "x"]
    assert (issue.code, issue.line, issue.requirement) == ("C12", 3, "Tow")
    assert issue.way_out.startswith("Write the name exactly as openspec/specs/cap/spec.md has it")


def test_a_tree_without_openspec_has_nothing_to_be_wrong() -> None:
    report = validate_openspec(MemoryTree.of({"README.md": ""}))
    assert (report.valid, report.items) == (True, ())


def test_the_exit_status_follows_the_items_and_strict_counts_warnings() -> None:
    text = "## ADDED Requirements\n### Requirement: A\nIt should.\n#### Scenario: S\n- x\n"
    tree = MemoryTree.of({"openspec/changes/x/specs/cap/spec.md": text})
    assert validate_openspec(tree).valid
    assert not validate_openspec(tree, strict=True).valid


def finding(files: dict[str, str]) -> Finding:
    (item,) = validate_openspec(MemoryTree.of(files)).items
    return item.findings[0]


def test_a_metadata_bomb_is_refused_in_one_sentence() -> None:
    layers = "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 10)}]\n" for n in range(8))
    bomb = f"schema: spec-driven\na: &a [x,x,x,x,x,x,x,x,x,x]\n{layers}skip_specs: true\n"
    text = finding({"openspec/changes/x/.openspec.yaml": bomb}).message
    assert text.endswith("Fix the metadata (the file is not valid YAML)")


def test_a_spec_beyond_the_bound_is_one_error_and_the_rest_is_read() -> None:
    files = {
        "openspec/specs/big/spec.md": "x" * (16 * 1024 * 1024 + 1),
        "openspec/specs/small/spec.md": SPEC,
    }
    big, small = validate_openspec(MemoryTree.of(files)).items
    assert [finding.message for finding in big.findings] == ["The spec is larger than 16 MiB and is not read."]
    assert small.findings


@pytest.mark.skipif("OPENSPEC_FOLDER" not in os.environ, reason="needs the openspec command's package")
def test_generated_repositories_get_the_same_report_from_the_command() -> None:
    from tools.openspec_fuzz import compare_for  # noqa: PLC0415

    assert compare_for(Path(os.environ["OPENSPEC_FOLDER"]), seconds=30, seed=1) == []
