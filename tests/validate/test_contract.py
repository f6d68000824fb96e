"""`wrc validate --only contract`: the contract's own shape, and what the `openspec` command lets pass."""

from __future__ import annotations

import pytest

from rules.registry import all_rules
from rules.sources.tree import MemoryTree
from rules.validate.contract import validate_contract

OWN = "openspec/changes/add-contract/specs/workspace-runtime/spec.md"
DELTA = "openspec/changes/later/specs/workspace-runtime/spec.md"
OTHER = "openspec/changes/z/specs/workspace-runtime/spec.md"
NAMES = list(dict.fromkeys(rule.requirement for rule in all_rules() if rule.id.startswith(("INV", "BOOT"))))
SCENARIO = "\n#### Scenario: S\n- **WHEN** x\n- **THEN** y\n"


def _requirement(name: str, body: str = "It SHALL hold.\n") -> str:
    return f"### Requirement: {name}\n{body}{SCENARIO}\n"


ITEMS = "".join(f"- F-{number}: Never.\n" for number in range(1, 11))
LIST = _requirement("Forbidden Runtime Behaviors", f"None SHALL be:\n\n{ITEMS}")
SOUND = "## ADDED Requirements\n\n" + "".join(map(_requirement, NAMES)) + LIST
HOME = _requirement("Workspace User Identity")
BARE = HOME.replace(SCENARIO, "")


def _line(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.split("\n"), 1) if part in line)


def _said(files: dict[str, str]) -> list[tuple[str, str, str, int, str]]:
    issues = validate_contract(MemoryTree.of({"a/template.tf": "", "image/Dockerfile": "", **files}))
    return [(issue.code, issue.level, issue.path, issue.line, f"{issue.message} {issue.way_out}") for issue in issues]


def test_a_sound_contract() -> None:
    assert _said({OWN: SOUND}) == []
    assert _said({}) == []


# The contract's text, a line of it, and what is said of that line.
SHAPE = {
    "a requirement that is missing": (SOUND.replace(HOME, ""), "## ADDED", "K1", "“Workspace User Identity” (INV-2)"),
    "an item that is missing": (SOUND.replace("- F-7: Never.\n", ""), "Requirement: Forbidden", "K1", "no item F-7"),
    "an item twice": (SOUND.replace("- F-8: Never", "- F-7: Again"), "F-7: Again", "K1", "F-7 is there twice"),
    "no scenario": (
        SOUND.replace(HOME, HOME.replace(SCENARIO, "")),
        "Requirement: Workspace User",
        "K1",
        "no scenario",
    ),
    "a reference to nothing": (
        SOUND.replace(HOME, _requirement("Workspace User Identity", "As the Volume Model requirement SHALL say.\n")),
        "Volume Model",
        "K3",
        "Write “Two-Volume Persistence Model”",
    ),
    "a template that is gone": (
        SOUND.replace(
            HOME, _requirement("Workspace User Identity", "Templates governed by this contract (`a`, `b`) SHALL.\n")
        ),
        "(`a`, `b`)",
        "K2",
        "the template 'b'",
    ),
}


@pytest.mark.parametrize("name", SHAPE)
def test_shape(name: str) -> None:
    text, place, code, part = SHAPE[name]
    issues = [each for each in _said({OWN: text}) if each[0] == code]
    assert [each[3] for each in issues if part in each[4]] == [_line(text, place)], issues


def test_known_drift_names_files_and_is_dropped_by_archiving() -> None:
    drift = (
        "## Known Drift\n\n- **D-1** — `image/gone.yaml` is spoken of in `image/Dockerfile` but absent.\n"
        "- **D-2** — `image/old.sh` and `/home/coder` differ. Affects Requirement: Sysbox.\n"
    )
    found = _said({OWN: SOUND + drift})
    assert [(code, level) for code, level, *_ in found] == [("K3", "WARNING"), ("K2", "WARNING"), ("K4", "WARNING")]
    assert "D-2 speaks of 'image/old.sh'" in found[1][4]
    assert "(D-1, D-2) without a word" in found[2][4]


DELTAS = {
    "MODIFIED": f"## MODIFIED Requirements\n\n{_requirement('Workspace User Identitty')}",
    "REMOVED": "## REMOVED Requirements\n\n### Requirement: Workspace User Identitty\n",
    "RENAMED": "## RENAMED Requirements\n\n- FROM: `### Requirement: Workspace User Identitty`\n"
    "- TO: `### Requirement: X`\n",
}


@pytest.mark.parametrize("operation", DELTAS)
def test_a_typo_is_an_error(operation: str) -> None:
    (found,) = _said({OWN: SOUND, DELTA: DELTAS[operation]})
    assert found[:4] == ("K6", "ERROR", DELTA, 3)
    assert "Write “Workspace User Identity”" in found[4]
    assert _said({OWN: SOUND, DELTA: DELTAS[operation].replace("Identitty", "Identity")}) == []


def test_renamed_and_modified_under_the_new_name() -> None:
    text = DELTAS["RENAMED"].replace("Identitty", "Identity") + f"\n## MODIFIED Requirements\n\n{_requirement('X')}"
    assert _said({OWN: SOUND, DELTA: text}) == []


def test_two_open_changes_of_one_requirement() -> None:
    modified = DELTAS["MODIFIED"].replace("Identitty", "Identity")
    (found,) = _said({OWN: SOUND, DELTA: modified, OTHER: modified})
    assert found[:4] == ("K5", "WARNING", OTHER, 3)
    assert "the open change 'later' has under MODIFIED" in found[4]


def test_two_open_changes_that_add_the_same() -> None:
    added = f"## ADDED Requirements\n\n{_requirement('New')}"
    assert [each[0] for each in _said({OWN: SOUND, DELTA: added, OTHER: added})] == ["K5"]


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ("schema: [", "This metadata is not valid ("),
        ("", "is not valid (Invalid input: expected object, received null)"),
        ("created: 2026-01-01", "is not valid (schema: "),
        ("schema: none-such", "is not valid (unknown schema 'none-such')"),
        (
            "schema: spec-driven\nschema: spec-driven",
            "This metadata has the key 'schema' twice, so",
        ),
        ("a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(200)), "expands its aliases too often"),
    ],
)
def test_metadata_that_is_not_valid_is_told_once(metadata: str, told: str) -> None:
    path = "openspec/changes/add-contract/.openspec.yaml"
    [(code, level, where, line, text)] = _said({OWN: SOUND, path: metadata})
    assert (code, level, where, line) == ("K7", "WARNING", path, 1)
    assert told in text
    assert "schema: spec-driven" in text


def test_metadata_that_the_command_speaks_of_is_left_to_it() -> None:
    path = "openspec/changes/add-contract/.openspec.yaml"
    assert _said({OWN: SOUND, path: "schema: [\nskip_specs: true\n"}) == []
    assert _said({OWN: SOUND, path: "schema: spec-driven\n"}) == []
