"""Cut GitHub's public GraphQL schema down to the fields that WRC and its sandbox use.

    npm pack @octokit/graphql-schema@15.26.1 && tar xzf octokit-graphql-schema-15.26.1.tgz
    python tools/extract_graphql.py package/schema.graphql

writes `bot/sandbox/github.graphql`: the types below with all arguments of their fields, without prose. Enterprise
Server 3.17 has them too.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from graphql import REMOVE, Node, Visitor, assert_valid_schema, build_schema, parse, print_ast, visit

EXTRACT = Path(__file__).parent.parent / "bot" / "sandbox" / "github.graphql"

PROSE = re.compile(r'^ *""".*?"""\n', re.DOTALL | re.MULTILINE)
PAYLOAD = ("clientMutationId", "thread")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "BigInt": (),
    "Blob": ("byteSize", "id", "isBinary", "isTruncated", "oid", "text"),
    "CheckRunConnection": ("totalCount",),
    "CheckRunFilter": ("appId", "checkName"),
    "CheckSuite": ("checkRuns", "id"),
    "CheckSuiteConnection": ("nodes", "totalCount"),
    "CheckSuiteFilter": ("appId", "checkName"),
    "Commit": ("checkSuites", "id", "oid"),
    "GitObject": ("id", "oid"),
    "GitObjectID": (),
    "Mutation": ("resolveReviewThread", "unresolveReviewThread"),
    "Node": ("id",),
    "PageInfo": ("endCursor", "hasNextPage"),
    "PullRequest": (
        "baseRefName",
        "baseRefOid",
        "body",
        "commits",
        "headRefName",
        "headRefOid",
        "id",
        "isDraft",
        "reviewThreads",
        "reviews",
        "state",
    ),
    "PullRequestCommit": ("commit", "id"),
    "PullRequestCommitConnection": ("nodes", "totalCount"),
    "PullRequestReviewComment": ("fullDatabaseId", "id"),
    "PullRequestReviewCommentConnection": ("nodes", "totalCount"),
    "PullRequestReviewConnection": ("totalCount",),
    "PullRequestReviewState": (),
    "PullRequestReviewThread": ("comments", "id", "isResolved", "resolvedBy"),
    "PullRequestReviewThreadConnection": ("nodes", "pageInfo", "totalCount"),
    "PullRequestState": (),
    "Query": ("id", "nodes", "repository"),
    "Repository": ("databaseId", "id", "object", "pullRequest"),
    "ResolveReviewThreadInput": ("clientMutationId", "threadId"),
    "ResolveReviewThreadPayload": PAYLOAD,
    "Tag": ("id", "oid"),
    "Tree": ("id", "oid"),
    "UnresolveReviewThreadInput": ("clientMutationId", "threadId"),
    "UnresolveReviewThreadPayload": PAYLOAD,
    "User": ("databaseId", "id", "login"),
}


class Cut(Visitor):
    """Removes everything else from a schema; `left` are the fields that it has not met."""

    def __init__(self) -> None:
        super().__init__()
        self.left = {(kind, name) for kind, names in FIELDS.items() for name in names or ("",)}
        self._kind = ""

    def enter(self, node: Node, _key: object, _parent: object, path: list[object], _ancestors: object) -> object:
        name = node.name.value if hasattr(node, "name") and node.name else ""
        if "directive" in node.kind:
            return REMOVE
        if node.kind.endswith("_type_definition"):
            self._kind = name
            self.left.discard((name, ""))
            return None if name in FIELDS else REMOVE
        if "interfaces" in path[-2:]:
            return None if name in FIELDS else REMOVE
        if "fields" in path[-2:]:
            self.left.discard((self._kind, name))
            return None if name in FIELDS[self._kind] else REMOVE
        return None


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    cut = Cut()
    text = print_ast(visit(parse(PROSE.sub("", Path(sys.argv[1]).read_text("utf-8"))), cut))
    # Raises where a type that a field or an interface asks for is not among those chosen.
    assert_valid_schema(build_schema(text))
    if cut.left:
        sys.exit(f"The schema has no {sorted(cut.left)}.")
    EXTRACT.write_text(f"# GitHub's GraphQL schema, the part WRC uses: tools/extract_graphql.py\n\n{text}\n", "utf-8")


if __name__ == "__main__":
    main()
