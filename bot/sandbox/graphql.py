"""GraphQL: blobs, and the threads of reviews, by GitHub's own schema as far as WRC uses it.

What is refused is answered with 200 and `errors`: https://docs.github.com/en/graphql/guides/forming-calls-with-graphql
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from graphql import GraphQLError, GraphQLSchema, build_schema, graphql_sync

from bot.sandbox import reviews
from bot.sandbox.auth import demand
from bot.sandbox.bodies import GraphqlQuery
from bot.sandbox.errors import ApiError
from bot.sandbox.http import Call, Endpoint
from bot.sandbox.shapes import Json, node_id
from bot.sandbox.state import CheckSuite, PullRequest, Repository, ReviewComment, User

T = TypeVar("T")

MAX_TEXT_BYTES = 512 * 1024
"""Longer text is cut off, and `isTruncated` says so."""

BINARY_LOOKED_AT = 8000
"""Like git, which looks for a NUL among the first bytes."""

MAX_PAGE = 100
"""https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api#node-limit"""


class Refused(Exception):
    """Something that GitHub refuses; `kind` is the `type` of the error."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@cache
def schema() -> GraphQLSchema:
    built = build_schema(files("bot.sandbox").joinpath("github.graphql").read_text("utf-8"))
    built.type_map["GitObjectID"].coerce_input_value = _object_id  # type: ignore[attr-defined]
    return built


def _object_id(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{40}", value):
        raise GraphQLError(f"{value!r} is no GitObjectID")
    return value


def graphql(call: Call) -> Json:
    asked = call.body(GraphqlQuery)
    result = graphql_sync(schema(), asked.query, _Roots(call).fields, variable_values=asked.variables)
    errors: Json = {"errors": [_told(error) for error in result.errors]} if result.errors else {}
    return errors if errors and result.data is None else {"data": result.data} | errors


def _told(error: GraphQLError) -> Json:
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return dict(error.formatted)
    if not isinstance(cause, Refused):
        raise cause
    return {"type": cause.kind, **error.formatted}


@dataclass(frozen=True)
class _Roots:
    """The fields of queries and of mutations, for one request."""

    call: Call

    @property
    def fields(self) -> Json:
        return {
            "repository": self._repository,
            "nodes": lambda _info, ids: [_thread(*self._find(each)) for each in ids],
            "resolveReviewThread": lambda _info, **given: self._settle(given["input"], self.call.caller.user),
            "unresolveReviewThread": lambda _info, **given: self._settle(given["input"], None),
        }

    def _allowed(self, need: str) -> None:
        try:
            demand(self.call.caller, need)
        except ApiError as error:
            raise Refused("FORBIDDEN", error.message) from error

    def _repository(self, _info: object, *, owner: str, name: str, **options: bool) -> Json:
        world = self.call.world
        # It follows a former name by itself, where the REST API sends the caller on.
        repository = world.find(owner, name) or (world.find_moved(owner, name) if options["followRenames"] else None)
        if repository is None or not self.call.caller.sees(world, repository):
            raise Refused("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        return {
            "id": node_id("R", repository.id),
            "databaseId": repository.id,
            "object": lambda _info, oid: self._object(repository, oid),
            "pullRequest": lambda _info, number: self._pull(repository, number),
        }

    def _object(self, repository: Repository, sha: str) -> Json | None:
        self._allowed("contents:read")
        if repository.git.resolve(sha, "blob") == sha:
            return _blob(sha, repository.git.blob(sha))
        return {"__typename": "Tree", "oid": sha} if repository.git.resolve(sha, "object") else None

    def _pull(self, repository: Repository, number: int) -> Json:
        self._allowed("pull_requests:read")
        pull = repository.issues.get(number)
        if not isinstance(pull, PullRequest):
            raise Refused("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
        pull = self.call.world.shown(pull)
        roots = [root for root in repository.threads if root.number == number]
        threads = _connection("reviewThreads", roots, lambda root: _thread(repository, root))
        reviews = [review for review in repository.reviews.values() if review.number == number]
        commits = repository.git.shas(self.call.world.merge_base(pull, pull.head_sha), pull.head_sha)
        return {
            "id": node_id("PR", pull.id),
            "state": "MERGED" if pull.merged_at else pull.state.upper(),
            "isDraft": pull.draft,
            "body": pull.body or "",
            "headRefName": pull.head_ref,
            "headRefOid": pull.head_sha,
            "baseRefName": pull.base_ref,
            "baseRefOid": pull.base_sha,
            "reviewThreads": threads,
            "reviews": _connection("reviews", reviews, lambda review: {"id": node_id("PRR", review.id)}),
            "commits": _connection("commits", commits, lambda sha: self._pull_commit(repository, sha)),
        }

    def _pull_commit(self, repository: Repository, sha: str) -> Json:
        suites = [suite for suite in repository.check_suites.values() if suite.head_sha == sha]
        commit = {"id": node_id("C", int(sha[:8], 16)), "oid": sha, "checkSuites": self._suites(repository, suites)}
        return {"id": node_id("PRC", int(sha[:8], 16)), "commit": commit}

    def _suites(self, repository: Repository, suites: Sequence[CheckSuite]) -> Callable[..., Json]:
        def chosen(info: object, **given: Any) -> Json:
            self._allowed("checks:read")
            wanted = given.get("filterBy") or {}
            found = [suite for suite in suites if wanted.get("appId") in (None, suite.app.id)]
            return _connection("checkSuites", found, lambda suite: _suite(repository, suite))(info, **given)

        return chosen

    def _find(self, thread: str) -> tuple[Repository, ReviewComment]:
        self._allowed("pull_requests:read")
        world = self.call.world
        seen = (each for each in world.repositories.values() if self.call.caller.sees(world, each))
        for repository in seen:
            for root in repository.threads:
                if _thread_id(root) == thread:
                    return repository, root
        raise Refused("NOT_FOUND", f"Could not resolve to a node with the global id of '{thread}'")

    def _settle(self, wanted: Mapping[str, str], by: User | None) -> Json:
        """Resolve a thread, or (None) open it again; what is so already stays as it is."""
        self._allowed("contents:write")
        self._allowed("pull_requests:write")
        repository, root = self._find(wanted["threadId"])
        reviews.settle(root, by)
        return {"clientMutationId": wanted.get("clientMutationId"), "thread": _thread(repository, root)}


def _blob(sha: str, data: bytes) -> Json:
    binary = b"\0" in data[:BINARY_LOOKED_AT]
    return {
        "__typename": "Blob",
        "oid": sha,
        "byteSize": len(data),
        "isBinary": binary,
        "isTruncated": len(data) > MAX_TEXT_BYTES,
        "text": None if binary else data[:MAX_TEXT_BYTES].decode("utf-8", "replace"),
    }


def _suite(repository: Repository, suite: CheckSuite) -> Json:
    def chosen(info: object, **given: Any) -> Json:
        wanted = given.get("filterBy") or {}
        runs = [run for run in repository.check_runs.values() if run.suite is suite]
        found = [run for run in runs if wanted.get("checkName") in (None, run.name)]
        return _connection("checkRuns", found, lambda run: {"id": node_id("CR", run.id)})(info, **given)

    return {"id": node_id("CS", suite.id), "checkRuns": chosen}


def _thread(repository: Repository, root: ReviewComment) -> Json:
    comments = [each for each in repository.review_comments.values() if root.id in (each.id, each.reply_to)]
    return {
        "__typename": "PullRequestReviewThread",
        "id": _thread_id(root),
        "isResolved": root.resolved_by is not None,
        "resolvedBy": None if root.resolved_by is None else _user(root.resolved_by),
        "comments": _connection("comments", comments, _comment),
    }


def _thread_id(root: ReviewComment) -> str:
    return node_id("PRRT", root.id)


def _comment(comment: ReviewComment) -> Json:
    return {"id": node_id("PRRC", comment.id), "fullDatabaseId": str(comment.id)}


def _user(user: User) -> Json:
    """A bot has its suffix here, which the author of a comment has not."""
    return {"id": node_id("U", user.id), "databaseId": user.id, "login": user.login}


def _connection(name: str, items: Sequence[T], shape: Callable[[T], Json]) -> Callable[..., Json]:
    """A page of `items`, those behind the cursor `after`."""

    def page(
        _info: object, first: int | None = None, last: int | None = None, after: str | None = None, **_filters: object
    ) -> Json:
        wanted = first or last
        if wanted is None:
            missing = f"You must provide a `first` or `last` value to properly paginate the `{name}` connection."
            raise Refused("MISSING_PAGINATION_BOUNDARIES", missing)
        if wanted > MAX_PAGE:
            side = "first" if first else "last"
            excess = (
                f"Requesting {wanted} records on the `{name}` connection exceeds the `{side}` limit of 100 records."
            )
            raise Refused("EXCESSIVE_PAGINATION", excess)
        start = int(after or 0) if first else max(len(items) - wanted, 0)
        end = start + wanted
        return {
            "nodes": [shape(item) for item in items[start:end]],
            "totalCount": len(items),
            "pageInfo": {"hasNextPage": end < len(items), "endCursor": str(min(end, len(items)))},
        }

    return page


GRAPHQL = Endpoint("POST", "/graphql", "token", graphql, metered=False)
"""Below the API's host on github.com, and beside `/api/v3` on GitHub Enterprise."""
