"""Webhook payloads with the fields that matter, in the shape of GitHub's."""

from __future__ import annotations

from datetime import UTC, datetime

REPOSITORY = {"id": 42, "name": "templates", "owner": {"id": 9, "login": "octo", "type": "Organization"}}
AUTHOR = {"id": 100, "login": "author", "type": "User"}

Payload = dict[str, object]


def pull_request(action: str, *, number: int = 7, state: str = "open", **more: object) -> Payload:
    return {
        "action": action,
        "number": number,
        "pull_request": {"number": number, "state": state, "head": {"ref": "topic", "sha": "a" * 40}},
        "repository": REPOSITORY,
        "installation": {"id": 5},
        "sender": AUTHOR,
        **more,
    }


def issue_comment(
    body: str,
    *,
    on_pull: bool = True,
    state: str = "open",
    by: Payload | None = None,
    author: Payload | None = None,
    number: int = 7,
    comment: int = 900,
    at: datetime | None = None,
) -> Payload:
    issue: Payload = {"number": number, "state": state, "user": author or AUTHOR}
    written = (at or datetime.now(UTC)).isoformat(timespec="seconds")
    if on_pull:
        issue["pull_request"] = {"url": "https://api.github.com/repos/octo/templates/pulls/7"}
    return {
        "action": "created",
        "issue": issue,
        "comment": {"id": comment, "body": body, "user": by or AUTHOR, "created_at": written},
        "repository": REPOSITORY,
        "installation": {"id": 5},
    }


def check_run(external_id: str | None, *, app_id: int = 1) -> Payload:
    return {
        "action": "rerequested",
        "check_run": {"id": 1, "head_sha": "a" * 40, "external_id": external_id, "app": {"id": app_id}},
        "repository": REPOSITORY,
        "installation": {"id": 5},
    }


def check_suite(*, app_id: int = 1) -> Payload:
    return {
        "action": "rerequested",
        "check_suite": {"id": 1, "head_sha": "a" * 40, "app": {"id": app_id}, "pull_requests": []},
        "repository": REPOSITORY,
        "installation": {"id": 5},
    }
