"""Pull requests: their two ends, and what they change as `rules` wants it."""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from githubkit.utils import UNSET

from bot.github.answers import ChangedFile, Commit, Comparison, PullRequest, Ref, Tip, parse
from bot.github.client import Repository
from bot.github.errors import GitHubError, TooLargeError, asking
from rules.sources.diff import Diff, FileDiff, Hunk, parse_hunks
from rules.sources.tree import Tree, Unreadable, read_text

MAX_COMPARED_FILES = 300
"""https://docs.github.com/en/rest/commits/commits#compare-two-commits"""

MAX_LISTED_FILES = 3000
"""https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files"""

MAX_DIFFED_LINES = 20_000
"""A longer file without a patch counts as changed throughout: comparing it line by line would take too long."""

PER_PAGE = 100
MAX_OPEN_PULL_PAGES = 10

CONTEXT_LINES = 3

NOT_MODIFIED = 304
_COMMIT_ID = re.compile(r"[0-9a-f]{40,64}")


@dataclass(frozen=True)
class Changes:
    """What GitHub says a pull request changes, before any blob is read. `tip` is the base branch's last commit."""

    merge_base: str
    tip: str
    files: tuple[ChangedFile, ...]

    @property
    def paths(self) -> Iterator[str]:
        """Every path on either side; a renamed file has two."""
        for file in self.files:
            yield from {file.filename, file.previous_filename or file.filename}


def get_pull(repository: Repository, number: int) -> PullRequest:
    """
    Raises:
        GitHubError: GitHub refuses or fails; 404 also where the repository's name is another one's by now.
    """
    with asking(f"show pull request #{number}"):
        pull = parse(PullRequest, repository.client.rest.pulls.get(repository.owner, repository.name, number))
    if repository.id and pull.base.repo is not None and pull.base.repo.id != repository.id:
        raise GitHubError(f"{repository.owner}/{repository.name} is another repository by now.", status=404)
    return pull


def branch_tip(repository: Repository, branch: str) -> str:
    """The id of a branch's last commit."""
    with asking(f"show the branch {branch}"):
        return parse(Tip, repository.client.rest.repos.get_branch(repository.owner, repository.name, branch)).commit.sha


def commit_of(repository: Repository, ref: str, known: str = "") -> str:
    """The id of the commit that a branch, a tag, a full ref name or a commit id names now.

    If that is still `known`, the answer does not count against the rate limit.

    https://docs.github.com/en/rest/commits/commits#get-a-commit: full names come without ``refs/``, and the id is the
    ETag of the answer that has nothing but it.
    """
    headers = {"Accept": "application/vnd.github.sha"} | ({"If-None-Match": f'"{known}"'} if known else {})
    with asking(f"find {ref}"):
        response = repository.client.rest.repos.get_commit(
            repository.owner, repository.name, ref.removeprefix("refs/"), headers=headers
        )
    if response.status_code == NOT_MODIFIED:
        return known
    if not _COMMIT_ID.fullmatch(response.text):
        raise GitHubError(f"GitHub's answer when asked to find {ref} is no commit.", status=None)
    return response.text


def open_pulls(repository: Repository, base: str | None = None) -> Iterator[PullRequest]:
    """The open pull requests, onto branch `base` or all; the newest 1,000 are looked at."""
    for page in range(1, MAX_OPEN_PULL_PAGES + 1):
        with asking("list the open pull requests"):
            response = repository.client.rest.pulls.list(
                repository.owner, repository.name, state="open", per_page=PER_PAGE, page=page, base=base or UNSET
            )
            pulls = parse(list[PullRequest], response)
        yield from pulls
        if len(pulls) < PER_PAGE:
            break


def recent_pulls(repository: Repository, count: int) -> list[PullRequest]:
    """The pull requests in which something happened last, open or closed; at most 100."""
    with asking("list the pull requests"):
        response = repository.client.rest.pulls.list(
            repository.owner, repository.name, state="all", sort="updated", direction="desc", per_page=count
        )
        return parse(list[PullRequest], response)


def commits_of(repository: Repository, number: int) -> list[str]:
    """The ids of the first 100 commits of a pull request, oldest first."""
    with asking(f"list the commits of #{number}"):
        response = repository.client.rest.pulls.list_commits(
            repository.owner, repository.name, number, per_page=PER_PAGE
        )
        return [commit.sha for commit in parse(list[Commit], response)]


@dataclass(frozen=True)
class MergeGroup:
    """A group of the merge queue: its commit, and the one that it would be merged into."""

    head: str
    base: str


_GROUP = re.compile(r"refs/heads/gh-readonly-queue/.+/pr-\d+-([0-9a-f]{40,64})")


def merge_groups(repository: Repository) -> list[MergeGroup]:
    """The groups that are in the merge queue now; GitHub keeps a branch for each."""
    with asking("list the groups of the merge queue"):
        response = repository.client.rest.git.list_matching_refs(
            repository.owner, repository.name, "heads/gh-readonly-queue/"
        )
        refs = parse(list[Ref], response)
    matches = ((ref, _GROUP.fullmatch(ref.ref)) for ref in refs)
    return [MergeGroup(ref.object.sha, match[1]) for ref, match in matches if match is not None]


def compare(repository: Repository, base: str, head: str, number: int | None) -> Changes:
    """The three-dot comparison of two revisions, a branch being what it is now.

    `number` is the pull request, which knows more files than a comparison lists.

    Raises:
        TooLargeError: more than `MAX_LISTED_FILES`.
    """
    with asking(f"compare {base} with {head[:7]}"):
        # The list of commits is not needed: the files come with the first page.
        response = repository.client.rest.repos.compare_commits(
            repository.owner,
            repository.name,
            f"{quote(base, safe='/')}...{head}",
            page=1,
            per_page=1,
        )
        comparison = parse(Comparison, response)
    files = comparison.files
    if len(files) >= MAX_COMPARED_FILES:
        if number is None:
            raise TooLargeError(f"{MAX_COMPARED_FILES} files or more have changed, and GitHub lists no more than that.")
        files = _list_files(repository, number)
    return Changes(comparison.merge_base_commit.sha, comparison.base_commit.sha, tuple(files))


def _list_files(repository: Repository, number: int) -> list[ChangedFile]:
    files: list[ChangedFile] = []
    for page in range(1, MAX_LISTED_FILES // PER_PAGE + 1):
        with asking(f"list the files of #{number}"):
            response = repository.client.rest.pulls.list_files(
                repository.owner, repository.name, number, per_page=PER_PAGE, page=page
            )
            found = parse(list[ChangedFile], response)
        files += found
        if len(found) < PER_PAGE:
            return files
    raise TooLargeError(
        f"The pull request changes {MAX_LISTED_FILES:,} files or more, and GitHub lists no more than that; "
        "run `wrc check` on a clone instead."
    )


def diff(changes: Changes, base: Tree, head: Tree) -> Diff:
    """The changes as hunks: GitHub's own where it gives them, else computed from both blobs.

    Raises:
        DiffError: a patch of GitHub's is damaged.
    """
    return Diff(tuple(_file_diff(file, base, head) for file in changes.files))


def unpatched(changes: Changes) -> frozenset[str]:
    """Files whose hunks GitHub did not give: ours may differ, so no review comment may rely on them."""
    return frozenset(file.filename for file in changes.files if file.patch is None)


def _file_diff(file: ChangedFile, base: Tree, head: Tree) -> FileDiff:
    old = None if file.status == "added" else (file.previous_filename or file.filename)
    new = None if file.status == "removed" else file.filename
    copied = file.status == "copied"
    if file.patch is not None:
        return FileDiff(old, new, parse_hunks(file.patch), copied=copied)
    if old and new and _id(base, old) == _id(head, new):
        return FileDiff(old, new, (), copied=copied)
    try:
        before = read_text(base, old) if old else ""
        after = read_text(head, new) if new else ""
    except Unreadable:
        return FileDiff(old, new, (), binary=True, copied=copied)
    return FileDiff(old, new, line_hunks(before, after), copied=copied)


def _id(tree: Tree, path: str) -> str | None:
    entry = tree.entries.get(path)
    return None if entry is None else entry.id


def line_hunks(before: str, after: str) -> tuple[Hunk, ...]:
    """The hunks between two texts, with three lines of context as git has them."""
    old, new = _lines(before), _lines(after)
    if len(old) + len(new) > MAX_DIFFED_LINES:
        everything = Hunk(
            min(1, len(old)),
            len(old),
            min(1, len(new)),
            len(new),
            added=frozenset(range(1, len(new) + 1)),
            removed=frozenset(range(1, len(old) + 1)),
        )
        return (everything,)
    matcher = difflib.SequenceMatcher(None, old, new)
    return tuple(_hunk(group) for group in matcher.get_grouped_opcodes(CONTEXT_LINES))


def _lines(text: str) -> list[str]:
    """Lines as git counts them: only a newline ends one."""
    return io.StringIO(text, newline="\n").readlines()


def _hunk(group: list[tuple[str, int, int, int, int]]) -> Hunk:
    """One group of difflib's opcodes: (tag, old start, old end, new start, new end), 0-based and half open."""
    old_start, old_end = group[0][1], group[-1][2]
    new_start, new_end = group[0][3], group[-1][4]
    changed = [opcode for opcode in group if opcode[0] != "equal"]
    return Hunk(
        # The header of an empty side names the line before it.
        old_start + 1 if old_end > old_start else old_start,
        old_end - old_start,
        new_start + 1 if new_end > new_start else new_start,
        new_end - new_start,
        added=frozenset(line + 1 for _, _, _, start, end in changed for line in range(start, end)),
        removed=frozenset(line + 1 for _, start, end, _, _ in changed for line in range(start, end)),
    )
