"""Every command that the documentation shows is run as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from tests.gitrepo import Repo
from tests.rules.harness import FIXTURES
from tests.service.github import GitHub
from tests.service.running import RunningService, ServiceProcess, free_port, wait_for

Kind = Literal["checks", "serves", "operates"]

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TEMPLATE = "user-defined-web/template.tf"
_BLOCK = re.compile(r"^[ ]*```sh\n(.*?)^[ ]*```$", re.DOTALL | re.MULTILINE)


def commands(page: Path) -> Iterator[str]:
    for block in _BLOCK.findall(page.read_text("utf-8")):
        for line in block.splitlines():
            if line.strip():
                yield line.strip()


def shown(kind: Kind) -> list[object]:
    """The lines of all `sh` blocks. What makes an environment and runs the tests is run by `.ci/run` itself."""
    return [
        pytest.param(line, id=f"{page.name}: {line[:60]}")
        for page in PAGES
        for line in dict.fromkeys(commands(page))
        if "python3 -m venv" not in line and not line.startswith("export ") and kind_of(line) == kind
    ]


def kind_of(line: str) -> Kind:
    if line.endswith("wrc serve"):
        return "serves"
    return "operates" if line.startswith(("wrc doctor", "wrc backup")) else "checks"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of templates with a branch `topic`, one beside it, and `wrc` on the path."""
    base = tmp_path_factory.mktemp("examples")
    text = (FIXTURES / "minimal" / TEMPLATE).read_text()
    for name in ("here", "coder-ddev"):
        repo = Repo(base / name)
        repo.commit({TEMPLATE: text})
        repo.git("checkout", "--quiet", "-b", "topic")
        repo.commit({TEMPLATE: text.replace("stop_timeout          = 180", "stop_timeout          = 60")})
    (base / "bin").mkdir()
    wrc = base / "bin" / "wrc"
    wrc.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bot "$@"\n')
    wrc.chmod(0o755)
    return base


def run(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder / "here",
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("line", shown("checks"))
def test_a_command_does_what_it_can(folder: Path, line: str) -> None:
    done = run(line, folder)
    assert done.returncode in (0, 1), done.stderr
    assert done.stderr == ""
    assert done.stdout or ">" in line


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, public_pem: str, private_pem: str) -> Iterator[dict[str, str]]:
    """The environment of a service that runs beside a GitHub of ours."""
    github = GitHub(tmp_path_factory.mktemp("deployment"), public_pem, private_pem)
    settings = github.settings
    with github.server, RunningService(settings):
        # The installation was told before the service ran; at its start it has GitHub deliver that again.
        wait_for(lambda: github.world.webhooks.log[-1].status_code == 202, "the first delivery")
        yield {
            "WRC_APP_ID": str(settings.app_id),
            "WRC_WEBHOOK_SECRET": settings.webhook_secret.get_secret_value(),
            "WRC_PRIVATE_KEY": private_pem,
            "WRC_API_URL": settings.api_url,
            "WRC_DATA_DIR": str(settings.data_dir),
        }


@pytest.mark.parametrize("line", shown("operates"))
def test_an_operators_command_finds_all_well(folder: Path, deployment: dict[str, str], line: str) -> None:
    done = run(line, folder, **deployment)
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("line", shown("serves"))
def test_the_service_starts_as_it_is_shown(tmp_path: Path, line: str) -> None:
    given = dict(re.findall(r"(WRC_\w+)=(\S+)", line))
    environment = {
        "WRC_PORT": str(free_port()),
        "WRC_DATA_DIR": str(tmp_path / "data"),
        **given,
        "WRC_HOST": "127.0.0.1",
    }
    with ServiceProcess(environment, tmp_path) as service:
        assert "/setup?token=" in service.log.read_text()


def test_there_are_commands() -> None:
    assert len(shown("checks")) > 8
    assert shown("serves")
    assert len(shown("operates")) > 2
