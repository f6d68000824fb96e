"""Line numbers of patches, against git itself."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox import anchors
from bot.sandbox.git import Bare, Signature

LINES = st.lists(
    st.sampled_from(["a", "b", "c", "+", "-- x", "@@ -1 +1 @@", "diff --git a b", "", "\\", "é\r"]), max_size=24
)
NUMBER = itertools.count()


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory) -> Bare:
    return Bare.create(tmp_path_factory.mktemp("git") / "repository.git", "main")


def commit(git: Bare, lines: list[str], *, newline: bool) -> str:
    text = "\n".join(lines) + ("\n" if newline and lines else "")
    who = Signature("someone", "someone@example.invalid", datetime(2026, 1, 1, tzinfo=UTC))
    return git.commit(f"branch-{next(NUMBER)}", {"file.txt": text}, message="Change", author=who)


@settings(max_examples=60)
@given(LINES, LINES, st.booleans(), st.booleans())
def test_every_numbered_line_is_that_line_of_its_file(
    git: Bare, old: list[str], new: list[str], old_newline: bool, new_newline: bool
) -> None:
    base, head = commit(git, old, newline=old_newline), commit(git, new, newline=new_newline)
    for change in git.diff(base, head):
        lines = anchors.walk(change.patch or "")
        for line in lines:
            assert line.old is None or old[line.old - 1] == line.text[1:]
            assert line.new is None or new[line.new - 1] == line.text[1:]
        assert sum(line.kind == "+" for line in lines) == change.additions
        assert sum(line.kind == "-" for line in lines) == change.deletions


@settings(max_examples=60)
@given(LINES, LINES)
def test_a_line_that_moves_keeps_its_text(git: Bare, old: list[str], new: list[str]) -> None:
    base, head = commit(git, old, newline=True), commit(git, new, newline=True)
    moves = {number: anchors.moved(git, base, head, "file.txt", number) for number in range(1, len(old) + 1)}
    kept = [(number, target) for number, target in moves.items() if target is not None]
    for number, target in kept:
        assert old[number - 1] == new[target - 1]
    assert [target for _, target in kept] == sorted({target for _, target in kept})
    changed = git.diff(base, head)
    assert len(old) - len(kept) == (changed[0].deletions if changed else 0)
