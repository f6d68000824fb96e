"""Conversation comments and reactions, and which permission opens which door."""

from __future__ import annotations

import httpx
import pytest

from tests.sandbox.conftest import Sandbox


def say(client: httpx.Client, sandbox: Sandbox, body: str, number: int = 1) -> httpx.Response:
    return client.post(f"{sandbox.path}/issues/{number}/comments", json={"body": body})


@pytest.mark.parametrize("permission", ["issues", "pull_requests"])
def test_either_permission_lets_an_app_comment_on_a_pull_request(sandbox: Sandbox, permission: str) -> None:
    sandbox.installation.permissions["issues"] = "write"
    with sandbox.client(sandbox.token(permissions={permission: "write"})) as client:
        answer = say(client, sandbox, "Hello.")
    assert answer.status_code == 201
    assert answer.json()["performed_via_github_app"]["slug"] == "wrc"


def test_only_issues_lets_it_comment_on_an_issue(sandbox: Sandbox, api: httpx.Client) -> None:
    issue = sandbox.world.open_issue(sandbox.repository, "A question", author="mona")
    assert say(api, sandbox, "Hello.", issue.number).status_code == 403
    sandbox.installation.permissions["issues"] = "write"
    with sandbox.client(sandbox.token()) as client:
        assert say(client, sandbox, "Hello.", issue.number).status_code == 201


def test_no_permission_no_comment(sandbox: Sandbox) -> None:
    with sandbox.client(sandbox.token(permissions={"pull_requests": "read", "issues": "read"})) as client:
        assert say(client, sandbox, "Hello.").status_code == 403
    assert sandbox.repository.comments == {}


@pytest.mark.parametrize("body", ["", "  \n", "x" * 65_537])
def test_an_empty_or_long_body_is_refused(sandbox: Sandbox, api: httpx.Client, body: str) -> None:
    answer = say(api, sandbox, body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body"
    assert sandbox.repository.comments == {}


def test_a_body_of_65536_characters_is_accepted(sandbox: Sandbox, api: httpx.Client) -> None:
    assert say(api, sandbox, "ü" * 65_536).status_code == 201


def test_comments_are_listed_in_order_and_only_of_their_conversation(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.world.push(sandbox.repository, "other", {"a": "b"})
    other = sandbox.world.open_pull_request(sandbox.repository, "other")
    sandbox.world.comment(sandbox.repository, sandbox.pull, "First.", author="mona")
    say(api, sandbox, "Elsewhere.", other.number)
    say(api, sandbox, "Second.")
    listed = api.get(f"{sandbox.path}/issues/1/comments").json()
    assert [(item["user"]["login"], item["body"]) for item in listed] == [("mona", "First."), ("wrc[bot]", "Second.")]
    assert api.get(f"{sandbox.path}/issues/99/comments").status_code == 404


def test_an_app_edits_its_own_comments_only(sandbox: Sandbox, api: httpx.Client) -> None:
    theirs = sandbox.world.comment(sandbox.repository, sandbox.pull, "Mine.", author="mona")
    own = say(api, sandbox, "Hello.").json()
    url = f"{sandbox.path}/issues/comments"
    assert api.patch(f"{url}/{own['id']}", json={"body": "Bye."}).json()["body"] == "Bye."
    assert api.patch(f"{url}/{theirs.id}", json={"body": "Bye."}).status_code == 403
    assert api.get(f"{url}/{theirs.id}").json()["body"] == "Mine."
    assert api.patch(f"{url}/{own['id']}", json={"body": "x" * 65_537}).status_code == 422
    assert api.get(f"{url}/{own['id']}").json()["body"] == "Bye."


@pytest.mark.parametrize("kind", ["issues", "pulls"])
def test_reactions_on_either_kind_of_comment(sandbox: Sandbox, api: httpx.Client, kind: str) -> None:
    comment = sandbox.world.comment(sandbox.repository, sandbox.pull, "/wrc recheck", author="mona").id
    if kind == "pulls":
        note = {"path": "web/template.tf", "line": 10, "body": "?", "commit_id": sandbox.pull.head_sha}
        comment = api.post(f"{sandbox.path}/pulls/1/comments", json=note).json()["id"]
    url = f"{sandbox.path}/{kind}/comments/{comment}"
    first = api.post(f"{url}/reactions", json={"content": "eyes"})
    again = api.post(f"{url}/reactions", json={"content": "eyes"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    api.post(f"{url}/reactions", json={"content": "rocket"})
    assert api.get(url).json()["reactions"] | {"url": None} == {
        "url": None,
        "total_count": 2,
        **dict.fromkeys(("+1", "-1", "laugh", "hooray", "confused", "heart"), 0),
        "rocket": 1,
        "eyes": 1,
    }
    assert len(api.get(f"{url}/reactions?content=eyes").json()) == 1
    assert api.delete(f"{url}/reactions/{first.json()['id']}").status_code == 204
    assert api.delete(f"{url}/reactions/{first.json()['id']}").status_code == 404
    assert [item["content"] for item in api.get(f"{url}/reactions").json()] == ["rocket"]
    assert api.post(f"{url}/reactions", json={"content": "shrug"}).status_code == 422
