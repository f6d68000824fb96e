"""Texts of which parts are not known, and lists of texts that were edited."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.sources.likeness import alike
from rules.sources.text import Hole, Piece, Position, Text, fits
from rules.sources.tree import MemoryTree
from rules.workspace.image import MAX_INSTRUCTIONS, load_image

HERE = Position("main.tf", 1, 1)
SHORT = st.text("ab", max_size=3)


@given(st.lists(SHORT, min_size=1, max_size=5), st.text("ab", max_size=8))
def test_fragments_fit_a_text_as_a_pattern_would(fragments: list[str], text: str) -> None:
    assert fits(fragments, text) == (re.fullmatch(".*".join(fragments), text) is not None)


@pytest.mark.parametrize(("text", "can_be"), [("/var/run/x", True), ("/var/x", False), ("/var//x", True)])
def test_what_a_text_with_a_hole_can_be(text: str, can_be: bool) -> None:
    parts = (Piece("/v", HERE), Piece("ar/", HERE), Hole("var.folder", "is not known", HERE), Piece("/x", HERE))
    assert Text(parts).can_be(text) is can_be


@given(*[st.lists(st.lists(st.sampled_from("abcdef"), max_size=4).map(" ".join), max_size=6)] * 2)
def test_each_text_is_paired_with_the_likest_one_that_is_left(before: list[str], after: list[str]) -> None:
    assert list(alike(before, after)) == _one_by_one(before, after)


def _one_by_one(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for index, text in enumerate(before):
        had = set(text.split())
        left = [at for at in range(len(after)) if at not in dict(found).values()]
        shared = {at: len(had & has) / len(had | has) for at in left if (has := set(after[at].split())) or had}
        best = max(shared, key=lambda at: (shared[at], -abs(at - index)), default=None)
        if best is not None and shared[best] >= 0.5:
            found.append((index, best))
    return found


def test_a_dockerfile_without_end_is_followed_so_far() -> None:
    text = "FROM ubuntu\n" + "COPY a /b\nRUN true\n" * MAX_INSTRUCTIONS
    image = load_image(MemoryTree.of({"image/Dockerfile": text}))
    assert len(image.steps) == MAX_INSTRUCTIONS
    [problem] = image.problems
    assert (problem.path, problem.line) == ("image/Dockerfile", MAX_INSTRUCTIONS + 1)
    assert "more than 2,000 instructions" in problem.message
