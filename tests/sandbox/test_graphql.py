"""Blobs read through GraphQL, and what GitHub refuses there: in the body of a 200."""

from __future__ import annotations

import httpx
import pytest

from bot.sandbox.graphql import MAX_TEXT_BYTES
from tests.sandbox.conftest import Sandbox

QUERY = (
    "query($owner: String!, $name: String!, $s: GitObjectID!) { repository(owner: $owner, name: $name)"
    " { it: object(oid: $s) { ... on Blob { oid byteSize isBinary isTruncated text } } } }"
)


def ask(api: httpx.Client, query: str = QUERY, **variables: str) -> dict[str, object]:
    names = {"owner": "acme", "name": "templates"}
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


@pytest.mark.parametrize(
    ("query", "variables", "words"),
    [
        (QUERY, {"s": "0" * 40, "name": "nothing"}, "Could not resolve to a Repository with the name 'acme/nothing'."),
        (QUERY, {"s": "main"}, "Variable $s of type GitObjectID! was provided invalid value"),
        (QUERY, {}, "Variable $s of type GitObjectID! was provided invalid value"),
        (QUERY.replace("$s: GitObjectID!", "$s: Sha!"), {"s": ""}, "Sha isn't a defined input type (on $s)"),
        (QUERY.replace("oid: $s", "oid: $t"), {"s": "0" * 40}, "declared and used"),
        (QUERY.replace("{ it:", "{ it: objects(oid: $s) it:"), {"s": "0" * 40}, "Field 'objects' doesn't exist"),
        (QUERY.removesuffix("}"), {"s": "0" * 40}, "Parse error"),
    ],
)
def test_what_is_refused(api: httpx.Client, query: str, variables: dict[str, str], words: str) -> None:
    assert words in str(ask(api, query, **variables)["errors"])


def test_contents_must_be_readable(sandbox: Sandbox) -> None:
    with sandbox.client(sandbox.token(permissions={"checks": "read"})) as api:
        assert api.post("/graphql", json={"query": QUERY}).status_code == 403
