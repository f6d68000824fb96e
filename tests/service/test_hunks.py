"""Hunks that we compute ourselves where GitHub gives no patch, against difflib's own unified diff."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github.answers import ChangedFile
from bot.github.pulls import MAX_DIFFED_LINES, Changes, diff, line_hunks, unpatched
from rules.sources.diff import parse_hunks
from rules.sources.tree import MemoryTree

lines = st.lists(st.sampled_from(["a", "b", "c", "d\f", "e\r", " f"]), max_size=40)


@given(lines, lines)
def test_hunks_are_those_of_a_unified_diff(old: list[str], new: list[str]) -> None:
    before, after = ([f"{line}\n" for line in side] for side in (old, new))
    unified = "".join(list(difflib.unified_diff(before, after))[2:])
    assert line_hunks("".join(before), "".join(after)) == parse_hunks(unified)


def test_a_file_too_long_to_compare_counts_as_changed_throughout() -> None:
    [hunk] = line_hunks("", "x\n" * (MAX_DIFFED_LINES + 1))
    assert (hunk.old_start, hunk.old_lines) == (0, 0)
    assert hunk.added == frozenset(range(1, MAX_DIFFED_LINES + 2))


BASE = MemoryTree.of({"kept": "1\n", "old": "same\n", "gone": "x\n"})
HEAD = MemoryTree.of({"kept": "2\n", "new": "same\n", "added": "1\n2\n", "image": "a\0b"})


@pytest.mark.parametrize(
    ("file", "paths", "added", "removed", "binary"),
    [
        (ChangedFile(filename="kept", status="modified"), ("kept", "kept"), {1}, {1}, False),
        (ChangedFile(filename="added", status="added"), (None, "added"), {1, 2}, set(), False),
        (ChangedFile(filename="gone", status="removed"), ("gone", None), set(), {1}, False),
        (ChangedFile(filename="new", previous_filename="old", status="renamed"), ("old", "new"), set(), set(), False),
        (ChangedFile(filename="image", status="added"), (None, "image"), set(), set(), True),
        (
            ChangedFile(filename="kept", status="modified", patch="@@ -1 +1 @@\n-1\n+2"),
            ("kept", "kept"),
            {1},
            {1},
            False,
        ),
    ],
)
def test_every_kind_of_change_becomes_a_file_of_the_diff(
    file: ChangedFile, paths: tuple[str | None, str | None], added: set[int], removed: set[int], binary: bool
) -> None:
    changes = Changes("a" * 40, "b" * 40, (file,))
    [found] = diff(changes, BASE, HEAD).files
    assert (found.old_path, found.new_path) == paths
    assert {line for hunk in found.hunks for line in hunk.added} == added
    assert {line for hunk in found.hunks for line in hunk.removed} == removed
    assert found.binary is binary
    assert (file.filename in unpatched(changes)) is (file.patch is None)
