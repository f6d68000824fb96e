"""Diffs as git writes them, read back; and the line maps, against difflib."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.sources.diff import Diff, DiffError, FileDiff, Hunk, parse_diff, parse_hunks
from tests.gitrepo import Repo

LINES = "".join(f"line {number}\n" for number in range(1, 21))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


def diff(repo: Repo, *options: str) -> Diff:
    """What changed between the last two commits."""
    text = repo.raw("-c", "core.quotePath=false", "diff", "-M", *options, "HEAD~", "HEAD")
    return parse_diff(text.decode("utf-8", "surrogateescape"))


def only(found: Diff) -> FileDiff:
    [file] = found.files
    return file


def changed(file: FileDiff) -> tuple[list[int], list[int]]:
    """Base lines removed and head lines added by the file's only hunk."""
    [hunk] = file.hunks
    return sorted(hunk.removed), sorted(hunk.added)


def commentable(file: FileDiff) -> tuple[list[int], list[int]]:
    return sorted(file.commentable("LEFT")), sorted(file.commentable("RIGHT"))


def test_nothing_changed() -> None:
    assert parse_diff("") == Diff(())


def test_a_changed_line(repo: Repo) -> None:
    repo.commit({"a.tf": LINES})
    repo.commit({"a.tf": LINES.replace("line 10\n", "ten\neleven\n")})
    file = only(diff(repo))
    assert (file.old_path, file.new_path, file.binary) == ("a.tf", "a.tf", False)
    assert changed(file) == ([10], [10, 11])
    assert commentable(file) == (list(range(7, 14)), list(range(7, 15)))
    assert file.hunk_at("RIGHT", 14) is file.hunks[0]
    assert file.hunk_at("RIGHT", 15) is None
    assert [file.head_line(line) for line in (1, 9, 10, 11, 20)] == [1, 9, None, 12, 21]
    assert [file.base_line(line) for line in (1, 9, 10, 11, 12, 21)] == [1, 9, None, None, 11, 20]


def test_added_deleted_and_emptied_files(repo: Repo) -> None:
    repo.commit({"gone.tf": "one\ntwo\n", "emptied.tf": "one\n"})
    (repo.path / "gone.tf").unlink()
    repo.commit({"new.tf": "three\nfour\n", "emptied.tf": "", "folder/empty.tf": ""})
    found = diff(repo)
    paths = {(file.old_path, file.new_path) for file in found.files}
    assert paths == {("gone.tf", None), (None, "new.tf"), ("emptied.tf", "emptied.tf"), (None, "folder/empty.tf")}
    gone, new, emptied = found.file("gone.tf", "base"), found.file("new.tf", "head"), found.file("emptied.tf", "head")
    assert gone is not None
    assert new is not None
    assert emptied is not None
    assert commentable(gone) == ([1, 2], [])
    assert commentable(new) == ([], [1, 2])
    assert emptied.surviving_line(1) is None
    assert found.file("gone.tf", "head") is None
    assert found.file("new.tf", "base") is None


def test_rename_is_found_by_either_name(repo: Repo) -> None:
    repo.commit({"old name.tf": LINES})
    (repo.path / "old name.tf").rename(repo.path / "b b.tf")
    repo.commit()
    file = only(diff(repo))
    assert (file.old_path, file.new_path, file.hunks) == ("old name.tf", "b b.tf", ())
    assert file.head_line(3) == 3
    assert diff(repo).file("old name.tf", "base") == diff(repo).file("b b.tf", "head") == file


def test_rename_with_a_change(repo: Repo) -> None:
    repo.commit({"x/template.tf": LINES})
    (repo.path / "x").rename(repo.path / "y")
    repo.commit({"y/template.tf": LINES.replace("line 1\n", "")})
    file = only(diff(repo))
    assert (file.old_path, file.new_path) == ("x/template.tf", "y/template.tf")
    assert file.head_line(20) == 19


def test_the_source_of_a_copy_is_not_touched(repo: Repo) -> None:
    repo.commit({"a.tf": LINES})
    repo.commit({"copy of a.tf": LINES})
    found = diff(repo, "-C", "--find-copies-harder")
    assert only(found).copied
    assert found.file("copy of a.tf", "head") == only(found)
    assert found.file("a.tf", "base") is None


def test_mode_change(repo: Repo) -> None:
    repo.commit({"a b/run.sh": "true\n"})
    (repo.path / "a b/run.sh").chmod(0o755)
    repo.commit()
    assert only(diff(repo)) == FileDiff("a b/run.sh", "a b/run.sh", ())


@pytest.mark.parametrize("options", [(), ("--binary",)])
def test_binary(repo: Repo, options: tuple[str, ...]) -> None:
    repo.commit({"a b/logo.png": b"\0\1\2"})
    repo.commit({"a b/logo.png": b"\0\1\3"})
    assert only(diff(repo, *options)) == FileDiff("a b/logo.png", "a b/logo.png", (), binary=True)


def test_file_that_becomes_a_link_is_deleted_and_added(repo: Repo) -> None:
    repo.commit({"a": LINES})
    (repo.path / "a").unlink()
    (repo.path / "a").symlink_to("/etc/passwd")
    repo.commit()
    assert [(file.old_path, file.new_path) for file in diff(repo).files] == [("a", None), (None, "a")]


def test_no_final_newline_on_either_side(repo: Repo) -> None:
    repo.commit({"a": "one\ntwo", "b": "one\ntwo\n"})
    repo.commit({"a": "one\ntwo\n", "b": "one\ntwo"})
    for file in diff(repo).files:
        assert changed(file) == ([2], [2])


@pytest.mark.parametrize("quoted", ["true", "false"])
@pytest.mark.parametrize("name", ["café ☕.tf", 'q"uo\\te.tf', "tab\there", "new\nline", " b/x b/ ", '"'])
def test_unusual_paths(repo: Repo, name: str, quoted: str) -> None:
    repo.commit({f"d/{name}": "one\n"})
    repo.commit({f"d/{name}": "two\n"})
    text = repo.raw("-c", f"core.quotePath={quoted}", "diff", "HEAD~", "HEAD").decode()
    file = only(parse_diff(text))
    assert (file.old_path, file.new_path) == (f"d/{name}", f"d/{name}")


def test_path_that_is_not_utf8(repo: Repo) -> None:
    repo.commit({"caf\udce9.tf": "one\n"})
    repo.commit({"caf\udce9.tf": "two\n"})
    assert only(diff(repo)).new_path == "caf\udce9.tf"


def test_crlf_and_lone_carriage_returns(repo: Repo) -> None:
    repo.commit({"a": b"one\r\n\r\ntwo\rstill two\r\nthree\r\n"})
    repo.commit({"a": b"one\r\n\r\ntwo\rstill 2\r\nthree\r\n"})
    assert changed(only(diff(repo))) == ([3], [3])


def test_content_that_looks_like_a_diff(repo: Repo) -> None:
    """A removed `-- x` reads `--- x` in the diff, an added `++ y` reads `+++ y`."""
    looks = "diff --git a/x b/x\n-- a/x\n++ b/x\n@@ -1 +1 @@\nnew file mode 100644\nBinary files a and b differ\n"
    repo.commit({"a": f"top\n{looks}", "b": "one\n"})
    repo.commit({"a": f"{looks}end\n", "b": "two\n"})
    a, b = diff(repo).files
    assert (a.new_path, a.binary, changed(a)) == ("a", False, ([1], [7]))
    assert b.new_path == "b"
    repo.commit({"a": "nothing\n"})
    assert changed(only(diff(repo))) == (list(range(1, 8)), [1])


def test_without_context(repo: Repo) -> None:
    repo.commit({"a": LINES})
    repo.commit({"a": LINES.replace("line 5\n", "").replace("line 9\n", "line 9\nnew\n")})
    file = only(diff(repo, "-U0"))
    assert commentable(file) == ([5], [9])
    assert [file.head_line(line) for line in (4, 5, 6, 9, 10)] == [4, None, 5, 8, 10]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param(LINES.replace("line 10\n", ""), "line 11", id="the line below"),
        pytest.param(LINES.replace("line 10\n", "other\n"), "line 11", id="below what took its place"),
        pytest.param(LINES.replace("line 10\n", "# line 10\n"), "# line 10", id="edited in place"),
        pytest.param(LINES.replace("line 10\n", "line 10 a\nline 10 b\n"), "line 10 a", id="edited, and one more"),
        pytest.param(LINES, "line 10", id="still there"),
        pytest.param(LINES.partition("line 10\n")[0], "line 9", id="last above"),
        pytest.param("all\nnew\n", "all", id="nothing survives"),
    ],
)
def test_where_a_removed_line_is_spoken_of(after: str, expected: str) -> None:
    file = FileDiff("a", "a", hunks_between(LINES, after))
    line = file.surviving_line(10)
    assert line is not None
    assert after.splitlines()[line - 1] == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("From: someone\n", "The text is no git diff: it does not start with 'diff --git'."),
        ("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n-a\n", "its lines do not match its header"),
        ("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n+c\n", "a line belongs to none"),
        ("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ nonsense @@\n-a\n", "a line belongs to none"),
        ("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n@@ -1,x +9 @@\n", "a line belongs to none"),
    ],
)
def test_damaged_input_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(DiffError) as caught:
        parse_diff(text)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_huge_diff_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rules.sources.diff.MAX_DIFF_CHARS", 1024 * 1024)
    with pytest.raises(DiffError, match="larger than 1 MiB"):
        parse_diff("diff --git a/x b/x\n" + "x" * 1024 * 1024)


def hunks_between(before: str, after: str, context: int = 3) -> tuple[Hunk, ...]:
    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), n=context)
    return parse_hunks("".join(list(lines)[2:]))


@given(
    before=st.lists(st.sampled_from(["a", "b", "-- c", "++ d", ""]), max_size=30),
    after=st.lists(st.sampled_from(["a", "b", "-- c", "++ d", ""]), max_size=30),
    context=st.integers(0, 4),
)
def test_line_maps(before: list[str], after: list[str], context: int) -> None:
    file = FileDiff(
        "a", "a", hunks_between("".join(f"{x}\n" for x in before), "".join(f"{x}\n" for x in after), context)
    )
    for number, line in enumerate(before, 1):
        head = file.head_line(number)
        if head is not None:
            assert after[head - 1] == line
            assert file.base_line(head) == number
        if file.hunk_at("LEFT", number) is not None:
            survivor = file.surviving_line(number)
            assert survivor is None or survivor in file.commentable("RIGHT")
    removed = {number for number in range(1, len(before) + 1) if file.head_line(number) is None}
    added = {number for number in range(1, len(after) + 1) if file.base_line(number) is None}
    assert removed == {line for hunk in file.hunks for line in hunk.removed} <= file.commentable("LEFT")
    assert added == {line for hunk in file.hunks for line in hunk.added} <= file.commentable("RIGHT")
    assert len(before) - len(removed) == len(after) - len(added)


@pytest.mark.parametrize(
    ("hunk", "line", "expected"),
    [
        ("@@ -1,4 +1,4 @@\n a\n-b\n-c\n+d\n+e\n f\n", 3, {3}),
        ("@@ -1,3 +1,4 @@\n a\n-b\n+d\n+e\n f\n", 2, {2, 3}),
        ("@@ -1,5 +1,5 @@\n-a\n+x\n b\n c\n-d\n+y\n e\n", 4, {4}),
        ("@@ -1,2 +1,1 @@\n a\n-b\n", 2, set()),
        ("@@ -3 +2,0 @@\n-c\n", 3, set()),
        ("@@ -1,2 +1,3 @@\n a\n+x\n b\n", 2, set()),
        ("@@ -1,2 +1,3 @@\n a\n+x\n b\n", 9, set()),
    ],
)
def test_what_came_in_the_place_of_a_line(hunk: str, line: int, expected: set[int]) -> None:
    assert FileDiff("f", "f", parse_hunks(hunk)).replacing(line) == expected


@pytest.mark.parametrize(
    ("hunk", "expected"),
    [
        ("@@ -1,2 +1,3 @@\n-own 1 a\n-own me b\n+own me a\n+date\n+own 2 b\n", {1: {1}, 2: {3}}),
        ("@@ -1,2 +1,3 @@\n-own 1 a\n-date\n+pwd\n+own 2 a\n+id\n", {1: {2}, 2: {1, 3}}),
    ],
)
def test_a_line_that_was_edited_is_found_among_those_that_came(hunk: str, expected: dict[int, set[int]]) -> None:
    file = FileDiff("f", "f", parse_hunks(hunk))
    assert {line: file.replacing(line) for line in expected} == expected
