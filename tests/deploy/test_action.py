"""The GitHub Action and the pre-commit hook: their own steps, run as a runner would run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.gitrepo import Repo
from tests.rules.harness import FIXTURES

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "user-defined-web/template.tf"
TEXT = (FIXTURES / "minimal" / TEMPLATE).read_text()
PRIVILEGED = TEXT.replace("privileged    = false", "privileged    = true")


@dataclass(frozen=True)
class Ran:
    status: int
    log: str
    outputs: dict[str, str]
    summary: str
    sarif: Path


def run_check(folder: Path, base: str, head: str) -> Ran:
    """The step `wrc check` of `action.yml` in a runner's environment; the program is the one under test."""
    [step] = [s for s in yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"] if s.get("id") == "check"]
    wrc = folder / "temp" / "wrc" / "bin" / "wrc"
    wrc.parent.mkdir(parents=True)
    wrc.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bot "$@"\n')
    wrc.chmod(0o755)
    files = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.touch()
    given = {"REPOSITORY": str(folder / "repo"), "BASE": base, "HEAD": head, "SARIF": str(folder / "wrc.sarif")}
    assert given.keys() == step["env"].keys()
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        env={**os.environ, "PYTHONPATH": str(ROOT), "RUNNER_TEMP": str(folder / "temp"), **given}
        | {name: str(file) for name, file in files.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
    summary = files["GITHUB_STEP_SUMMARY"].read_text()
    return Ran(done.returncode, done.stdout + done.stderr, outputs, summary, folder / "wrc.sarif")


@pytest.fixture
def repository(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "repo")
    repo.write({TEMPLATE: TEXT})
    repo.commit(message="base")
    return repo


def test_a_change_that_breaks_the_contract_fails_and_says_where(tmp_path: Path, repository: Repo) -> None:
    repository.write({TEMPLATE: PRIVILEGED})
    repository.commit(message="head")
    ran = run_check(tmp_path, "HEAD~1", "HEAD")
    assert ran.status == 1, ran.log
    assert ran.outputs == {"sarif": str(ran.sarif), "failed": "true"}
    [result] = json.loads(ran.sarif.read_text())["runs"][0]["results"]
    assert result["ruleId"] == "F-2"
    line = PRIVILEGED.splitlines().index("  privileged    = true") + 1
    assert f"::error file={TEMPLATE},line={line}" in ran.log
    assert "This pull request breaks the contract: F-2" in ran.summary


def test_a_change_that_keeps_it_passes(tmp_path: Path, repository: Repo) -> None:
    repository.write({TEMPLATE: TEXT + "\n# a note\n"})
    repository.commit(message="head")
    ran = run_check(tmp_path, "HEAD~1", "HEAD")
    assert ran.status == 0, ran.log
    assert ran.outputs["failed"] == "false"


def test_a_revision_that_is_not_there_is_one_line(tmp_path: Path, repository: Repo) -> None:
    ran = run_check(tmp_path, "nowhere", "HEAD")
    assert ran.status == 2
    assert ran.log.splitlines() == ["wrc: The revision 'nowhere' does not name a commit of this repository."]
    assert ran.outputs == {}
    assert repository


def test_no_text_of_a_pull_request_becomes_part_of_a_script() -> None:
    for step in yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_the_hook_is_a_command_that_there_is(repository: Repo) -> None:
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    program, *arguments = hook["entry"].split()
    assert program == "wrc"
    repository.write({TEMPLATE: PRIVILEGED})
    command = [sys.executable, "-m", "bot", *arguments]
    done = subprocess.run(command, cwd=repository.path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 1
