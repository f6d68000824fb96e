"""Revisions of a local git repository: commits, trees and diffs, read through the git command line.

Nothing is checked out and nothing that a repository configures is run: no hook, filter, file-system monitor, external
diff or transport. Needs git 2.31 or newer.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

from rules.sources.diff import MAX_DIFF_CHARS
from rules.sources.tree import MAX_BLOB_BYTES, Entry, Unreadable

MAX_OUTPUT_BYTES = 64 * 1024 * 1024
"""Most that one git command may say (a listing of some 500,000 paths)."""

MAX_KEPT_BYTES = 16 * 1024 * 1024
"""Contents of blobs that are kept: most files are read again and again, at the base and at the head."""

MAX_UNTRACKED_BYTES = 256 * 1024 * 1024
"""Untracked, not ignored files of a work tree are read as part of it up to this size in all."""

_KEPT_ENVIRONMENT = ("PATH", "HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CEILING_DIRECTORIES", "TMPDIR")

_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
}

_SETTINGS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "core.safecrlf": "false",
    "core.splitIndex": "false",
    "diff.ignoreSubmodules": "all",
    "diff.suppressBlankEmpty": "false",
}

_KINDS: Mapping[str, Literal["file", "symlink", "submodule"]] = {"120000": "symlink", "160000": "submodule"}


_REMOTE = re.compile(
    # https://user@host:port/owner/name.git, the same with ssh, or user@host:owner/name.git
    r"(?:(?:https?|ssh)://(?:[^@/]*@)?(?P<host>[\w.-]+)(?::\d+)?/|(?:[\w.-]+@)?(?P<short>[\w.-]+):)"
    r"(?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?"
)


class GitError(Exception):
    """A repository or revision that cannot be read; the message is one clear sentence."""


class Repository:
    """An open repository, bare or with a work tree. A context manager: closing it ends its helper process."""

    def __init__(self, folder: Path) -> None:
        """Find the repository that `folder` is in.

        Raises:
            GitError: there is none, or git is missing or refuses to read it.
        """
        if not folder.is_dir():
            raise GitError(f"{folder} is not a folder.")
        self._folder = folder
        self._resources = ExitStack()
        self._environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ} | _ENVIRONMENT
        self._settings = dict(_SETTINGS)
        self._trees: dict[str, GitTree] = {}
        found = self._try("rev-parse", "--is-inside-work-tree", "--show-toplevel")
        inside, _, top = found.output.decode("utf-8", "surrogateescape").removesuffix("\n").partition("\n")
        self.bare = inside != "true"
        self._folder = Path(self._line("rev-parse", "--absolute-git-dir") if self.bare else top)
        self.blobs = self._resources.enter_context(BlobReader(lambda: self._start("cat-file", "--batch")))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    def commit(self, rev: str) -> str:
        """The full id of the commit that `rev` names: a branch, tag, full ref name, full or short id."""
        # No ref starts with a dash: git reads one as an option.
        found = self.blobs.find(f"{rev}^{{commit}}") if rev and not rev.startswith("-") else None
        if found == "ambiguous":
            raise GitError(f"The revision '{rev}' is ambiguous: several commits start with it.")
        if found is not None:
            return found
        raise GitError(f"The revision '{rev}' does not name a commit of this repository{self._unshallow()}.")

    def default_branch(self) -> str:
        """The branch that a pull request would be merged into, as a full ref name."""
        if self.bare:
            candidates = [self._try("symbolic-ref", "HEAD").text]
        else:
            configured = self._try("config", "--get", "init.defaultBranch").text
            names = [name for name in (configured, "main", "master") if name]
            refs = [f"refs/{kind}/{name}" for name in names for kind in ("heads", "remotes/origin")]
            candidates = [self._try("symbolic-ref", "refs/remotes/origin/HEAD").text, *refs]
        for ref in candidates:
            if ref and self.blobs.find(f"{ref}^{{commit}}") is not None:
                return ref
        if not self._try("for-each-ref", "--count=1").text:
            raise GitError("The repository has no commit yet.")
        raise GitError("The default branch of this repository is not known; say with --base what to compare with.")

    def versions(self, rev: str, path: str, limit: int) -> Iterator[tuple[str, str]]:
        """The commits up to `rev` that changed a file, newest first, at most `limit`, each with the text it left."""
        listed = self._output("log", f"--max-count={limit}", "--format=%H", rev, "--", path).decode()
        for commit in listed.split():
            done = self._try("cat-file", "blob", f"{commit}:{path}")
            if not done.status:
                yield commit, done.output.decode("utf-8", "replace")

    def merge_base(self, base: str, head: str) -> str:
        """The commit where `head` left `base` (both commit ids): what GitHub compares a pull request with."""
        done = self._try("merge-base", base, head)
        if done.status:
            raise GitError(f"The two revisions have no common history{self._unshallow()}.")
        return done.text.split("\n")[0]

    def diff(self, base: str, head: str) -> str:
        """The diff between two commits or trees, in git's format, with renames found and three lines of context."""
        # The plumbing command: it heeds none of the user's settings for how a diff looks.
        options = ("-p", "-r", "-M", "-U3", "--no-ext-diff", "--no-textconv")
        done = self._try("diff-tree", *options, base, head, limit=MAX_DIFF_CHARS)
        if done.status:
            raise GitError(self._sentence(done.error))
        return done.output.decode("utf-8", "surrogateescape")

    def tree(self, rev: str) -> GitTree:
        """The files of a commit or tree, by its id."""
        if rev not in self._trees:
            listing = self._output("ls-tree", "-r", "-z", "--full-tree", rev).decode("utf-8", "surrogateescape")
            self._trees[rev] = GitTree(rev, dict(_entries(listing)), self.blobs)
        return self._trees[rev]

    @property
    def folder(self) -> Path:
        """The top of the work tree; the repository itself if it is bare."""
        return self._folder

    @cached_property
    def work_tree(self) -> str:
        """The work tree as it is on disk (tracked, and untracked but not ignored), as the id of a tree.

        The tree is what a commit of everything would hold; repositories inside the work tree are passed over. Its new
        objects live outside the repository, and as long as this object is open.
        """
        if self.bare:
            raise GitError("The repository has no work tree; say with --head what to check.")
        untracked = self._untracked()
        scratch = Path(self._resources.enter_context(tempfile.TemporaryDirectory(prefix="wrc-")))
        objects, index = (
            self._line("rev-parse", "--path-format=absolute", "--git-path", name) for name in ("objects", "index")
        )
        # Git's own index spares reading the files that have not changed; a new repository has none. Its time tells git
        # which files changed too soon after it was written for their size and time to show.
        if Path(index).exists():
            shutil.copy2(index, scratch / "index")
        quoted = objects.replace("\\", "\\\\").replace('"', '\\"')
        self._environment |= {
            "GIT_INDEX_FILE": str(scratch / "index"),
            "GIT_OBJECT_DIRECTORY": str(scratch),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{quoted}"',
        }
        self._settings |= self._without_filters()
        # A reader that runs already would not find the new objects.
        self.blobs.close()
        self._output("add", "--update")
        self._output("update-index", "--add", "-z", "--stdin", stdin=b"\0".join(untracked))
        return self._line("write-tree")

    def web_url(self) -> str | None:
        """The web page of the repository (``https://host/owner/name``), as far as its remote `origin` tells."""
        remote = self._try("config", "--get", "remote.origin.url").text
        found = _REMOTE.fullmatch(remote)
        return f"https://{found['host'] or found['short']}/{found['name']}" if found else None

    def _start(self, *args: str, stderr: int | IO[bytes] = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Start git on this repository with nothing inherited that could change what it does."""
        count = {"GIT_CONFIG_COUNT": str(len(self._settings))}
        keys = {f"GIT_CONFIG_KEY_{number}": key for number, key in enumerate(self._settings)}
        values = {f"GIT_CONFIG_VALUE_{number}": value for number, value in enumerate(self._settings.values())}
        try:
            return subprocess.Popen(  # noqa: S603  (no shell; revisions never start with a dash)
                ["git", "-C", str(self._folder), *args],  # noqa: S607  (the user's own git)
                env=self._environment | count | keys | values,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        except FileNotFoundError as error:
            raise GitError("git is not installed, or not on the PATH.") from error

    def _try(self, *args: str, stdin: bytes = b"", limit: int = MAX_OUTPUT_BYTES) -> Done:
        with tempfile.TemporaryFile() as errors, self._start(*args, stderr=errors) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            with suppress(BrokenPipeError), process.stdin as pipe:
                pipe.write(stdin)
            output = process.stdout.read(limit + 1)
            if len(output) > limit:
                process.kill()
                raise GitError(f"The answer of 'git {args[0]}' is larger than {limit // 1024 // 1024} MiB.")
            process.wait()
            errors.seek(0)
            return Done(process.returncode, output, errors.read(4096).decode("utf-8", "replace"))

    def _output(self, *args: str, stdin: bytes = b"") -> bytes:
        done = self._try(*args, stdin=stdin)
        if done.status:
            raise GitError(self._sentence(done.error))
        return done.output

    def _line(self, *args: str) -> str:
        return self._output(*args).decode("utf-8", "surrogateescape").removesuffix("\n")

    def _sentence(self, error: str) -> str:
        if "not a git repository" in error:
            return f"{self._folder} is not in a git repository."
        if "dubious ownership" in error:
            return (
                f"git refuses to read {self._folder}, which another user owns; if you trust it, run "
                f"'git config --global --add safe.directory {self._folder.absolute()}'."
            )
        first = next((line for line in error.splitlines() if line.startswith(("fatal:", "error:"))), error.strip())
        return f"git says: {first.partition(': ')[2] or first or 'nothing'}."

    def _unshallow(self) -> str:
        shallow = self._try("rev-parse", "--is-shallow-repository").text == "true"
        return ", which is a shallow clone; run 'git fetch --unshallow' first" if shallow else ""

    def _untracked(self) -> list[bytes]:
        """Paths of untracked files that are not ignored, without the folders that are repositories themselves."""
        listing = self._output("ls-files", "-z", "--others", "--exclude-standard").split(b"\0")
        names = [name for name in listing if name and not name.endswith(b"/")]
        if sum((self._folder / os.fsdecode(name)).lstat().st_size for name in names) > MAX_UNTRACKED_BYTES:
            size = MAX_UNTRACKED_BYTES // 1024 // 1024
            raise GitError(f"The work tree has over {size} MiB of untracked files; ignore them, or give --head.")
        return names

    def _without_filters(self) -> dict[str, str]:
        """Settings that turn off every filter (a command that converts files) which the configuration knows."""
        names = self._try("config", "--null", "--name-only", "--get-regexp", r"^filter\.").output
        filters = {os.fsdecode(name).rpartition(".")[0] for name in names.split(b"\0") if name}
        off = {"clean": "", "smudge": "", "process": "", "required": "false"}
        return {f"{name}.{key}": value for name in sorted(filters) for key, value in off.items()}


@dataclass(frozen=True, slots=True)
class Done:
    """How a git command ended."""

    status: int
    output: bytes
    error: str

    @property
    def text(self) -> str:
        return self.output.decode("utf-8", "surrogateescape").strip() if not self.status else ""


@dataclass(frozen=True, slots=True)
class GitTree:
    """One revision as a `rules.sources.tree.Tree`; readable as long as its repository is open."""

    id: str
    entries: Mapping[str, Entry]
    blobs: BlobReader

    def read(self, path: str) -> bytes:
        entry = self.entries.get(path)
        if entry is None:
            raise Unreadable("does not exist")
        if entry.kind == "submodule":
            raise Unreadable("is a submodule")
        return self.blobs.read(entry.id)


class BlobReader:
    """Contents of git objects, from one long-lived ``git cat-file --batch``. For one thread."""

    def __init__(self, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        self._start = start
        self._kept: dict[str, bytes] = {}
        self._room = MAX_KEPT_BYTES

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @cached_property
    def _process(self) -> subprocess.Popen[bytes]:
        return self._start()

    def find(self, name: str) -> str | None:
        """The id of the object that `name` names in git's syntax; ``"ambiguous"`` if there are several."""
        if "\n" in name or "\0" in name:
            return None
        match self._ask(name):
            case [found, _, size] if size.isdigit():
                self._take(int(size))
                return found.decode()
            case [*_, b"ambiguous"]:
                return "ambiguous"
        return None

    def read(self, blob: str) -> bytes:
        """The bytes of the blob with this id.

        Raises:
            Unreadable: it is missing (a partial clone) or larger than `MAX_BLOB_BYTES`.
        """
        if blob in self._kept:
            return self._kept[blob]
        found = self._fetch(blob)
        if len(found) <= self._room:
            self._room -= len(found)
            self._kept[blob] = found
        return found

    def _fetch(self, blob: str) -> bytes:
        match self._ask(blob):
            case [_, b"blob", size] if int(size) <= MAX_BLOB_BYTES:
                return self._take(int(size))
            case [_, b"blob", _]:
                # The rest of the answer is not worth reading.
                self.close()
                raise Unreadable(f"is larger than {MAX_BLOB_BYTES // 1024 // 1024} MiB")
            case _:
                raise Unreadable("is missing from the local copy of the repository")

    def _ask(self, name: str) -> list[bytes]:
        """The header of the answer: id, type and size, or what was asked and why there is none."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(name.encode("utf-8", "surrogateescape") + b"\n")
        stdin.flush()
        return stdout.readline().split()

    def _take(self, size: int) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.read(size + 1)[:-1]

    def close(self) -> None:
        """End the process; the next read starts a new one."""
        process: subprocess.Popen[bytes] | None = self.__dict__.pop("_process", None)
        if process is not None:
            process.kill()
            process.communicate()


def _entries(listing: str) -> Iterator[tuple[str, Entry]]:
    """Lines of ``git ls-tree -r -z``: mode, type, id and, after a tab, the path."""
    for line in listing.split("\0"):
        if line:
            meta, _, path = line.partition("\t")
            mode, _, blob = meta.split(" ")
            yield path, Entry(_KINDS.get(mode, "file"), blob, executable=mode == "100755")
