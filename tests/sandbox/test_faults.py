"""Failures on purpose: before or after the request took effect, slow, or with no answer at all."""

from __future__ import annotations

import time

import httpx
import pytest

from bot.sandbox.faults import RequestFault
from tests.sandbox.conftest import Sandbox


def say(api: httpx.Client, sandbox: Sandbox) -> httpx.Response:
    return api.post(f"{sandbox.path}/issues/1/comments", json={"body": "Hello."})


@pytest.mark.parametrize(("when", "stored"), [("before", 0), ("after", 1)])
def test_a_502_with_and_without_effect(sandbox: Sandbox, api: httpx.Client, when: str, stored: int) -> None:
    fault = RequestFault("/comments$", "POST", when="before" if when == "before" else "after", status=502)
    sandbox.world.faults.add(fault)
    assert say(api, sandbox).status_code == 502
    assert len(sandbox.repository.comments) == stored
    assert say(api, sandbox).status_code == 201
    assert len(sandbox.repository.comments) == stored + 1


@pytest.mark.parametrize(("after", "stored"), [(False, 0), (True, 1)])
def test_a_dropped_connection(sandbox: Sandbox, api: httpx.Client, after: bool, stored: int) -> None:
    sandbox.world.faults.add(RequestFault("/comments$", "POST", when="after" if after else "before", drop=True))
    with pytest.raises(httpx.RemoteProtocolError):
        say(api, sandbox)
    assert len(sandbox.repository.comments) == stored
    assert say(api, sandbox).status_code == 201


def test_a_limit_with_its_headers_twice(sandbox: Sandbox, api: httpx.Client) -> None:
    body = '{"message": "You have exceeded a secondary rate limit."}'
    fault = RequestFault(r"/pulls/\d+$", times=2, status=429, headers={"Retry-After": "60"}, body=body)
    sandbox.world.faults.add(fault)
    url = f"{sandbox.path}/pulls/1"
    answers = [api.get(url) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "60"
    assert "secondary rate limit" in answers[0].json()["message"]


def test_a_slow_answer(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.world.faults.add(RequestFault("/pulls/1", delay=0.3))
    started = time.monotonic()
    assert api.get(f"{sandbox.path}/pulls/1").status_code == 200
    assert time.monotonic() - started >= 0.3


def test_other_requests_are_untouched(sandbox: Sandbox, api: httpx.Client) -> None:
    sandbox.world.faults.add(RequestFault("/comments$", "POST", status=500))
    assert api.get(f"{sandbox.path}/issues/1/comments").status_code == 200
    sandbox.world.faults.clear()
    assert say(api, sandbox).status_code == 201
