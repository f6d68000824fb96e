"""Checks every request to and response of the sandbox against GitHub's own OpenAPI description and GraphQL schema.

recorder = OpenApiRecorder()
with SandboxServer(world, middleware=recorder.wrap) as url:
    ...
assert recorder.violations == []
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from graphql import GraphQLSyntaxError, parse, validate
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012, SchemaRegistry
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.sandbox.graphql import schema

DATA = Path(__file__).parent.parent / "data" / "github"
ENTERPRISE: Mapping[str, Mapping[str, object]] = json.loads((DATA / "openapi-enterprise.json").read_bytes())
"""Of each release of Enterprise Server what differs: places (keys, with spaces between) and what stands there."""

ROOT = "urn:github"

MULTI_SEGMENT = frozenset({"basehead", "branch", "path", "ref", "tree_sha"})
"""Path parameters whose value may hold slashes."""

FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time")
def _is_whole_second(value: object) -> bool:
    """GitHub's times have no fraction, and clients parse them so."""
    return not isinstance(value, str) or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value) is not None


@FORMATS.checks("uri")
def _is_absolute(value: object) -> bool:
    return not isinstance(value, str) or urlsplit(value).scheme in {"http", "https"}


@dataclass(frozen=True)
class Violation:
    """Where sandbox or client differ from the description, and in what."""

    side: Literal["request", "response"]
    method: str
    path: str
    status: int
    message: str

    def __str__(self) -> str:
        return f"{self.side} {self.method} {self.path} ({self.status}): {self.message}"


def as_json_schema(node: object) -> object:
    """OpenAPI 3.0 `nullable` in terms of JSON Schema."""
    if isinstance(node, list):
        return [as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {key: as_json_schema(value) for key, value in node.items()}
    if schema.get("nullable") is not True:
        return schema
    del schema["nullable"]
    return {"anyOf": [{"type": "null"}, schema]}


class Description:
    """GitHub's description of its API, or (`release`) that of an Enterprise Server."""

    def __init__(self, release: str = "") -> None:
        self.release = release
        described = json.loads((DATA / "openapi.json").read_bytes())
        for place, item in ENTERPRISE[release].items() if release else ():
            *path, last = place.split(" ")
            node = described
            for key in path:
                node = node[key]
            node[last] = item
        root = as_json_schema(described)
        assert isinstance(root, dict)
        self.root: dict[str, dict[str, dict[str, object]]] = root
        self.templates = tuple(
            (_pattern(path), path)
            for path in sorted(root["paths"], key=lambda path: len(re.sub(r"\{\w+\}", "", path)), reverse=True)
        )
        empty: SchemaRegistry = Registry()
        self.registry: SchemaRegistry = empty.with_resource(ROOT, DRAFT202012.create_resource(root))

    def operation_at(self, method: str, path: str) -> tuple[str, ...] | None:
        """The place of an operation in the description: ("paths", template, method); None if it is not there."""
        for pattern, template in self.templates:
            if pattern.fullmatch(path) and method.lower() in self.root["paths"][template]:
                return ("paths", template, method.lower())
        return None

    def look(self, place: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, Any]]:
        """What stands at a place, with references followed, and where it really stands."""
        node: object = self.root
        for key in place:
            assert isinstance(node, dict)
            node = node[key]
        assert isinstance(node, dict)
        if isinstance(target := node.get("$ref"), str):
            return self.look(tuple(target.removeprefix("#/").split("/")))
        return place, node

    def complaints(self, place: tuple[str, ...], value: object) -> list[str]:
        """How `value` differs from the schema at a place."""
        escaped = "/".join(key.replace("~", "~0").replace("/", "~1") for key in place)
        schema = {"$ref": f"{ROOT}#/{escaped}"}
        validator = Draft202012Validator(schema, registry=self.registry, format_checker=FORMATS)
        about = f" (Enterprise {self.release})" if self.release else ""
        return [f"{error.json_path}: {error.message[:300]}{about}" for error in validator.iter_errors(value)]

    def of_request(self, operation: tuple[str, ...], query: str, body: bytes) -> list[str]:
        """How a request's query and body differ from the description."""
        _, described = self.look(operation)
        names = {self._parameter_name(parameter) for parameter in described.get("parameters", [])}
        found = [f"unknown query parameter {key}" for key, _ in parse_qsl(query) if key not in names]
        if "requestBody" not in described:
            return found + (["a body where none is expected"] if body.strip() not in {b"", b"{}"} else [])
        place = (*operation, "requestBody", "content", "application/json", "schema")
        return found + self._of_body(place, body or b"{}")

    def _parameter_name(self, parameter: dict[str, str]) -> str:
        if "$ref" in parameter:
            _, parameter = self.look(tuple(parameter["$ref"].removeprefix("#/").split("/")))
        return parameter["name"]

    def of_response(self, operation: tuple[str, ...], status: int, media_type: str, body: bytes) -> list[str]:
        """How a response differs; a status that is not described may only be an error in GitHub's form."""
        _, described = self.look(operation)
        if status >= 500 or status in {301, 304, 307}:
            return []
        if str(status) not in described["responses"]:
            if status < 400:
                return [f"status {status} is not described"]
            return self._of_body(("components", "schemas", "basic-error"), body)
        place, response = self.look((*operation, "responses", str(status)))
        if not response.get("content", {}):
            return ["a body where none is described"] if body else []
        if "application/json" not in media_type:
            return []
        return self._of_body((*place, "content", "application/json", "schema"), body)

    def _of_body(self, place: tuple[str, ...], body: bytes) -> list[str]:
        try:
            return self.complaints(place, json.loads(body))
        except ValueError:
            return ["the body is no JSON"]


description = cache(Description)


def of_graphql(body: bytes) -> list[str]:
    """How a query differs from GitHub's schema; the sandbox answers by the same."""
    try:
        return [error.message for error in validate(schema(), parse(json.loads(body)["query"]))]
    except GraphQLSyntaxError as error:
        return [error.message]


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", path)
    names = (".+" if name in MULTI_SEGMENT else "[^/]+" for name in parts[1::2])
    literals = map(re.escape, parts[::2])
    return re.compile("".join(piece for pair in zip(literals, [*names, ""], strict=True) for piece in pair))


class OpenApiRecorder:
    """ASGI middleware that lets everything pass and collects `violations`; `seen` counts calls of each operation.

    `releases` are those of GitHub Enterprise Server whose descriptions count; without any, it is that of github.com.
    """

    def __init__(self, prefix: str = "", releases: Sequence[str] = ()) -> None:
        self.prefix = prefix
        self.descriptions = [description(release) for release in releases or ("",)]
        self.found: list[Violation] = []
        self.seen: Counter[str] = Counter()

    @property
    def violations(self) -> list[str]:
        return [str(violation) for violation in self.found]

    @property
    def response_violations(self) -> list[str]:
        """For tests that send bad requests on purpose."""
        return [str(violation) for violation in self.found if violation.side == "response"]

    def wrap(self, app: ASGIApp) -> ASGIApp:
        async def recorded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or not self._is_api(scope):
                await app(scope, receive, send)
                return
            messages = await _whole_body(receive)
            sent = b"".join(message.get("body", b"") for message in messages)
            answered: list[Message] = []

            async def receiving() -> Message:
                return messages.pop(0) if messages else await receive()

            async def sending(message: Message) -> None:
                answered.append(message)
                if message["type"] == "http.response.body" and not message.get("more_body", False):
                    # Before the client has it: a test may look at once.
                    self._record(scope, sent, answered)
                await send(message)

            await app(scope, receiving, sending)
            if len(answered) == 1:
                self._record(scope, sent, answered)

        return recorded

    def _is_api(self, scope: Scope) -> bool:
        headers = dict(scope["headers"])
        api = scope["path"].startswith(self.prefix) or scope["path"].endswith("/graphql")
        return api and b"authorization" in headers

    def _record(self, scope: Scope, sent: bytes, answered: list[Message]) -> None:
        start, body = answered[0], b"".join(message.get("body", b"") for message in answered[1:])
        method, path, status = scope["method"], scope["path"].removeprefix(self.prefix), start["status"]
        # Where GitHub sends requests for a repository that was renamed.
        path = re.sub(r"^/repositories/\d+", "/repos/a/b", path)

        def note(side: Literal["request", "response"], messages: list[str]) -> None:
            self.found.extend(Violation(side, method, path, status, message) for message in messages)

        if path.endswith("/graphql"):
            self.seen[f"{method} /graphql"] += 1
            note("request", of_graphql(sent))
            return
        operation = self.descriptions[0].operation_at(method, path)
        if operation is None:
            note("request", ["no such operation among those extracted"])
            return
        self.seen[f"{method} {operation[1]}"] += 1
        for described in self.descriptions:
            note("request", described.of_request(operation, scope["query_string"].decode(), sent))
            if len(answered) > 1:  # A dropped connection has no body.
                media_type = dict(start["headers"]).get(b"content-type", b"").decode()
                note("response", described.of_response(operation, status, media_type, body))


async def _whole_body(receive: Receive) -> list[Message]:
    """The messages of a request's body. Read before the application runs: it may answer without reading."""
    messages = [await receive()]
    while messages[-1].get("more_body", False):
        messages.append(await receive())
    return messages
