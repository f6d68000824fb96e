"""Variables that a template sets: in the agent's `env`, and beside it by `coder_env` and in the container's `env`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from msgspec import Struct, structs

from rules.sources.terraform.values import Alternative, ListData, MapData, Value, as_text
from rules.sources.text import Piece, Position, Text
from rules.workspace.template import Resource, Workspace


class Given(Struct, frozen=True):
    """`resource` gives the workspace a variable `name`; `at` is where it does."""

    name: str
    value: Value
    resource: Resource
    at: Position

    @property
    def address(self) -> str:
        return f"{self.resource.kind}/env/{self.name}"


def variables(workspace: Workspace) -> Iterator[tuple[str, Value, Position]]:
    """Every variable with its value and where the template sets it."""
    for agent in workspace.agents:
        for alternative in agent.value("env") or ():
            for name, value in alternative.data.items if isinstance(alternative.data, MapData) else ():
                yield name, value, agent.at("env")
    for each in given(workspace):
        yield each.name, each.value, each.at


def given(workspace: Workspace) -> Iterator[Given]:
    """What reaches every shell of the agent, unless the agent's own `env` says otherwise."""
    for resource in workspace.resources("coder_env"):
        value, at = resource.value("value"), resource.at("value")
        for alternative in resource.value("name") or ():
            name = as_text(alternative.data, alternative.at)
            if value is not None and name is not None and name.known:
                yield Given(name.known, value.via(workspace.step(at)), resource, at)
    for container in workspace.containers:
        for alternative in container.value("env") or ():
            for item in alternative.data.items if isinstance(alternative.data, ListData) else ():
                for each in item:
                    yield from _entry(container, each)


def _entry(container: Resource, entry: Alternative) -> Iterator[Given]:
    """``"NAME=value"``."""
    text = as_text(entry.data, entry.at)
    pieces = takewhile(lambda part: isinstance(part, Piece), text.parts) if text is not None else ()
    name, equals, _ = "".join(part.text for part in pieces if isinstance(part, Piece)).partition("=")
    if text is not None and equals:
        value = text.slice(len(name) + 1, len(text)) or Text.literal("", entry.at)
        place = value.at(0) or entry.at
        yield Given(name, Value((structs.replace(entry, data=value, at=place),)), container, container.at("env"))
