"""Repositories with a template in them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.cli import run
from tests.gitrepo import Repo

FIXTURES = Path(__file__).parents[1] / "fixtures"
TEMPLATE = (FIXTURES / "minimal" / "user-defined-web" / "template.tf").read_text(encoding="utf-8")
"""A template that breaks nothing."""

HOME = '  volumes {\n    container_path = "/home/coder"\n'
SOCKET = """\
  volumes {
    container_path = "/var/run/docker.sock"
    host_path      = "/var/run/docker.sock"
  }

"""

BROKEN_RULE = TEMPLATE.replace(HOME, SOCKET + HOME)
SOCKET_LINE = BROKEN_RULE.splitlines().index('    host_path      = "/var/run/docker.sock"') + 1
FILE = "user-defined-web/template.tf"


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    error: str


class Wrc:
    """The command line, in this process."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *args: str | Path) -> Outcome:
        status = run([str(arg) for arg in args])
        out, error = self._capture.readouterr()
        return Outcome(status, out, error)


@pytest.fixture
def wrc(capsys: pytest.CaptureFixture[str]) -> Wrc:
    return Wrc(capsys)


@pytest.fixture(autouse=True)
def _no_machine_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty repository."""
    return Repo(tmp_path / "repo")


@pytest.fixture
def governed(repo: Repo) -> Repo:
    """A repository whose main branch holds one template that breaks nothing."""
    repo.commit({FILE: TEMPLATE, "README.md": "about\n"})
    return repo
