"""Which webhooks are sent, to whom, with what in them, and what the delivery log says of them."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.sandbox.events import PERMISSION
from bot.sandbox.faults import DeliveryFault
from bot.sandbox.reviews import Draft
from bot.sandbox.world import DEFAULT_PERMISSIONS
from tests.sandbox.conftest import CHANGED, Sandbox
from tests.sandbox.receiver import Receiver, receiving

SHAPES = json.loads((Path(__file__).parent.parent / "data" / "github" / "webhook-shapes.json").read_bytes())

EVERY_EVENT = frozenset(PERMISSION)


@pytest.fixture
def receiver(sandbox: Sandbox) -> Iterator[Receiver]:
    """Listens for the App, which is subscribed to everything, from now on."""
    with receiving() as receiver:
        sandbox.world.webhooks.settle()
        sandbox.app.webhook_url = receiver.url
        sandbox.installation.events = EVERY_EVENT
        yield receiver


def named(sandbox: Sandbox, receiver: Receiver) -> list[str]:
    """What has arrived since the last time this was asked."""
    sandbox.world.webhooks.settle()
    names = receiver.names
    receiver.received.clear()
    return names


def missing(shape: object, value: object, where: str) -> list[str]:
    """The keys and types that real payloads have at a place and this one has not."""
    if isinstance(shape, str):
        kinds = shape.split("|")
        named = [kind for kind in kinds if kind.startswith("@")]
        if isinstance(value, dict) and named:
            return missing(SHAPES[named[0]], value, named[0])
        return []
    assert isinstance(shape, dict)
    if "[]" in shape:
        items = value if isinstance(value, list) else []
        wrong = [] if isinstance(value, list) else [f"{where}: no list"]
        return wrong + [text for item in items for text in missing(shape["[]"], item, f"{where}[]")]
    if value is None and "null?" in shape:
        return []
    if not isinstance(value, dict):
        return [f"{where}: no object"]
    found = [f"{where}.{key}" for key in shape if not key.endswith("?") and key not in value]
    present = {key: inner for key, inner in shape.items() if key.rstrip("?") in value}
    return found + [
        text for key, inner in present.items() for text in missing(inner, value[key.rstrip("?")], f"{where}.{key}")
    ]


def play(sandbox: Sandbox, api: httpx.Client) -> None:
    """Everything that sends a webhook, once at least."""
    world, repository, pull = sandbox.world, sandbox.repository, sandbox.pull
    world.push(repository, "change", {"README.md": "# More\n"})
    world.push(repository, "feature", {"README.md": "# Feature\n"})
    world.open_pull_request(repository, "feature", body="Please.", draft=True)
    world.close(pull)
    world.reopen(pull)
    world.convert_to_draft(pull)
    world.ready_for_review(pull)
    comment = world.comment(repository, pull, "/wrc recheck", author="mona")
    world.review(pull, author="rita", body="Hm.", comments=[Draft("web/template.tf", "Why?", 11)])
    root = sandbox.path
    body = {
        "name": "WRC",
        "head_sha": pull.head_sha,
        "actions": [{"label": "a", "description": "b", "identifier": "c"}],
    }
    run = repository.check_runs[api.post(f"{root}/check-runs", json=body).json()["id"]]
    api.patch(f"{root}/check-runs/{run.id}", json={"conclusion": "success"})
    world.rerequest_check_run(repository, run, by="mona")
    world.rerequest_check_suite(repository, run.suite, by="mona")
    world.request_action(repository, run, "c", by="mona")
    own = api.post(f"{root}/issues/1/comments", json={"body": "Hello."}).json()["id"]
    api.patch(f"{root}/issues/comments/{own}", json={"body": "Bye."})
    note = {"path": "web/template.tf", "line": 11, "body": "?", "commit_id": pull.head_sha}
    inline = api.post(f"{root}/pulls/1/comments", json=note).json()["id"]
    api.patch(f"{root}/pulls/comments/{inline}", json={"body": "!"})
    assert comment.number == pull.number


def test_webhooks_have_every_key_that_real_ones_have(sandbox: Sandbox, api: httpx.Client, receiver: Receiver) -> None:
    play(sandbox, api)
    world = sandbox.world
    world.webhooks.settle()
    world.uninstall(world.install(sandbox.app, "elsewhere"))
    world.webhooks.settle()
    assert {name for name in SHAPES if not name.startswith("@")} <= set(receiver.names)
    for item in receiver.received:
        if item.name in SHAPES:
            absent = missing(SHAPES[item.name], item.payload, item.name)
            assert [place for place in absent if not place.endswith(".milestone: no object")] == []


def test_a_webhook_is_signed_over_its_exact_body(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.world.close(sandbox.pull)
    sandbox.world.webhooks.settle()
    (item,) = receiver.received
    expected = hmac.new(b"s3cret", item.body, hashlib.sha256).hexdigest()
    assert item.headers["x-hub-signature-256"] == f"sha256={expected}"
    assert item.headers["user-agent"].startswith("GitHub-Hookshot/")
    assert item.headers["x-github-hook-installation-target-id"] == str(sandbox.app.id)
    assert item.headers["x-github-hook-installation-target-type"] == "integration"
    assert item.headers["x-github-hook-id"].isdigit()
    assert str(uuid.UUID(item.headers["x-github-delivery"])) == item.headers["x-github-delivery"]
    assert item.headers["content-type"] == "application/json"


def test_a_push_moves_the_pull_request_and_says_so(sandbox: Sandbox, receiver: Receiver) -> None:
    before = sandbox.pull.head_sha
    after = sandbox.world.push(sandbox.repository, "change", {"README.md": "# More\n"}, author="rita")
    sandbox.world.webhooks.settle()
    assert receiver.names == ["push", "check_suite.requested", "pull_request.synchronize"]
    payload = receiver.payload("pull_request.synchronize")
    assert (payload["before"], payload["after"]) == (before, after)
    assert payload["pull_request"]["head"]["sha"] == after  # type: ignore[index]
    assert payload["sender"]["login"] == "rita"  # type: ignore[index]
    assert payload["installation"]["id"] == sandbox.installation.id  # type: ignore[index]
    assert sandbox.repository.git.resolve("refs/pull/1/head") == after
    push = receiver.payload("push")
    assert (push["ref"], push["before"], push["after"], push["forced"]) == ("refs/heads/change", before, after, False)
    assert push["commits"][0]["modified"] == ["README.md"]  # type: ignore[index]


def test_a_forced_push_is_told_apart(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.world.push(sandbox.repository, "change", {"web/template.tf": CHANGED + "more\n"}, start="main")
    sandbox.world.webhooks.settle()
    assert receiver.payload("push")["forced"] is True
    assert len(sandbox.world.changes(sandbox.pull)) == 1


def test_retargeting_names_the_old_base(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.world.push(sandbox.repository, "release", {"web/startup.sh": "#!/bin/sh\n"})
    named(sandbox, receiver)
    old = sandbox.pull.base_sha
    sandbox.world.retarget(sandbox.pull, "release", by="rita")
    sandbox.world.webhooks.settle()
    payload = receiver.payload("pull_request.edited")
    assert payload["changes"] == {"base": {"ref": {"from": "main"}, "sha": {"from": old}}}
    assert payload["pull_request"]["base"]["ref"] == "release"  # type: ignore[index]


def test_merging_closes_and_pushes(sandbox: Sandbox, receiver: Receiver) -> None:
    merged = sandbox.world.merge(sandbox.pull, by="rita")
    assert named(sandbox, receiver) == ["pull_request.closed", "push", "check_suite.requested"]
    assert sandbox.repository.git.resolve("main") == merged
    assert sandbox.pull.merge_commit_sha == merged
    assert [change.path for change in sandbox.world.changes(sandbox.pull)] == ["web/template.tf"]


def test_a_fork_sends_its_pushes_to_the_base_repository_only_as_synchronize(
    sandbox: Sandbox, api: httpx.Client, receiver: Receiver
) -> None:
    world = sandbox.world
    fork = world.fork(sandbox.repository, "mona")
    world.push(fork, "patch", {"README.md": "# Patch\n"})
    assert named(sandbox, receiver) == []
    pull = world.open_pull_request(sandbox.repository, "patch", fork=fork)
    assert named(sandbox, receiver) == ["pull_request.opened"]
    after = world.push(fork, "patch", {"README.md": "# Patch, better\n"})
    world.webhooks.settle()
    assert receiver.names == ["pull_request.synchronize"]
    shape = receiver.payload("pull_request.synchronize")["pull_request"]
    assert isinstance(shape, dict)
    assert (shape["head"]["label"], shape["head"]["repo"]["full_name"]) == ("mona:patch", "mona/templates")
    assert sandbox.repository.git.resolve(f"refs/pull/{pull.number}/head") == after
    tree = api.get(f"{sandbox.path}/git/trees/{after}").json()["tree"]
    assert "README.md" in [entry["path"] for entry in tree]

    run = api.post(f"{sandbox.path}/check-runs", json={"name": "WRC", "head_sha": after}).json()
    named(sandbox, receiver)
    world.rerequest_check_run(sandbox.repository, sandbox.repository.check_runs[run["id"]], by="mona")
    world.rerequest_check_suite(
        sandbox.repository, sandbox.repository.check_suites[run["check_suite"]["id"]], by="mona"
    )
    world.webhooks.settle()
    for name, key in (("check_run.rerequested", "check_run"), ("check_suite.rerequested", "check_suite")):
        check = receiver.payload(name)[key]
        assert isinstance(check, dict)
        assert (check["pull_requests"], check["head_sha"]) == ([], after)


def test_an_event_needs_its_subscription(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.installation.events = frozenset({"push"})
    sandbox.world.push(sandbox.repository, "change", {"README.md": "# More\n"})
    assert named(sandbox, receiver) == ["push"]


@pytest.mark.parametrize(
    ("permission", "event"), [("issues", "issue_comment"), ("pull_requests", "pull_request"), ("checks", "check_suite")]
)
def test_an_event_needs_its_permission(sandbox: Sandbox, receiver: Receiver, permission: str, event: str) -> None:
    def happen() -> set[str]:
        sandbox.world.comment(sandbox.repository, sandbox.pull, "/wrc recheck", author="mona")
        sandbox.world.push(sandbox.repository, "change", {"README.md": f"# {sandbox.world.new_id()}\n"})
        return {name.partition(".")[0] for name in named(sandbox, receiver)}

    everything = happen()
    del sandbox.installation.permissions[permission]
    assert everything - happen() == {event}


def test_only_the_app_that_made_a_run_is_asked_to_repeat_it(
    sandbox: Sandbox, api: httpx.Client, receiver: Receiver
) -> None:
    with receiving() as theirs:
        world = sandbox.world
        other = world.register_app(
            sandbox.app.public_key, slug="other", webhook_url=theirs.url, permissions=DEFAULT_PERMISSIONS
        )
        world.install(other, "acme")
        body = {"name": "WRC", "head_sha": sandbox.pull.head_sha, "conclusion": "success"}
        run = sandbox.repository.check_runs[api.post(f"{sandbox.path}/check-runs", json=body).json()["id"]]
        world.rerequest_check_run(sandbox.repository, run, by="mona")
        world.webhooks.settle()
    completed = {"check_run.created", "check_run.completed", "check_suite.completed"}
    assert set(theirs.names) == {"installation.created", *completed}
    assert set(receiver.names) == {"check_run.rerequested", *completed}


def test_the_log_tells_what_failed_and_redelivers_it_under_the_same_guid(
    sandbox: Sandbox, app_api: httpx.Client, receiver: Receiver
) -> None:
    receiver.status = 500
    sandbox.world.close(sandbox.pull)
    sandbox.world.webhooks.settle()
    failed = app_api.get("/app/hook/deliveries").json()[0]
    assert (failed["status_code"], failed["redelivery"], failed["event"]) == (500, False, "pull_request")
    assert failed["status"] == "Invalid HTTP Response: 500"

    receiver.status = 202
    answer = app_api.post(f"/app/hook/deliveries/{failed['id']}/attempts")
    assert (answer.status_code, answer.json()) == (202, {})
    sandbox.world.webhooks.settle()
    first, again = receiver.received
    assert again.headers["x-github-delivery"] == first.headers["x-github-delivery"]
    assert again.body == first.body
    newest = app_api.get("/app/hook/deliveries").json()[0]
    assert (newest["guid"], newest["redelivery"], newest["status"]) == (failed["guid"], True, "OK")
    assert [item["id"] for item in app_api.get("/app/hook/deliveries?status=failure").json()] == [failed["id"]]
    assert [item["id"] for item in app_api.get("/app/hook/deliveries?status=success").json()] == [newest["id"]]
    full = app_api.get(f"/app/hook/deliveries/{newest['id']}").json()
    assert full["request"]["payload"]["action"] == "closed"
    assert full["request"]["headers"]["X-GitHub-Event"] == "pull_request"
    assert full["response"]["payload"] == "ok"


def test_the_log_comes_in_pages_by_cursor(sandbox: Sandbox, app_api: httpx.Client, receiver: Receiver) -> None:
    for _ in range(3):
        sandbox.world.close(sandbox.pull)
        sandbox.world.reopen(sandbox.pull)
    sandbox.world.webhooks.settle()
    url: str | None = "/app/hook/deliveries?per_page=4"
    seen = []
    while url:
        answer = app_api.get(url)
        seen += [item["id"] for item in answer.json()]
        url = answer.links.get("next", {}).get("url")
    assert len(seen) == 6
    assert seen == sorted(seen, reverse=True)


def test_a_webhook_nobody_answers_is_logged(sandbox: Sandbox, app_api: httpx.Client) -> None:
    sandbox.app.webhook_url = "http://127.0.0.1:9/webhook"
    sandbox.world.close(sandbox.pull)
    sandbox.world.webhooks.settle()
    newest = app_api.get("/app/hook/deliveries").json()[0]
    assert (newest["status_code"], newest["status"]) == (0, "failed to connect to host")


def test_webhooks_can_be_lost_and_doubled(sandbox: Sandbox, app_api: httpx.Client, receiver: Receiver) -> None:
    faults = sandbox.world.webhooks.faults
    faults.add(DeliveryFault("pull_request.closed", drop=True))
    faults.add(DeliveryFault("pull_request.reopened", duplicates=2))
    sandbox.world.close(sandbox.pull)
    sandbox.world.reopen(sandbox.pull)
    sandbox.world.close(sandbox.pull)
    sandbox.world.webhooks.settle()
    assert receiver.names == ["pull_request.reopened"] * 3 + ["pull_request.closed"]
    assert len({item.headers["x-github-delivery"] for item in receiver.received}) == 2
    assert [item["status_code"] for item in app_api.get("/app/hook/deliveries").json()].count(0) == 1


def test_the_bot_is_the_sender_of_what_it_does(sandbox: Sandbox, api: httpx.Client, receiver: Receiver) -> None:
    api.post(f"{sandbox.path}/issues/1/comments", json={"body": "Hello."})
    sandbox.world.webhooks.settle()
    payload = receiver.payload("issue_comment.created")
    assert payload["sender"]["login"] == "wrc[bot]"  # type: ignore[index]
    assert payload["sender"]["type"] == "Bot"  # type: ignore[index]
    assert payload["issue"]["pull_request"]["html_url"].endswith("/acme/templates/pull/1")  # type: ignore[index]


def test_a_comment_on_an_issue_has_no_pull_request(sandbox: Sandbox, receiver: Receiver) -> None:
    issue = sandbox.world.open_issue(sandbox.repository, "A question", author="mona")
    sandbox.world.comment(sandbox.repository, issue, "/wrc recheck", author="mona")
    sandbox.world.webhooks.settle()
    assert "pull_request" not in receiver.payload("issue_comment.created")["issue"]  # type: ignore[operator]
