"""A repository that was renamed or transferred: where requests for its old name go."""

from __future__ import annotations

import httpx

from tests.sandbox.conftest import Sandbox
from tests.sandbox.openapi import OpenApiRecorder


def test_the_old_name_sends_reads_and_writes_on_to_the_id(
    sandbox: Sandbox, api: httpx.Client, recorder: OpenApiRecorder
) -> None:
    old, number = sandbox.path, sandbox.pull.number
    sandbox.world.rename(sandbox.repository, "renamed")
    read = api.get(f"{old}/pulls/{number}/files?per_page=5")
    assert read.status_code == 301
    assert read.headers["location"].endswith(f"/repositories/{sandbox.repository.id}/pulls/{number}/files?per_page=5")
    wrote = api.post(f"{old}/issues/{number}/comments", json={"body": "Hello."}, follow_redirects=True)
    assert [response.status_code for response in (*wrote.history, wrote)] == [307, 201]
    assert api.get(old, follow_redirects=True).json()["full_name"] == "acme/renamed"
    assert api.get("/repos/acme/renamed").status_code == 200
    assert recorder.violations == []


def test_another_repository_may_take_the_old_name(sandbox: Sandbox, api: httpx.Client) -> None:
    old = sandbox.path
    sandbox.world.rename(sandbox.repository, "renamed")
    other = sandbox.world.create_repository("acme", "templates", {"README.md": "# Other\n"})
    assert api.get(old).json()["id"] == other.id


def test_an_installation_does_not_see_what_was_transferred_to_another_account(
    sandbox: Sandbox, api: httpx.Client, app_api: httpx.Client
) -> None:
    old = sandbox.path
    sandbox.world.transfer(sandbox.repository, "elsewhere")
    assert api.get(old).status_code == 404
    assert app_api.get(f"{old}/installation", follow_redirects=True).status_code == 404
    there = sandbox.world.install(sandbox.app, "elsewhere")
    assert app_api.get(f"{old}/installation", follow_redirects=True).json()["id"] == there.id
