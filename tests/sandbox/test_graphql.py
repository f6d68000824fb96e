"""Blobs and threads through GraphQL, and what GitHub refuses there: in the body of a 200."""

from __future__ import annotations

from typing import Any, cast

import httpx

from bot.sandbox.graphql import MAX_TEXT_BYTES
from bot.sandbox.reviews import Draft
from tests.sandbox.conftest import Sandbox

QUERY = (
    "query($owner: String!, $name: String!, $s: GitObjectID!) { repository(owner: $owner, name: $name)"
    " { it: object(oid: $s) { ... on Blob { oid byteSize isBinary isTruncated text } } } }"
)


def ask(api: httpx.Client, query: str = QUERY, **variables: object) -> dict[str, object]:
    names: dict[str, object] = {"owner": "acme", "name": "templates"}
    answer = api.post("/graphql", json={"query": query, "variables": names | variables})
    assert answer.status_code == 200
    found = answer.json()
    assert isinstance(found, dict)
    return found


def test_blobs_of_every_kind(sandbox: Sandbox, api: httpx.Client) -> None:
    long = b"x" * (MAX_TEXT_BYTES + 1)
    files = {"text": b"a\r\n\xef\xbb\xbf", "binary": b"\0\1", "long": long}
    commit = sandbox.world.push(sandbox.repository, "kinds", files)
    entries = api.get(f"{sandbox.path}/git/trees/{commit}").json()["tree"]
    shas = {entry["path"]: entry["sha"] for entry in entries}
    shown = {name: ask(api, s=sha) for name, sha in shas.items() if name in files}

    def blob(name: str, size: int, text: str | None, *, binary: bool = False, cut: bool = False) -> object:
        it = {"oid": shas[name], "byteSize": size, "isBinary": binary, "isTruncated": cut, "text": text}
        return {"data": {"repository": {"it": it}}}

    assert shown == {
        "text": blob("text", 6, "a\r\n\ufeff"),
        "binary": blob("binary", 2, None, binary=True),
        "long": blob("long", len(long), "x" * MAX_TEXT_BYTES, cut=True),
    }
    assert ask(api, s=shas["web"]) == {"data": {"repository": {"it": {}}}}
    assert ask(api, s="0" * 40) == {"data": {"repository": {"it": None}}}


def test_what_is_refused(api: httpx.Client) -> None:
    refused: list[tuple[str, dict[str, str], str]] = [
        (QUERY, {"s": "0" * 40, "name": "nothing"}, "Could not resolve to a Repository with the name 'acme/nothing'."),
        (QUERY, {"s": "main"}, "'main' is no GitObjectID"),
        (QUERY, {}, "'GitObjectID!'"),
        (QUERY.replace("{ it:", "{ it: objects(oid: $s) it:"), {"s": "0" * 40}, "'objects'"),
        (QUERY.removesuffix("}"), {"s": "0" * 40}, "Syntax Error"),
    ]
    for query, variables, words in refused:
        assert words in str(ask(api, query, **variables)["errors"])


def test_contents_must_be_readable(sandbox: Sandbox) -> None:
    with sandbox.client(sandbox.token(permissions={"checks": "read"})) as api:
        assert forbidden(ask(api, s="0" * 40))


THREADS = (
    "query($owner: String!, $name: String!, $first: Int!, $after: String) { repository(owner: $owner, name: $name)"
    " { pullRequest(number: 1) { reviewThreads(first: $first, after: $after) { totalCount pageInfo { hasNextPage"
    " endCursor } nodes { id isResolved resolvedBy { login databaseId }"
    " comments(first: 1) { totalCount nodes { fullDatabaseId } } } } } } }"
)
SETTLE = "mutation($id: ID!) { %sReviewThread(input: {threadId: $id}) { thread { isResolved resolvedBy { login } } } }"


def forbidden(answer: dict[str, object]) -> bool:
    [error] = cast("list[dict[str, object]]", answer["errors"])
    return error["type"] == "FORBIDDEN" and error["message"] == "Resource not accessible by integration"


def threads(api: httpx.Client, first: int = 100, after: str | None = None) -> dict[str, Any]:
    answer = cast("dict[str, Any]", ask(api, THREADS, first=first, after=after))
    return cast("dict[str, Any]", answer["data"]["repository"]["pullRequest"]["reviewThreads"])


def test_threads_come_in_pages_with_who_resolved_them(sandbox: Sandbox, api: httpx.Client) -> None:
    drafts = [Draft("web/template.tf", f"line {line}", line) for line in (10, 11, 12)]
    sandbox.world.review(sandbox.pull, author="mona", comments=drafts)
    first, second, third = sandbox.repository.threads
    sandbox.world.reply(sandbox.pull, first, "True.", author="hubot")
    sandbox.world.resolve(second, by="hubot")
    page = threads(api, 2)
    assert [node["comments"] for node in page["nodes"]] == [
        {"totalCount": 2, "nodes": [{"fullDatabaseId": str(first.id)}]},
        {"totalCount": 1, "nodes": [{"fullDatabaseId": str(second.id)}]},
    ]
    hubot = sandbox.world.user("hubot")
    assert [node["resolvedBy"] for node in page["nodes"]] == [None, {"login": "hubot", "databaseId": hubot.id}]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    rest = threads(api, 2, page["pageInfo"]["endCursor"])
    assert [node["comments"]["nodes"] for node in rest["nodes"]] == [[{"fullDatabaseId": str(third.id)}]]
    assert not rest["pageInfo"]["hasNextPage"]
    assert "EXCESSIVE_PAGINATION" in str(ask(api, THREADS, first=101))


def test_resolving_wants_to_write_contents(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.world.review(sandbox.pull, author="mona", comments=[Draft("web/template.tf", "Why?", 10)])
    [thread] = threads(api)["nodes"]
    assert forbidden(ask(api, SETTLE % "resolve", id=thread["id"]))
    sandbox.installation.permissions["contents"] = "write"
    with sandbox.client(sandbox.token(permissions={"contents": "write", "pull_requests": "write"})) as able:
        settled = cast("dict[str, Any]", ask(able, SETTLE % "resolve", id=thread["id"]))
        by = {"login": f"{sandbox.app.slug}[bot]"}
        assert settled["data"]["resolveReviewThread"]["thread"] == {"isResolved": True, "resolvedBy": by}
        opened = cast("dict[str, Any]", ask(able, SETTLE % "unresolve", id=thread["id"]))
        assert opened["data"]["unresolveReviewThread"]["thread"] == {"isResolved": False, "resolvedBy": None}
        assert "NOT_FOUND" in str(ask(able, SETTLE % "resolve", id="PRRT_x"))
