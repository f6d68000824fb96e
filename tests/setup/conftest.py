"""A service that has no credentials yet, as a process of its own, beside a GitHub of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.sandbox.server import SandboxServer
from bot.sandbox.world import World
from tests.service.github import FILES
from tests.service.running import ServiceProcess, free_port


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    # The pages take any other address than github.com for an Enterprise server, whose API is under this prefix.
    world = World(tmp_path / "github", api_prefix="/api/v3")
    world.create_repository("octo", "templates", FILES)
    with SandboxServer(world):
        yield world


class Unregistered(ServiceProcess):
    """`wrc serve` without credentials; `address` is what it printed."""

    @property
    def address(self) -> str:
        found = re.search(r"http://\S+/setup\?token=\S+", self.log.read_text())
        assert found is not None, self.log.read_text()
        return found.group()

    @property
    def status(self) -> str:
        """`setup`, `ok`, or nothing while it changes from one to the other."""
        try:
            return str(httpx.get(f"{self.url}/healthz", timeout=1).json()["status"])
        except httpx.TransportError:
            return ""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Unregistered]:
    folder = tmp_path / "service"
    folder.mkdir()
    environment = {"WRC_PORT": str(free_port()), "WRC_DATA_DIR": str(folder / "data"), "WRC_POLL_INTERVAL": "0.05"}
    process = Unregistered(environment, folder)
    with process:
        yield process
