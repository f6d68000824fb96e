"""The fields of GitHub's answers that we use, and no others.

githubkit's own models are complete and strict: a field that an older GitHub Enterprise Server leaves out would stop a
review. These know only what the service needs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeVar

from githubkit import Response
from pydantic import BaseModel, ConfigDict, TypeAdapter


class Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class User(Answer):
    id: int
    login: str


class App(Answer):
    id: int
    slug: str


class Identity(Answer):
    id: int


class Branch(Answer):
    """One end of a pull request; `repo` is None where a fork was deleted."""

    ref: str
    sha: str
    repo: Identity | None = None


class PullRequest(Answer):
    """https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request"""

    number: int
    state: Literal["open", "closed"]
    draft: bool = False
    body: str | None = None
    head: Branch
    base: Branch


class ChangedFile(Answer):
    """One file of a comparison. `patch` is missing for binary and for large files; `sha` is the blob at the head."""

    filename: str
    previous_filename: str | None = None
    status: Literal["added", "removed", "modified", "renamed", "copied", "changed", "unchanged"]
    patch: str | None = None


class Commit(Answer):
    sha: str


class Ref(Answer):
    """https://docs.github.com/en/rest/git/refs"""

    ref: str
    object: Commit


class Tip(Answer):
    """https://docs.github.com/en/rest/branches/branches#get-a-branch"""

    commit: Commit


class Comparison(Answer):
    """https://docs.github.com/en/rest/commits/commits#compare-two-commits"""

    base_commit: Commit
    merge_base_commit: Commit
    files: list[ChangedFile] = []


class TreeItem(Answer):
    path: str
    mode: str
    type: Literal["blob", "tree", "commit"]
    sha: str
    size: int | None = None


class GitTree(Answer):
    """https://docs.github.com/en/rest/git/trees#get-a-tree"""

    tree: list[TreeItem]
    truncated: bool


class Blob(Answer):
    content: str
    encoding: Literal["base64", "utf-8"]


class CheckOutput(Answer):
    annotations_count: int = 0


class CheckRun(Answer):
    """https://docs.github.com/en/rest/checks/runs"""

    id: int
    head_sha: str
    status: str
    conclusion: str | None = None
    started_at: datetime | None = None
    external_id: str | None = None
    app: App
    output: CheckOutput = CheckOutput()


class CheckRuns(Answer):
    check_runs: list[CheckRun]


class Review(Answer):
    """https://docs.github.com/en/rest/pulls/reviews; `commit_id` is the head that was reviewed."""

    id: int
    user: User | None = None
    body: str | None = None
    commit_id: str | None = None


class ReviewComment(Answer):
    """https://docs.github.com/en/rest/pulls/comments; `line` is None once a push has changed the line."""

    id: int
    user: User | None = None
    body: str | None = None
    pull_request_review_id: int | None = None
    in_reply_to_id: int | None = None
    line: int | None = None


class Permission(Answer):
    """https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user

    `maintain` is reported as ``write`` and `triage` as ``read``.
    """

    permission: str


Parsed = TypeVar("Parsed")


def parse(kind: type[Parsed], response: Response) -> Parsed:
    """The body of `response` as `kind`. Raises pydantic's ValidationError if it is something else."""
    return TypeAdapter(kind).validate_json(response.content)
