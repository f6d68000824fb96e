"""Endpoints that read a repository: its data, commits, comparisons, trees, blobs and files."""

from __future__ import annotations

import base64
import posixpath
from collections.abc import Sequence

from bot.sandbox.errors import ApiError, not_found
from bot.sandbox.git import FileChange, TreeEntry
from bot.sandbox.http import Answer, Call, Endpoint
from bot.sandbox.shapes import Json, encoded
from bot.sandbox.state import Repository

MAX_COMPARED_FILES = 300
MAX_COMPARED_COMMITS = 250
MAX_DIFF_FILES = 300
MAX_DIFF_LINES = 20_000
MAX_TREE_ENTRIES = 100_000
MAX_INLINE_CONTENT = 1024 * 1024
"""The contents API sends larger files without their content (docs: get repository content)."""


def get_repository(call: Call) -> Json:
    return call.world.shapes.full_repository(call.repository)


def get_permission(call: Call) -> Json:
    """Like GitHub's: `none` for bots, `read` for anyone on a public repository, 404 for no such user."""
    repository = call.repository
    user = call.world.users.get(call.text("username").lower())
    if user is None:
        raise ApiError(404, f"{call.text('username')} is not a user")
    role = "admin" if user is repository.owner else repository.roles.get(user.login)
    if role is None and not repository.private and user.type != "Bot":
        role = "read"
    return call.world.shapes.collaborator(user, role)


def commit_at(repository: Repository, revision: str) -> str:
    """The commit of a branch, tag or commit id, as GitHub's `{ref}` means it.

    Raises:
        ApiError: 422, there is none.
    """
    for candidate in (f"refs/heads/{revision}", f"refs/tags/{revision}", f"refs/{revision}"):
        if sha := repository.git.resolve(candidate):
            return sha
    hexadecimal = 4 <= len(revision) <= 40 and all(character in "0123456789abcdef" for character in revision.lower())
    if hexadecimal and (sha := repository.git.resolve(revision)):
        return sha
    raise ApiError(422, f"No commit found for SHA: {revision}")


def diff_text(changes: Sequence[FileChange]) -> bytes:
    """The diff media type.

    Raises:
        ApiError: 406, it has more files or lines than GitHub sends.
    """
    too_large = [{"resource": "PullRequest", "field": "diff", "code": "too_large"}]
    if len(changes) > MAX_DIFF_FILES:
        message = f"Sorry, the diff exceeded the maximum number of files ({MAX_DIFF_FILES})."
        raise ApiError(406, message, too_large)
    text = "".join(change.section for change in changes)
    if text.count("\n") > MAX_DIFF_LINES:
        raise ApiError(406, f"Sorry, the diff exceeded the maximum number of lines ({MAX_DIFF_LINES})", too_large)
    return text.encode()


def diff_answer(changes: Sequence[FileChange]) -> Answer:
    return Answer(diff_text(changes), media_type="application/vnd.github.diff; charset=utf-8")


def get_commit(call: Call) -> Answer:
    repository = call.repository
    commit = repository.git.show(commit_at(repository, call.text("ref")))
    if call.accepts("sha"):
        tag = {"ETag": f'"{commit.sha}"'}
        return Answer(commit.sha.encode(), headers=tag, media_type="application/vnd.github.sha; charset=utf-8")
    empty = repository.git.empty_tree()
    changes = repository.git.diff(commit.parents[0] if commit.parents else empty, commit.sha)
    if call.accepts("diff"):
        return diff_answer(changes)
    additions, deletions = sum(c.additions for c in changes), sum(c.deletions for c in changes)
    stats = {"additions": additions, "deletions": deletions, "total": additions + deletions}
    files = call.world.shapes.files(repository, commit.sha, changes[:MAX_COMPARED_FILES])
    return Answer(call.world.shapes.commit(repository, commit) | {"stats": stats, "files": files})


def list_commits(call: Call) -> Answer:
    """The history of a revision, or of one path in it, newest first."""
    repository, path = call.repository, call.query.get("path", "")
    start = commit_at(repository, call.query.get("sha") or repository.default_branch)
    shas = repository.git.text("rev-list", start, "--", *([f":(literal){path}"] if path else [])).split()
    return call.page(shas, lambda sha: call.world.shapes.commit(repository, repository.git.show(sha)))


def get_git_commit(call: Call) -> Json:
    repository = call.repository
    sha = call.text("sha")
    if repository.git.resolve(sha) != sha:
        raise not_found()
    return call.world.shapes.git_commit(repository, repository.git.show(sha))


def get_branch(call: Call) -> Json:
    repository, name = call.repository, call.text("branch")
    sha = repository.git.resolve(f"refs/heads/{name}")
    if sha is None:
        raise ApiError(404, "Branch not found")
    shapes = call.world.shapes
    url = f"{shapes.repository_url(repository)}/branches/{name}"
    return {
        "name": name,
        "commit": shapes.commit(repository, repository.git.show(sha)),
        "_links": {"self": url, "html": f"{shapes.repository_page(repository)}/tree/{name}"},
        "protected": False,
        "protection": {"enabled": False},
        "protection_url": f"{url}/protection",
    }


def get_ref(call: Call) -> Json:
    repository, name = call.repository, f"refs/{call.text('ref')}"
    sha = repository.git.resolve(name)
    if sha is None:
        raise not_found()
    return _ref(call.world.shapes.repository_url(repository), name, sha)


def list_matching_refs(call: Call) -> Answer:
    """Every ref whose name begins so, all on one page."""
    repository, prefix = call.repository, f"refs/{call.text('ref')}"
    listed = repository.git.text("for-each-ref", "--format=%(objectname) %(refname)").split("\n")
    url = call.world.shapes.repository_url(repository)
    refs = [(sha, name) for sha, name in (line.split(" ", 1) for line in listed if line) if name.startswith(prefix)]
    return Answer([_ref(url, name, sha) for sha, name in refs])


def _ref(url: str, name: str, sha: str) -> Json:
    target = {"sha": sha, "type": "commit", "url": f"{url}/git/commits/{sha}"}
    return {"ref": name, "node_id": f"REF_{name}", "url": f"{url}/git/{name}", "object": target}


def compare(call: Call) -> Answer:
    """`base...head`, from the merge base, as a pull request is shown; either end may be `owner:branch` of a fork."""
    repository = call.repository
    base_name, dots, head_name = call.text("basehead").partition("...")
    if not dots:
        raise not_found()
    base, head = (_compared(call, repository, name) for name in (base_name, head_name))
    git = repository.git
    merge_base = git.merge_base(base, head)
    if merge_base is None:
        raise ApiError(404, f"No common ancestor between {base_name} and {head_name}.")
    changes = git.diff(merge_base, head)
    if call.accepts("diff"):
        return diff_answer(changes)
    return Answer(_comparison(call, base, head, merge_base, changes))


def _comparison(call: Call, base: str, head: str, merge_base: str, changes: Sequence[FileChange]) -> Json:
    repository, shapes = call.repository, call.world.shapes
    git = repository.git
    ahead, behind = git.shas(merge_base, head), git.count(merge_base, base)
    page = f"{shapes.repository_page(repository)}/compare/{call.text('basehead')}"
    status = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind"}
    return {
        "url": f"{shapes.repository_url(repository)}/compare/{call.text('basehead')}",
        "html_url": page,
        "permalink_url": f"{shapes.repository_page(repository)}/compare/{base[:12]}...{head[:12]}",
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "base_commit": shapes.commit(repository, git.show(base)),
        "merge_base_commit": shapes.commit(repository, git.show(merge_base)),
        "status": status.get((bool(ahead), bool(behind)), "identical"),
        "ahead_by": len(ahead),
        "behind_by": behind,
        "total_commits": len(ahead),
        "commits": [shapes.commit(repository, git.show(sha)) for sha in ahead[:MAX_COMPARED_COMMITS]],
        "files": shapes.files(repository, head, changes[:MAX_COMPARED_FILES]),
    }


def _compared(call: Call, repository: Repository, name: str) -> str:
    owner, colon, branch = name.partition(":")
    try:
        if not colon:
            return commit_at(repository, name)
        for other in call.world.repositories.values():
            related = other is repository or other.parent is repository
            if related and other.owner.login.lower() == owner.lower():
                sha = commit_at(other, branch)
                if repository.git.resolve(sha) is None:
                    repository.git.fetch(other.git, sha, f"refs/sandbox/{sha}")
                return sha
    except ApiError as error:
        raise not_found() from error
    raise not_found()


def get_tree(call: Call) -> Json:
    repository, name = call.repository, call.text("sha")
    sha = repository.git.resolve(name, "tree") or repository.git.resolve(f"refs/heads/{name}", "tree")
    if sha is None:
        raise not_found()
    entries = repository.git.entries(sha, recursive="recursive" in call.query)
    shapes = call.world.shapes
    return {
        "sha": sha,
        "url": f"{shapes.repository_url(repository)}/git/trees/{sha}",
        "tree": [shapes.tree_entry(repository, entry) for entry in entries[:MAX_TREE_ENTRIES]],
        "truncated": len(entries) > MAX_TREE_ENTRIES,
    }


def get_blob(call: Call) -> Answer:
    repository, sha = call.repository, call.text("sha")
    if repository.git.resolve(sha, "blob") != sha:
        raise not_found()
    data = repository.git.blob(sha)
    if call.accepts("raw"):
        return Answer(data, media_type="application/vnd.github.raw; charset=utf-8")
    return Answer(
        {
            "sha": sha,
            "node_id": f"B_{sha}",
            "size": len(data),
            "url": f"{call.world.shapes.repository_url(repository)}/git/blobs/{sha}",
            "content": encoded(data),
            "encoding": "base64",
        }
    )


def get_content(call: Call) -> Answer:
    """A file, folder, symlink or submodule; a symlink to a file of the repository is answered with that file."""
    repository, path = call.repository, call.text("path").strip("/")
    ref = call.query.get("ref") or repository.default_branch
    try:
        commit = commit_at(repository, ref)
    except ApiError as error:
        raise ApiError(404, f"No commit found for the ref {ref}") from error
    entry = repository.git.entry(commit, path) if path else None
    if entry is None and path:
        raise not_found()
    if entry is None or entry.kind == "tree":
        tree = entry.sha if entry else commit
        names = [_under(path, item) for item in repository.git.entries(tree)]
        return Answer([call.world.shapes.content(repository, ref, item) for item in names])
    return _file_content(call, repository, ref, commit, entry)


def _under(folder: str, entry: TreeEntry) -> TreeEntry:
    path = posixpath.join(folder, entry.path)
    return TreeEntry(path, entry.mode, entry.kind, entry.sha, entry.size)


def _file_content(call: Call, repository: Repository, ref: str, commit: str, entry: TreeEntry) -> Answer:
    shape = call.world.shapes.content(repository, ref, entry)
    if entry.kind == "commit":
        return Answer(shape | {"submodule_git_url": f"{shape['html_url']}.git"})
    data = repository.git.blob(entry.sha)
    if entry.mode == "120000":
        link = data.decode("utf-8", "replace")
        target = repository.git.entry(commit, posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), link)))
        if target is None or target.mode not in {"100644", "100755"}:
            return Answer(shape | {"target": link})
        data, shape = repository.git.blob(target.sha), shape | {"type": "file"}
    if call.accepts("raw"):
        return Answer(data, media_type="application/vnd.github.raw; charset=utf-8")
    small = len(data) <= MAX_INLINE_CONTENT
    content = base64.encodebytes(data).decode() if small else ""
    return Answer(shape | {"size": len(data), "content": content, "encoding": "base64" if small else "none"})


REPOSITORY = "/repos/{owner}/{repo}"
ENDPOINTS = (
    Endpoint("GET", REPOSITORY, "metadata:read", get_repository),
    Endpoint("GET", f"{REPOSITORY}/collaborators/{{username}}/permission", "metadata:read", get_permission),
    Endpoint("GET", f"{REPOSITORY}/branches/{{branch:path}}", "contents:read", get_branch),
    Endpoint("GET", f"{REPOSITORY}/compare/{{basehead:path}}", "contents:read", compare),
    Endpoint("GET", f"{REPOSITORY}/contents/{{path:path}}", "contents:read", get_content),
    Endpoint("GET", f"{REPOSITORY}/git/blobs/{{sha}}", "contents:read", get_blob),
    Endpoint("GET", f"{REPOSITORY}/git/commits/{{sha}}", "contents:read", get_git_commit),
    Endpoint("GET", f"{REPOSITORY}/git/matching-refs/{{ref:path}}", "contents:read", list_matching_refs),
    Endpoint("GET", f"{REPOSITORY}/git/ref/{{ref:path}}", "contents:read", get_ref),
    Endpoint("GET", f"{REPOSITORY}/git/trees/{{sha:path}}", "contents:read", get_tree),
    Endpoint("GET", f"{REPOSITORY}/commits", "contents:read", list_commits),
    Endpoint("GET", f"{REPOSITORY}/commits/{{ref:path}}", "contents:read", get_commit),
)
