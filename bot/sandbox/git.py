"""Bare git repositories: commits made from texts, and the diffs GitHub would show. No checkout, no user set-up."""

from __future__ import annotations

import os
import posixpath
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

Mode = Literal["100644", "100755", "120000"]
ZERO = "0" * 40

ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "file",
}
"""Nothing of the user's git set-up reaches the sandbox: no hooks, filters, templates or credentials."""

HARDENING = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.quotePath=false", "-c", "gc.auto=0")
DIFF = ("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--find-renames", "--full-index")


class GitError(Exception):
    """A git command failed; the message is what it said."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to commit, with its mode (`120000`: a symlink, whose data is its target)."""

    data: bytes
    mode: Mode = "100644"


Change = str | bytes | File | None
"""New content of a path, or None to delete it."""


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    email: str
    when: datetime


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True, slots=True)
class TreeEntry:
    path: str
    mode: str
    kind: Literal["blob", "tree", "commit"]
    sha: str
    size: int | None


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of a diff. `patch` is its hunks from the first `@@`, None where there are none (binary, pure rename)."""

    path: str
    previous: str | None
    status: str
    sha: str
    additions: int
    deletions: int
    patch: str | None
    section: str


class Bare:
    """One bare repository on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._diffs: dict[tuple[str, str], tuple[FileChange, ...]] = {}

    @classmethod
    def create(cls, path: Path, branch: str) -> Bare:
        path.mkdir(parents=True)
        bare = cls(path)
        bare.run("init", "--quiet", "--bare", "--template=", f"--initial-branch={branch}", ".")
        return bare

    @classmethod
    def clone(cls, source: Path, path: Path) -> Bare:
        """A copy of all refs of a local repository."""
        path.mkdir(parents=True)
        bare = cls(path)
        bare.run("init", "--quiet", "--bare", "--template=", ".")
        bare.run("fetch", "--quiet", str(source), "+refs/*:refs/*")
        return bare

    def run(self, *arguments: str, data: bytes = b"", variables: Mapping[str, str] | None = None) -> bytes:
        done = subprocess.run(  # noqa: S603 (no shell; revisions that come from a request follow --end-of-options)
            ["git", *HARDENING, *arguments],  # noqa: S607 (the user's own git)
            cwd=self.path,
            env={**ENVIRONMENT, "GIT_DIR": ".", **(variables or {})},
            input=data,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise GitError(done.stderr.decode("utf-8", "replace").strip() or f"git {arguments[0]} failed")
        return done.stdout

    def text(self, *arguments: str) -> str:
        return self.run(*arguments).decode("utf-8", "replace").rstrip("\n")

    def resolve(self, revision: str, kind: str = "commit") -> str | None:
        """The object id of `revision`, peeled to `kind`; None if there is none."""
        if not revision or "\0" in revision or "\n" in revision:
            return None
        try:
            name = f"{revision}^{{{kind}}}"
            return self.text("rev-parse", "--verify", "--quiet", "--end-of-options", name).split("\n")[-1]
        except GitError:
            return None

    def commit(
        self,
        branch: str,
        changes: Mapping[str, Change],
        *,
        message: str,
        author: Signature,
        parent: str | None = None,
    ) -> str:
        """Commit `changes` on top of `parent` (None: a root commit) and move `branch` there, wherever it was."""
        who = f"{author.name} <{author.email}> {int(author.when.timestamp())} +0000"
        parts = [
            f"commit refs/heads/{branch}\nauthor {who}\ncommitter {who}\n".encode(),
            _data(message.encode()),
            f"from {parent}\n".encode() if parent else b"",
            *(_file_command(path, change) for path, change in changes.items()),
        ]
        if parent is None and self.resolve(f"refs/heads/{branch}"):
            self.run("update-ref", "-d", f"refs/heads/{branch}")
        self.run("fast-import", "--quiet", "--force", "--date-format=raw", data=b"".join(parts))
        sha = self.resolve(f"refs/heads/{branch}")
        assert sha is not None
        return sha

    def set_ref(self, ref: str, sha: str) -> None:
        self.run("update-ref", ref, sha)

    def fetch(self, source: Bare, sha: str, ref: str) -> None:
        """Bring commit `sha` of another repository here, under `ref`."""
        if source.path != self.path:
            config = ("-c", "uploadpack.allowAnySHA1InWant=true")
            self.run(*config, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(source.path), sha)
        self.set_ref(ref, sha)

    def merge_base(self, one: str, other: str) -> str | None:
        try:
            return self.text("merge-base", one, other).split("\n")[0]
        except GitError:
            return None

    def merge_tree(self, base: str, head: str) -> str | None:
        """The tree of a merge of the two; None if they conflict."""
        try:
            return self.text("merge-tree", "--write-tree", base, head).split("\n")[0]
        except GitError:
            return None

    def merge(self, branch: str, head: str, *, message: str, author: Signature) -> str:
        """Merge commit `head` into `branch`.

        Raises:
            GitError: they conflict.
        """
        base = self.resolve(f"refs/heads/{branch}")
        assert base is not None
        tree = self.merge_tree(base, head)
        if tree is None:
            raise GitError(f"{head} conflicts with {branch}")
        when = f"{int(author.when.timestamp())} +0000"
        who = {
            f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in (("NAME", author.name), ("EMAIL", author.email), ("DATE", when))
        }
        done = self.run("commit-tree", tree, "-p", base, "-p", head, "-m", message, variables=who)
        sha = done.decode().strip()
        self.set_ref(f"refs/heads/{branch}", sha)
        return sha

    def shas(self, exclude: str | None, include: str) -> list[str]:
        """Commits reachable from `include` and not from `exclude`, oldest first."""
        span = [include, f"^{exclude}"] if exclude else [include]
        return self.text("rev-list", "--reverse", "--topo-order", *span).split()

    def count(self, exclude: str, include: str) -> int:
        return int(self.text("rev-list", "--count", include, f"^{exclude}"))

    def show(self, sha: str) -> Commit:
        fields = "%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B"
        values = self.text("log", "-1", "--no-show-signature", f"--format={fields}", sha).split("\0")
        sha, tree, parents, name, email, when, cname, cemail, cwhen, message = values
        return Commit(
            sha,
            tree,
            tuple(parents.split()),
            Signature(name, email, datetime.fromtimestamp(int(when)).astimezone()),
            Signature(cname, cemail, datetime.fromtimestamp(int(cwhen)).astimezone()),
            message.rstrip("\n"),
        )

    def entries(self, tree: str, *, recursive: bool = False) -> list[TreeEntry]:
        options = ("-r", "-t") if recursive else ()
        listing = self.run("ls-tree", "-z", "--long", "--full-tree", *options, tree).decode("utf-8", "replace")
        return [_tree_entry(record) for record in listing.split("\0") if record]

    def entry(self, commit: str, path: str) -> TreeEntry | None:
        """What stands at `path` in a commit; None if nothing, also for a path that leads out of the repository."""
        if path.startswith(("/", "../")) or posixpath.normpath(path) != path:
            return None
        listing = self.run("ls-tree", "-z", "--long", "--full-tree", commit, "--", f":(literal){path}")
        records = [_tree_entry(record) for record in listing.decode("utf-8", "replace").split("\0") if record]
        return next((record for record in records if record.path == path), None)

    def blob(self, sha: str) -> bytes:
        return self.run("cat-file", "blob", sha)

    def empty_tree(self) -> str:
        """What a root commit is compared with."""
        return self.run("hash-object", "-w", "-t", "tree", "--stdin").decode().strip()

    def diff(self, base: str, head: str) -> tuple[FileChange, ...]:
        """The files changed between two commits, with renames found, in path order."""
        if (base, head) not in self._diffs:
            self._diffs[base, head] = tuple(self._diff(base, head))
        return self._diffs[base, head]

    def _diff(self, base: str, head: str) -> list[FileChange]:
        raw = self.run(*DIFF, "--raw", "-z", base, head).decode("utf-8", "replace").split("\0")
        sections = [
            s.decode("utf-8", "replace") for s in re.split(rb"(?m)^(?=diff --git )", self.run(*DIFF, base, head))
        ]
        sections = [section for section in sections if section]
        changes = []
        fields = iter(raw)
        for meta in fields:
            if not meta:
                break
            _, new_mode, old_sha, new_sha, status = meta.lstrip(":").split(" ")
            path = next(fields)
            previous, path = (path, next(fields)) if status[0] in "RC" else (None, path)
            # git shows a change of type (file to link) as a deletion and a creation: two sections for one entry.
            section = "".join(sections.pop(0) for _ in range(2 if status[0] == "T" else 1))
            sha = old_sha if new_mode == "000000" else new_sha
            changes.append(_file_change(path, previous, status[0], sha, section))
        return changes

    def line_map(self, old: str, new: str, path: str) -> list[tuple[int, int, int, int]]:
        """Changed ranges of one file between commits: (old start, old length, new start, new length), no context."""
        options = ("--unified=0", "--no-renames")
        text = self.text(
            "diff", "--no-color", "--no-ext-diff", "--no-textconv", *options, old, new, "--", f":(literal){path}"
        )
        ranges = re.findall(r"(?m)^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", text)
        return [(int(a), int(b or 1), int(c), int(d or 1)) for a, b, c, d in ranges]


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _quoted(path: str) -> str:
    """A path as fast-import reads it."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _file_command(path: str, change: Change) -> bytes:
    if change is None:
        return f"D {_quoted(path)}\n".encode()
    if isinstance(change, str):
        change = change.encode()
    file = change if isinstance(change, File) else File(change)
    return f"M {file.mode} inline {_quoted(path)}\n".encode() + _data(file.data)


def _tree_entry(record: str) -> TreeEntry:
    meta, path = record.split("\t", 1)
    mode, kind, sha, size = meta.split()
    assert kind in {"blob", "tree", "commit"}
    return TreeEntry(path, mode, kind, sha, int(size) if size != "-" else None)  # type: ignore[arg-type]


STATUSES = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied", "T": "changed"}


def _file_change(path: str, previous: str | None, status: str, sha: str, section: str) -> FileChange:
    start = section.find("\n@@ ")
    patch = section[start + 1 :].removesuffix("\n") if start >= 0 else None
    body = patch.split("\n") if patch else []
    additions = sum(line.startswith("+") for line in body)
    deletions = sum(line.startswith("-") for line in body)
    return FileChange(path, previous, STATUSES[status], sha, additions, deletions, patch, section)
