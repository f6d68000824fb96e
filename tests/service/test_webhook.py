"""The webhook endpoint over real HTTP: what it takes, what it refuses, and that a refused delivery leaves nothing."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from dbos import DBOS

from bot.service.jobs import prune
from bot.service.webhook import MAX_BODY_BYTES
from bot.settings import Settings
from tests.service.conftest import SECRET, deliver, delivery_headers
from tests.service.payloads import check_run, issue_comment, pull_request
from tests.service.running import RunningService, free_port

PREVIOUS = "the secret before the rotation"


@pytest.fixture(scope="module")
def url(private_pem: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service that stores deliveries but never comes to work on them."""
    directory: Path = tmp_path_factory.mktemp("webhook")
    settings = Settings.model_validate(
        {
            "app_id": 1,
            "webhook_secret": SECRET,
            "webhook_secret_previous": PREVIOUS,
            "private_key": private_pem,
            "data_dir": directory,
            "port": free_port(),
            "poll_interval": 60,
        }
    )
    with RunningService(settings) as running:
        yield running


def raw_request(url: str, headers: dict[str, str], body: bytes) -> socket.socket:
    """A request as far as `body` goes, on a connection that is still open."""
    host = urlsplit(url)
    connection = socket.create_connection((host.hostname or "", host.port or 0), timeout=10)
    lines = ["POST /webhook HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
    return connection


def stored(guid: str) -> bool:
    return bool(DBOS.list_workflows(workflow_ids=[guid]))


def test_a_signed_delivery_is_stored_and_accepted(url: str) -> None:
    answer = deliver(url, "pull_request", "stored-1", pull_request("opened"))
    assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})
    assert stored("stored-1")


def test_what_is_not_done_yet_is_never_forgotten(url: str) -> None:
    deliver(url, "pull_request", "waiting", pull_request("opened", number=2))
    assert prune(datetime.now(UTC) + timedelta(hours=1)) == 0
    assert stored("waiting")


def test_a_redelivery_is_accepted_but_not_stored_again(url: str) -> None:
    deliver(url, "pull_request", "twice", pull_request("opened", number=3))
    answer = deliver(url, "pull_request", "twice", pull_request("opened", number=3))
    assert (answer.status_code, answer.json()) == (202, {"status": "duplicate"})


def test_of_a_payload_only_what_is_used_is_kept(url: str) -> None:
    deliver(url, "pull_request", "kept", pull_request("opened", number=8, sender={"bio": "x" * 100_000}))
    [job] = DBOS.list_workflows(workflow_ids=["kept"])
    assert job.input is not None
    event, body, _ = job.input["args"]
    kept = json.loads(body)
    assert (event, kept["pull_request"]["head"]["sha"], kept["installation"]) == ("pull_request", "a" * 40, {"id": 5})
    assert len(body) < 1000


def test_a_body_that_came_before_is_a_replay_whatever_its_guid(url: str) -> None:
    payload = issue_comment("/wrc accept F-7 we know")
    answers = [deliver(url, "issue_comment", guid, payload).json() for guid in ("first", "second", "first")]
    assert [answer["status"] for answer in answers] == ["accepted", "replayed", "duplicate"]
    assert not stored("second")


def test_a_button_may_be_pressed_twice(url: str) -> None:
    payload = check_run("pr=7 base=abc rules=1 job=x")
    assert [deliver(url, "check_run", guid, payload).json()["status"] for guid in ("p1", "p2")] == ["accepted"] * 2


def test_both_secrets_count_during_a_rotation(url: str) -> None:
    assert deliver(url, "pull_request", "old-secret", pull_request("opened", number=4), PREVIOUS).status_code == 202
    assert stored("old-secret")


def test_a_wrong_signature_is_refused_and_nothing_is_stored(url: str) -> None:
    answer = deliver(url, "pull_request", "forged", pull_request("opened"), "someone else's secret")
    assert answer.status_code == 403
    assert answer.json()["error"] == "bad-signature"
    assert not stored("forged")


@pytest.mark.parametrize("given", ["sha256=", "sha256=zz", "nonsense", "sha256=ü"])
def test_a_malformed_signature_is_refused(url: str, given: str) -> None:
    body = json.dumps(pull_request("opened")).encode()
    headers = delivery_headers(body, "pull_request", "malformed")
    raw = [(name.encode(), value.encode()) for name, value in (headers | {"X-Hub-Signature-256": given}).items()]
    assert httpx.post(f"{url}/webhook", content=body, headers=raw).status_code == 403
    assert not stored("malformed")


def test_sha1_alone_is_no_signature(url: str) -> None:
    body = json.dumps(pull_request("opened")).encode()
    headers = delivery_headers(body, "pull_request", "sha1")
    headers["X-Hub-Signature"] = headers.pop("X-Hub-Signature-256")
    assert httpx.post(f"{url}/webhook", content=body, headers=headers).status_code == 401
    assert not stored("sha1")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"X-GitHub-Event": ""}, 400),
        ({"X-GitHub-Event": "Pull Request"}, 400),
        ({"X-GitHub-Delivery": ""}, 400),
        ({"X-GitHub-Delivery": "a b"}, 400),
        ({"X-GitHub-Delivery": "g" * 65}, 400),
        ({"X-Hub-Signature-256": ""}, 401),
    ],
)
def test_wrong_headers_are_refused_with_a_reason(url: str, change: dict[str, str], status: int) -> None:
    body = json.dumps(pull_request("opened")).encode()
    answer = httpx.post(
        f"{url}/webhook", content=body, headers=delivery_headers(body, "pull_request", "headers") | change
    )
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "message"}


def test_only_post_is_allowed(url: str) -> None:
    assert httpx.get(f"{url}/webhook").status_code == 405


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"action": 3}'])
def test_a_signed_body_that_is_no_json_object_is_refused(url: str, body: bytes) -> None:
    answer = httpx.post(f"{url}/webhook", content=body, headers=delivery_headers(body, "pull_request", "no-json"))
    assert answer.status_code == 400
    assert not stored("no-json")


def test_a_body_announced_too_large_is_refused_unread(url: str) -> None:
    headers = delivery_headers(b"", "push", "large") | {"Content-Length": str(MAX_BODY_BYTES + 1)}
    with raw_request(url, headers, b"") as connection:
        assert b" 413 " in connection.recv(200)


def test_a_body_of_unknown_length_is_cut_off_at_the_cap(url: str) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(MAX_BODY_BYTES // (1024 * 1024) + 2):
            yield b" " * (1024 * 1024)

    host = urlsplit(url)
    connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=10)
    headers = delivery_headers(b"", "push", "endless")
    try:
        connection.request("POST", "/webhook", body=endless(), headers=headers, encode_chunked=True)
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass  # The server may hang up while we still send.
    finally:
        connection.close()
    assert not stored("endless")


@pytest.mark.parametrize(
    ("event", "payload", "reason"),
    [
        ("ping", {"zen": "Keep it logically awesome."}, "unhandled-event"),
        ("label", {"action": "created"}, "unhandled-event"),
        ("something_new", {}, "unhandled-event"),
        ("projects_v2_item", {"action": "edited"}, "unhandled-event"),
        ("pull_request", pull_request("labeled"), "unhandled-action"),
        ("check_run", {"action": "created"}, "unhandled-action"),
        ("issue_comment", {"action": "edited"}, "unhandled-action"),
    ],
)
def test_other_events_are_answered_and_forgotten(url: str, event: str, payload: object, reason: str) -> None:
    answer = deliver(url, event, "ignored", payload)
    assert (answer.status_code, answer.json()) == (202, {"status": "ignored", "reason": reason})
    assert not stored("ignored")


def test_a_sender_that_is_too_slow_is_cut_off(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.service.webhook.MAX_BODY_SECONDS", 0.2)
    body = json.dumps(pull_request("opened", number=5)).encode()
    headers = delivery_headers(body, "pull_request", "slow") | {"Content-Length": str(len(body))}
    with raw_request(url, headers, body[:20]) as connection:
        assert b" 408 " in connection.recv(200)
    assert not stored("slow")


def test_a_body_that_ends_early_leaves_nothing(url: str) -> None:
    body = json.dumps(pull_request("opened", number=6)).encode()
    headers = delivery_headers(body, "pull_request", "short") | {"Content-Length": str(len(body))}
    raw_request(url, headers, body[:-5]).close()
    assert deliver(url, "pull_request", "whole", pull_request("opened", number=6)).json()["status"] == "accepted"
    assert not stored("short")


def test_health(url: str) -> None:
    assert httpx.get(f"{url}/healthz").json() == {"status": "ok"}
