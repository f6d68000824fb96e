"""The recorder that other tests rely on notices what differs from GitHub's description."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.sandbox.openapi import OpenApiRecorder

RIGHT = {"id": 1, "node_id": "x", "user": None, "content": "eyes", "created_at": "2026-01-01T00:00:00Z"}
URL = "/repos/acme/templates/issues/comments/1/reactions"


def record(method: str, url: str, sent: object, answer: Response) -> list[str]:
    async def serve(request: Request) -> Response:
        await request.body()
        return answer

    recorder = OpenApiRecorder()
    app = recorder.wrap(Starlette(routes=[Route("/{path:path}", serve, methods=["GET", "POST", "PATCH", "DELETE"])]))

    async def call() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as client:
            await client.request(method, url, json=sent, headers={"Authorization": "Bearer x"})

    asyncio.run(call())
    return recorder.violations


def test_what_is_described_passes() -> None:
    assert record("POST", URL, {"content": "eyes"}, JSONResponse(RIGHT, 201)) == []


@pytest.mark.parametrize(
    ("method", "url", "sent", "answer", "complaint"),
    [
        ("POST", URL, {"content": "shrug"}, JSONResponse(RIGHT, 201), "request POST"),
        ("POST", URL, {}, JSONResponse(RIGHT, 201), "'content' is a required property"),
        ("POST", URL, {"content": "eyes"}, JSONResponse(RIGHT | {"id": "1"}, 201), "response POST"),
        ("POST", URL, {"content": "eyes"}, JSONResponse(RIGHT | {"user": {}}, 201), "response POST"),
        ("POST", URL, {"content": "eyes"}, JSONResponse(RIGHT | {"created_at": "2026-01-01T00:00:00.5Z"}, 201), "date"),
        ("POST", URL, {"content": "eyes"}, JSONResponse(RIGHT, 202), "status 202 is not described"),
        ("POST", URL, {"content": "eyes"}, JSONResponse({"message": 1}, 403), "response POST"),
        ("GET", f"{URL}?per_pages=3", None, JSONResponse([]), "unknown query parameter per_pages"),
        ("GET", "/nowhere", None, JSONResponse([]), "no such operation"),
        ("DELETE", URL, None, JSONResponse([]), "no such operation"),
    ],
)
def test_what_is_not_described_is_noticed(
    method: str, url: str, sent: object, answer: Response, complaint: str
) -> None:
    violations = record(method, url, sent, answer)
    assert len(violations) == 1
    assert complaint in violations[0]


def test_errors_github_does_not_list_pass_in_its_form() -> None:
    error = JSONResponse({"message": "Bad credentials", "status": "401"}, 401)
    assert record("POST", URL, {"content": "eyes"}, error) == []
    assert json.loads(bytes(error.body))["status"] == "401"
