"""Reading real repositories: trees, diffs and revisions, also where a repository is odd or hostile."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.git import GitError, Repository
from rules.sources.diff import parse_diff
from rules.sources.tree import Unreadable, read_text, resolve
from tests.gitrepo import Repo


@pytest.fixture
def opened(repo: Repo) -> Iterator[Repository]:
    with Repository(repo.path) as repository:
        yield repository


def clone(repo: Repo, target: Path, *options: str) -> Path:
    repo.git("clone", "--quiet", *options, f"file://{repo.path}", str(target))
    return target


def test_tree_of_a_commit(repo: Repo, opened: Repository) -> None:
    (repo.path / "link").symlink_to("folder/a.tf")
    (repo.path / "out").symlink_to("../../etc/passwd")
    repo.write({"run.sh": "true\n"})
    (repo.path / "run.sh").chmod(0o755)
    first = repo.commit({"folder/a.tf": "one\r\n", "café.bin": b"\xff\0", "empty": ""})
    repo.commit({"folder/a.tf": "two\n"})
    tree = opened.tree(first)
    assert set(tree.entries) == {"link", "out", "run.sh", "folder/a.tf", "café.bin", "empty"}
    assert [tree.read(path) for path in ("folder/a.tf", "café.bin", "empty", "link")] == [
        b"one\r\n",
        b"\xff\0",
        b"",
        b"folder/a.tf",
    ]
    assert tree.entries["run.sh"].executable
    assert not tree.entries["empty"].executable
    assert tree.entries["link"].kind == "symlink"
    assert read_text(tree, "link") == "one\r\n"
    assert resolve(tree, "out") is None
    with pytest.raises(Unreadable, match="does not exist"):
        tree.read("folder")


def test_equal_files_have_equal_ids(repo: Repo, opened: Repository) -> None:
    first = repo.commit({"a": "same\n", "b": "one\n"})
    repo.commit({"a": "same\n", "b": "two\n"})
    repo.write({"b": "three\n"})
    base, head = opened.tree(first), opened.tree(opened.work_tree)
    assert base.entries["a"] == head.entries["a"]
    assert base.entries["b"] != head.entries["b"]


def test_large_file_is_refused_and_the_next_one_still_read(repo: Repo, opened: Repository) -> None:
    tree = opened.tree(repo.commit({"big": b"x" * (17 * 1024 * 1024), "small": "one\n"}))
    for _ in range(2):
        with pytest.raises(Unreadable, match="is larger than 16 MiB"):
            tree.read("big")
        assert tree.read("small") == b"one\n"


def test_submodule_is_not_read(repo: Repo, opened: Repository, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other")
    other.commit({"a": "one\n"})
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.path), "module")
    tree = opened.tree(repo.commit())
    assert tree.entries["module"].kind == "submodule"
    with pytest.raises(Unreadable, match="is a submodule"):
        tree.read("module")


@pytest.mark.parametrize("rev", ["main", "refs/heads/main", "refs/pull/44/head", "light", "annotated", "HEAD", "SHORT"])
def test_ways_to_name_a_commit(repo: Repo, opened: Repository, rev: str) -> None:
    commit = repo.commit({"a": "one\n"})
    repo.git("update-ref", "refs/pull/44/head", commit)
    repo.git("tag", "light")
    repo.git("tag", "--annotate", "--message=release", "annotated")
    assert opened.commit(commit[:8] if rev == "SHORT" else rev) == commit


@pytest.mark.parametrize("rev", ["nowhere", "", "-h", "--all", "main\0", "main:a", "0" * 40, "blob", "main\nmain"])
def test_what_names_no_commit(repo: Repo, opened: Repository, rev: str) -> None:
    repo.commit({"a": "one\n"})
    repo.git("tag", "blob", repo.git("rev-parse", "HEAD:a"))
    with pytest.raises(GitError, match=r"does not name a commit of this repository\.$"):
        opened.commit(rev)


def test_bare_repository(repo: Repo, tmp_path: Path) -> None:
    repo.git("checkout", "--quiet", "-b", "trunk")
    commit = repo.commit({"a": "one\n"})
    with Repository(clone(repo, tmp_path / "bare.git", "--bare")) as bare:
        assert bare.default_branch() == "refs/heads/trunk"
        assert bare.tree(bare.commit("trunk")).read("a") == b"one\n"
        assert bare.commit("trunk") == commit
        with pytest.raises(GitError, match="has no work tree; say with --head"):
            _ = bare.work_tree


def test_repository_is_found_from_a_folder_inside(repo: Repo) -> None:
    commit = repo.commit({"deep/down/a": "one\n", "b": "two\n"})
    repo.write({"new": "three\n"})
    with Repository(repo.path / "deep" / "down") as opened:
        assert set(opened.tree(commit).entries) == {"deep/down/a", "b"}
        assert set(opened.tree(opened.work_tree).entries) == {"deep/down/a", "b", "new"}


def test_sha256_repository(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo", "--object-format=sha256")
    commit = repo.commit({"a": "one\n"})
    repo.write({"a": "two\n"})
    with Repository(repo.path) as opened:
        assert len(commit) == 64
        tree = opened.tree(opened.work_tree)
        assert tree.read("a") == b"two\n"
        assert len(tree.entries["a"].id) == 64


def test_work_tree_is_read_as_it_is(repo: Repo, opened: Repository) -> None:
    base = repo.commit(
        {"kept": "1\n", "changed": "1\n", "deleted": "x\ny\n", "moved": "a\nb\nc\n", ".gitignore": "*.log\n"}
    )
    (repo.path / "deleted").unlink()
    (repo.path / "moved").rename(repo.path / "folder")
    (repo.path / "out").symlink_to("/etc")
    repo.write({"changed": "2\n", "staged": "1\n", "debug.log": "noise\n"})
    repo.git("add", "staged")
    repo.write({"staged": "2\n", "untracked café": "1\n"})
    status = repo.git("status", "--porcelain")
    objects = repo.git("count-objects")
    tree = opened.tree(opened.work_tree)
    assert set(tree.entries) == {"kept", "changed", "folder", ".gitignore", "staged", "untracked café", "out"}
    assert tree.read("changed") == tree.read("staged") == b"2\n"
    assert (tree.entries["out"].kind, tree.read("out")) == ("symlink", b"/etc")
    # The repository itself is as before: nothing staged, no object written.
    assert (repo.git("status", "--porcelain"), repo.git("count-objects")) == (status, objects)
    files = parse_diff(opened.diff(base, opened.work_tree)).files
    assert {(file.old_path, file.new_path) for file in files} == {
        ("changed", "changed"),
        ("deleted", None),
        ("moved", "folder"),
        (None, "out"),
        (None, "staged"),
        (None, "untracked café"),
    }


def test_work_tree_of_a_repository_without_a_commit(repo: Repo, opened: Repository) -> None:
    repo.write({"a": "one\n"})
    assert set(opened.tree(opened.work_tree).entries) == {"a"}


def test_repositories_inside_the_work_tree_are_passed_over(repo: Repo, opened: Repository) -> None:
    Repo(repo.path / "inner").commit({"a": "one\n"})
    Repo(repo.path / "unborn").write({"a": "one\n"})
    repo.write({"b": "two\n"})
    tree = opened.tree(opened.work_tree)
    assert set(tree.entries) == {"b"}


def test_refuses_a_flood_of_untracked_files(repo: Repo, opened: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.git.MAX_UNTRACKED_BYTES", 1024 * 1024)
    repo.write({"video": b"x" * (1024 * 1024 + 1)})
    with pytest.raises(GitError, match="over 1 MiB of untracked files; ignore them, or give --head"):
        _ = opened.work_tree


def test_nothing_that_a_repository_configures_is_run(repo: Repo, tmp_path: Path) -> None:
    """A hook, a monitor, a filter, an external diff and a text conversion each leave a mark when they run."""
    base = repo.commit({"a.tf": "one\n", ".gitattributes": "*.tf filter=evil=1 diff=evil\n"})
    mark = tmp_path / "mark"
    script = tmp_path / "evil"
    script.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    script.chmod(0o755)
    hooks = repo.path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    shutil.copy(script, hooks / "post-index-change")
    for key in (
        "core.fsmonitor",
        "filter.evil=1.clean",
        "filter.evil=1.process",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "core.pager",
        "core.sshCommand",
    ):
        repo.git("config", key, str(script))
    repo.git("config", "filter.evil=1.required", "true")
    mark.unlink(missing_ok=True)
    repo.write({"a.tf": "two\n"})
    with Repository(repo.path) as opened:
        snapshot = opened.work_tree
        assert opened.tree(snapshot).read("a.tf") == b"two\n"
        assert "+two" in opened.diff(base, snapshot)
        assert not mark.exists()


def test_a_change_in_the_second_of_the_last_commit_is_seen(repo: Repo) -> None:
    """Its size and time are those that the index has; only the index's own time tells that they say nothing."""
    file, index = repo.path / "a.tf", repo.path / ".git" / "index"
    repo.git("config", "core.trustCtime", "false")
    repo.write({"a.tf": "one\n"})
    os.utime(file, (1_700_000_000, 1_700_000_000))
    repo.commit({})
    repo.write({"a.tf": "two\n"})
    for path in (file, index):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    with Repository(repo.path) as opened:
        assert opened.tree(opened.work_tree).read("a.tf") == b"two\n"


def test_settings_of_the_user_do_not_change_the_diff(repo: Repo, opened: Repository) -> None:
    first = repo.commit({"dir/a": "".join(f"{n}\n" for n in range(40)), "dir/b": "x\n"})
    (repo.path / "dir/b").rename(repo.path / "dir/c")
    second = repo.commit({"dir/a": "".join(f"{n}\n" for n in range(1, 39))})
    before = opened.diff(first, second)
    for key, value in {
        "diff.noprefix": "true",
        "diff.mnemonicPrefix": "true",
        "diff.context": "0",
        "diff.interHunkContext": "99",
        "diff.renames": "false",
        "diff.relative": "true",
        "color.ui": "always",
        "core.quotePath": "true",
    }.items():
        repo.git("config", key, value)
    assert opened.diff(first, second) == before
    assert [file.new_path for file in parse_diff(before).files] == ["dir/a", "dir/c"]


def test_environment_of_a_hook_does_not_lead_elsewhere(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repo(tmp_path / "other")
    other.commit({"other": "1\n"})
    commit = repo.commit({"a": "1\n"})
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git" / "index"))
    with Repository(repo.path) as opened:
        assert opened.commit("HEAD") == commit
        assert set(opened.tree(opened.work_tree).entries) == {"a"}


def test_merge_base(repo: Repo, opened: Repository) -> None:
    fork = repo.commit({"a": "1\n"})
    main = repo.commit({"b": "1\n"})
    repo.git("checkout", "--quiet", "-b", "topic", fork)
    topic = repo.commit({"c": "1\n"})
    assert opened.merge_base(main, topic) == fork
    repo.git("checkout", "--quiet", "--orphan", "island")
    island = repo.commit({"d": "1\n"})
    with pytest.raises(GitError, match=r"^The two revisions have no common history\.$"):
        opened.merge_base(main, island)


def test_shallow_clone_says_what_to_do(repo: Repo, tmp_path: Path) -> None:
    first = repo.commit({"a": "1\n"})
    repo.git("branch", "topic")
    repo.commit({"a": "2\n"})
    repo.git("checkout", "--quiet", "topic")
    repo.commit({"b": "2\n"})
    with Repository(clone(repo, tmp_path / "shallow", "--depth=1", "--no-single-branch")) as shallow:
        with pytest.raises(GitError, match="git fetch --unshallow"):
            shallow.commit(first)
        with pytest.raises(GitError, match="git fetch --unshallow"):
            shallow.merge_base(shallow.commit("origin/main"), shallow.commit("origin/topic"))


def test_default_branch(repo: Repo, opened: Repository, tmp_path: Path) -> None:
    with pytest.raises(GitError, match=r"^The repository has no commit yet\.$"):
        opened.default_branch()
    repo.commit({"a": "1\n"})
    repo.git("branch", "trunk")
    repo.git("branch", "-m", "main", "master")
    assert opened.default_branch() == "refs/heads/master"
    repo.git("config", "init.defaultBranch", "trunk")
    assert opened.default_branch() == "refs/heads/trunk"
    with Repository(clone(repo, tmp_path / "clone")) as cloned:
        assert cloned.default_branch() == "refs/remotes/origin/master"
    repo.git("branch", "-D", "trunk")
    repo.git("branch", "-m", "master", "other")
    with pytest.raises(GitError, match="say with --base"):
        opened.default_branch()


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("https://github.com/ddev/coder-ddev.git", "https://github.com/ddev/coder-ddev"),
        ("https://user:secret@github.example.com/a/b.c", "https://github.example.com/a/b.c"),
        ("git@github.com:ddev/coder-ddev.git", "https://github.com/ddev/coder-ddev"),
        ("ssh://git@github.com:22/ddev/coder-ddev", "https://github.com/ddev/coder-ddev"),
        ("../elsewhere/repo", None),
        ("file:///srv/git/repo.git", None),
        ("https://gitlab.example.com/group/sub/name", None),
        ("https://[bad", None),
        ("", None),
    ],
)
def test_web_url(repo: Repo, opened: Repository, remote: str, url: str | None) -> None:
    repo.git("config", "remote.origin.url", remote)
    assert opened.web_url() == url


def test_folder_without_a_repository(tmp_path: Path) -> None:
    with pytest.raises(GitError, match=r"^.*/here is not in a git repository\.$"):
        Repository(_folder(tmp_path / "here"))
    with pytest.raises(GitError, match="is not a folder"):
        Repository(tmp_path / "nowhere")


def test_git_is_missing(repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match=r"^git is not installed"):
        Repository(repo.path)


def test_blob_missing_from_a_partial_clone(repo: Repo, tmp_path: Path) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.commit({"a": "one\n"})
    target = clone(repo, tmp_path / "partial", "--filter=blob:none", "--no-checkout")
    with Repository(target) as partial:
        tree = partial.tree(partial.commit("HEAD"))
        with pytest.raises(Unreadable, match="is missing from the local copy"):
            tree.read("a")


def test_content_is_byte_for_byte(repo: Repo, opened: Repository) -> None:
    content = bytes(range(256)) * 3000
    tree = opened.tree(repo.commit({"a": content}))
    assert hashlib.sha256(tree.read("a")).digest() == hashlib.sha256(content).digest()


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
