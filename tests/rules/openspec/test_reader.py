"""Reading OpenSpec's files: what is found, under which name, on which lines."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.sources.openspec.blocks import fold, normalise, requirement_name, scenario_name, section_title
from rules.sources.openspec.delta import read_delta
from rules.sources.openspec.layout import discover
from rules.sources.openspec.spec import Heading, read_spec
from rules.sources.tree import MemoryTree

DELTA = dedent(
    """\
    # Delta

    ## ADDED Requirements

    ### Requirement: First ##
    **Priority**: high
    The system SHALL stand.

    - F-1: never lie
      down
    - **F-2** — never sit

    #### Scenario: Standing ####
    - **WHEN** asked
    - **THEN** it stands

    #### Bare

    ```
    ### Requirement: Fenced
    ```

    ---

    ### Requirement: Second
    Text SHALL.

    ## REMOVED Requirements
    * `### Requirement: Old`
    ### Requirement: Older
    reason

    ## RENAMED Requirements
    - FROM: `### Requirement: A`
    - TO: `### Requirement: B`
    - TO: `### Requirement: C`

    ## Known Drift
    - **D-1** — something
    ### Requirement: Lost
    """
)


def test_a_delta_has_its_requirements_with_their_lines() -> None:
    first, second = read_delta(DELTA).added
    assert (first.name, first.start, first.end) == ("First", 5, 21)
    assert first.statement == "The system SHALL stand.\n- F-1: never lie\ndown\n- **F-2** — never sit"
    assert [(s.name, s.start, s.end, s.has_steps) for s in first.scenarios] == [
        ("Standing", 13, 15, True),
        ("Bare", 17, 21, True),
    ]
    assert (second.name, second.start, second.end, second.scenarios) == ("Second", 25, 26, ())


def test_a_delta_has_its_other_operations_with_their_lines() -> None:
    delta = read_delta(DELTA)
    assert [(r.name, r.start, r.end) for r in delta.removed] == [("Old", 29, 29), ("Older", 30, 31)]
    assert [(r.source, r.target, r.source_line, r.target_line) for r in delta.renamed] == [("A", "B", 34, 35)]
    assert [(u.side, u.name, u.line) for u in delta.unpaired] == [("TO", "C", 36)]
    assert [(o.name, o.section, o.line) for o in delta.orphans] == [("Lost", "Known Drift", 40)]
    assert delta.operations == {"ADDED": 3, "REMOVED": 28, "RENAMED": 33}
    assert [(s.title, s.start, s.end) for s in delta.sections][-1] == ("Known Drift", 38, 40)


def test_numbered_bullets_are_items_of_their_own() -> None:
    assert [(i.id, i.start, i.end, i.section, i.requirement) for i in read_delta(DELTA).items] == [
        ("F-1", 9, 10, "ADDED Requirements", "First"),
        ("F-2", 11, 11, "ADDED Requirements", "First"),
        ("D-1", 39, 39, "Known Drift", None),
    ]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_and_a_byte_order_mark_change_no_line(end: str) -> None:
    plain, other = read_delta(DELTA), read_delta("\ufeff" + DELTA.replace("\n", end))
    assert (plain.added, plain.items, plain.removed) == (other.added, other.items, other.removed)


def test_a_main_spec_ends_at_the_section_after_its_requirements() -> None:
    spec = read_spec("# T\n## Purpose\nWhy.\n## requirements\n### Requirement: A\nx\n## Notes\n### Requirement: B\n")
    assert [(r.name, r.start, r.end) for r in spec.requirements] == [("A", 5, 6)]
    purpose = spec.find("Purpose")
    assert purpose is not None
    assert spec.content(purpose) == "Why."
    assert [root.title for root in spec.headings] == ["T"]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("### Requirement: A", "A"),
        ("###Requirement: A", "A"),
        ("### requirement:A", "A"),
        ("### Requirement: C#", "C#"),
        ("### Requirement: A ##  ", "A"),
        ("### Requirement: A\u00a0##", "A\u00a0##"),
        ("### Requirement: ", ""),
        ("### Requirement:", None),
        ("### Requirement: A\u2028B", None),
        ("#### Requirement: A", None),
        (" ### Requirement: A", None),
        ("### Requirement\uff1a A", None),
    ],
)
def test_the_name_of_a_requirement(line: str, name: str | None) -> None:
    assert requirement_name(line) == name


@pytest.mark.parametrize(
    ("line", "title"), [("## A ", "A"), ("##A", None), ("## ", None), ("##  ", ""), ("##\u3000A", "A"), ("### A", None)]
)
def test_the_title_of_a_section(line: str, title: str | None) -> None:
    assert section_title(line) == title


@pytest.mark.parametrize(
    ("line", "name"),
    [("#### Scenario: A ##", "A"), ("#### scenario:A", "A"), ("#### Edge", "Edge"), ("##### A", None), ("####A", None)],
)
def test_the_name_of_a_scenario(line: str, name: str | None) -> None:
    assert scenario_name(line) == name


def test_names_are_matched_exactly_and_folded_for_near_misses() -> None:
    assert normalise(" A  b # ") == "A  b"
    assert fold("A  b") == fold("a B #") == "a b"


def test_discovery_skips_hidden_folders_and_links_that_lead_out() -> None:
    tree = MemoryTree.of(
        {
            "openspec/specs/b/spec.md": "",
            "openspec/specs/a/deep/spec.md": "",
            "openspec/specs/spec.md": "",
            "openspec/specs/.hidden/spec.md": "",
            "openspec/changes/one/proposal.md": "",
            "openspec/changes/two/specs/a/spec.md": "",
            "openspec/changes/archive/2026-01-01-old/specs/a/spec.md": "",
            "README.md": "",
        },
        {"openspec/specs/out/spec.md": "../../../README.md", "openspec/specs/in/spec.md": "../b/spec.md"},
    )
    layout = discover(tree)
    assert [spec.capability for spec in layout.specs] == ["a/deep", "b", "in"]
    assert [(change.id, [spec.path for spec in change.deltas]) for change in layout.changes] == [
        ("one", []),
        ("two", ["openspec/changes/two/specs/a/spec.md"]),
    ]
    assert [change.id for change in layout.archived] == ["2026-01-01-old"]


def test_names_of_many_spaces_are_read_in_linear_time() -> None:
    spaces = " " * 200_000
    line = f"### Requirement:{spaces}\u2028x{spaces}\u2028y"
    assert requirement_name(line) is None
    assert section_title(f"##{spaces}\u2028{spaces}x\u2028") is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_of_many_requirements_none_is_lost(end: str) -> None:
    lines = [f"### Requirement: R{number}{end}SHALL{end}#### S{end}x{end}" for number in range(2000)]
    blocks = read_delta(f"## ADDED Requirements{end}{''.join(lines)}").added
    assert [(block.name, block.start, block.end) for block in blocks] == [
        (f"R{number}", 4 * number + 2, 4 * number + 5) for number in range(2000)
    ]


@given(
    st.lists(st.sampled_from(["## ADDED Requirements", "### Requirement: A", "#### S", "```", "~~~", "", "---", "x"]))
)
def test_blocks_never_overlap_and_stand_where_they_say(lines: list[str]) -> None:
    text = "\n".join(lines)
    delta = read_delta(text)
    before = 0
    for block in delta.added:
        assert before < block.start <= block.end <= len(lines)
        assert lines[block.start - 1] == block.header
        assert block.raw.startswith("\n".join(lines[block.start - 1 : block.end]).rstrip())
        assert all(block.start < scenario.start <= scenario.end <= block.end for scenario in block.scenarios)
        before = block.end


@given(st.lists(st.sampled_from(["# a", "## b", "### c", "###### d", "x", "```", ""])))
def test_headings_nest_and_end_where_the_next_one_of_their_level_starts(lines: list[str]) -> None:
    def check(headings: tuple[Heading, ...], level: int, end: int) -> None:
        before = 0
        for heading in headings:
            assert heading.level > level
            assert before < heading.start <= heading.end <= end
            check(heading.children, heading.level, heading.end)
            before = heading.end

    check(read_spec("\n".join(lines)).headings, 0, max(1, len(lines)))
