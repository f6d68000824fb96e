"""`wrc check` from end to end, on repositories that are made for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import bot
from rules.sources.terraform.grammar import parser
from tests.cli.conftest import BROKEN_RULE, FILE, SOCKET_LINE, TEMPLATE, Wrc
from tests.gitrepo import Repo

SCHEMA = json.loads((Path(bot.__file__).parent / "schema" / "check-v1.schema.json").read_text(encoding="utf-8"))


class WrcCheck(Wrc):
    def json(self, repo: Path, *args: str) -> dict[str, Any]:
        """The JSON of a check that ran, validated."""
        outcome = self("check", "--repo", repo, "--format", "json", *args)
        assert outcome.error == ""
        found: dict[str, Any] = json.loads(outcome.out)
        jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(found)
        assert outcome.status == int(found["conclusion"] == "failure")
        return found


@pytest.fixture
def wrc(capsys: pytest.CaptureFixture[str]) -> WrcCheck:
    return WrcCheck(capsys)


def introduced(found: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    return [(f["rule"], f["path"], f["line"]) for f in found["findings"] if f["status"] == "introduced"]


def branch(repo: Repo, files: Mapping[str, str | bytes], name: str = "topic") -> str:
    """A branch off main that holds `files` too; main goes on meanwhile."""
    repo.git("checkout", "--quiet", "-b", name)
    commit = repo.commit(files)
    repo.git("checkout", "--quiet", "main")
    repo.commit({"README.md": "moved on\n"})
    return commit


def test_violation_between_two_revisions(governed: Repo, wrc: WrcCheck) -> None:
    base = governed.git("rev-parse", "main")
    head = branch(governed, {FILE: BROKEN_RULE})
    found = wrc.json(governed.path, "--base", "main", "--head", "topic")
    assert (found["base"], found["head"], found["conclusion"]) == (base, head, "failure")
    assert introduced(found) == [("F-1", FILE, SOCKET_LINE)]


def test_violation_in_the_work_tree(governed: Repo, wrc: WrcCheck) -> None:
    governed.write({FILE: BROKEN_RULE})
    found = wrc.json(governed.path)
    assert (found["head"], introduced(found)) == ("WORKTREE", [("F-1", FILE, SOCKET_LINE)])


def test_violation_in_an_untracked_template(governed: Repo, wrc: WrcCheck) -> None:
    governed.write({"fresh/template.tf": BROKEN_RULE})
    assert introduced(wrc.json(governed.path)) == [("F-1", "fresh/template.tf", SOCKET_LINE)]


def test_bare_repository_with_pull_request_refs(governed: Repo, wrc: WrcCheck, tmp_path: Path) -> None:
    governed.git("update-ref", "refs/pull/44/head", branch(governed, {FILE: BROKEN_RULE}))
    bare = tmp_path / "bare.git"
    governed.git("clone", "--quiet", "--mirror", str(governed.path), str(bare))
    assert introduced(wrc.json(bare, "--head", "refs/pull/44/head")) == [("F-1", FILE, SOCKET_LINE)]


def test_what_was_there_before_is_nobodys_fault(repo: Repo, wrc: WrcCheck) -> None:
    repo.commit({FILE: BROKEN_RULE})
    repo.write({FILE: f"# A remark.\n{BROKEN_RULE}"})
    found = wrc.json(repo.path)
    assert [(f["status"], f["line"]) for f in found["findings"]] == [("preexisting", SOCKET_LINE + 1)]


def test_repaired(repo: Repo, wrc: WrcCheck) -> None:
    repo.commit({FILE: BROKEN_RULE})
    repo.write({FILE: TEMPLATE})
    assert [(f["status"], f["path"]) for f in wrc.json(repo.path)["findings"]] == [("fixed", FILE)]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"README.md": "other\n"}, id="not governed"),
        pytest.param({FILE: TEMPLATE.replace("\n", "\r\n")}, id="CRLF"),
        pytest.param({FILE: TEMPLATE.rstrip("\n")}, id="no final newline"),
        pytest.param({FILE: f"\ufeff{TEMPLATE}"}, id="byte order mark"),
        pytest.param({"second/template.tf": TEMPLATE}, id="template added"),
        pytest.param({"user-defined-web/logo.png": b"\x89PNG\0\xff"}, id="binary"),
        pytest.param({"user-defined-web/caf\udce9.txt": b"\xff\xfe"}, id="path that is not UTF-8"),
    ],
)
def test_harmless_changes(governed: Repo, wrc: WrcCheck, change: Mapping[str, str | bytes]) -> None:
    governed.write(change)
    found = wrc.json(governed.path)
    assert (found["findings"], found["conclusion"] in ("success", "skipped")) == ([], True)


def test_violation_in_a_crlf_file(governed: Repo, wrc: WrcCheck) -> None:
    governed.write({FILE: BROKEN_RULE.replace("\n", "\r\n")})
    assert introduced(wrc.json(governed.path)) == [("F-1", FILE, SOCKET_LINE)]


def test_renamed_and_deleted_templates(governed: Repo, wrc: WrcCheck) -> None:
    folder = governed.path / "user-defined-web"
    folder.rename(governed.path / "renamed")
    assert wrc.json(governed.path)["findings"] == []
    (governed.path / "renamed" / "template.tf").unlink()
    assert wrc.json(governed.path)["findings"] == []


def test_link_out_of_the_repository_is_not_followed(governed: Repo, wrc: WrcCheck, tmp_path: Path) -> None:
    secret = tmp_path / "secret.tf"
    secret.write_text(BROKEN_RULE)
    (governed.path / "user-defined-web" / "more.tf").symlink_to(secret)
    (governed.path / "outside").symlink_to(tmp_path)
    found = wrc.json(governed.path)
    assert found["findings"] == []
    assert [(u["rule"], u["path"]) for u in found["undecided"]] == [("INPUT", "user-defined-web/more.tf")]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(TEMPLATE.replace("{", "{{", 1), id="broken"),
        pytest.param(TEMPLATE.encode().replace(b"linux", b"\xff\xfe"), id="not UTF-8"),
        pytest.param(b"\0" * 100, id="binary"),
        pytest.param("# long\n" * 400_000, id="huge"),
    ],
)
def test_unreadable_template_is_told_and_no_violation(governed: Repo, wrc: WrcCheck, content: str | bytes) -> None:
    governed.write({FILE: content})
    found = wrc.json(governed.path)
    assert introduced(found) == []
    assert found["conclusion"] == "neutral"
    assert ("INPUT", FILE) in [(u["rule"], u["path"]) for u in found["undecided"]]


def test_same_revision(governed: Repo, wrc: WrcCheck) -> None:
    found = wrc.json(governed.path, "--base", "HEAD", "--head", "HEAD")
    assert (found["base"] == found["head"], found["conclusion"]) == (True, "skipped")


def test_formats(governed: Repo, wrc: WrcCheck) -> None:
    governed.write({FILE: BROKEN_RULE})
    starts = {"text": "failure 1 introduced", "json": "{", "sarif": "{", "github": "::error file=", "markdown": "## "}
    for name, start in starts.items():
        outcome = wrc("check", "--repo", governed.path, "--format", name)
        assert (outcome.status, outcome.error) == (1, "")
        assert outcome.out.startswith(start)
        assert f"{FILE}" in outcome.out
    assert wrc("check", "--repo", governed.path).out == wrc("check", "--repo", governed.path, "--format", "text").out


def test_default_is_the_folder_we_are_in(governed: Repo, wrc: WrcCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    governed.write({FILE: BROKEN_RULE})
    monkeypatch.chdir(governed.path / "user-defined-web")
    assert wrc("check").status == 1


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--head", "nowhere"], "The revision 'nowhere' does not name a commit of this repository."),
        (["--base", "--help-me"], "The revision '--help-me' does not name a commit of this repository."),
        (["--base", "a\x1b[31mb\nc"], "The revision 'a [31mb c' does not name a commit of this repository."),
        (["--format", "xml"], "'xml' is not one of 'text', 'json', 'sarif', 'github', 'markdown'."),
        (["--fromat", "json"], "No such option '--fromat'. Did you mean '--format'?"),
        (["extra"], "Got unexpected extra argument (extra)"),
        (["--repo", "/nonexistent"], "/nonexistent is not a folder."),
    ],
)
def test_bad_usage_is_one_line(
    governed: Repo, wrc: WrcCheck, monkeypatch: pytest.MonkeyPatch, args: list[str], sentence: str
) -> None:
    monkeypatch.chdir(governed.path)
    outcome = wrc("check", *args)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.error.startswith("wrc: ")
    assert sentence in outcome.error
    assert outcome.error.count("\n") == 1


def test_repositories_that_cannot_be_compared(repo: Repo, wrc: WrcCheck, tmp_path: Path) -> None:
    empty = wrc("check", "--repo", repo.path)
    assert (empty.status, empty.error) == (2, "wrc: The repository has no commit yet.\n")
    repo.commit({FILE: TEMPLATE})
    repo.git("checkout", "--quiet", "--orphan", "island")
    repo.commit({"a": "1\n"})
    unrelated = wrc("check", "--repo", repo.path, "--head", "island")
    assert (unrelated.status, unrelated.error) == (2, "wrc: The two revisions have no common history.\n")
    (tmp_path / "plain").mkdir()
    plain = wrc("check", "--repo", tmp_path / "plain")
    assert (plain.status, plain.error) == (2, f"wrc: {tmp_path / 'plain'} is not in a git repository.\n")
    bare = Repo(tmp_path / "bare", "--bare")
    assert wrc("check", "--repo", bare.path).error.startswith("wrc: The repository has no work tree; say with --head")


@pytest.mark.parametrize("args", [[], ["judge"], ["check", "--base"]])
def test_incomplete_commands_are_one_line(wrc: WrcCheck, args: list[str]) -> None:
    outcome = wrc(*args)
    assert (outcome.status, outcome.out, outcome.error.count("\n")) == (2, "", 1)


def test_help_is_no_failure(wrc: WrcCheck) -> None:
    outcome = wrc("check", "--help")
    assert (outcome.status, outcome.error) == (0, "")
    assert "Exit status: 0 nothing introduced that fails" in outcome.out


def test_version_is_the_installed_one(wrc: WrcCheck) -> None:
    outcome = wrc("--version")
    assert (outcome.status, outcome.out, outcome.error) == (0, f"wrc {version('wrc-bot')}\n", "")


def command(*args: str | Path, **environment: str) -> subprocess.Popen[bytes]:
    """The command line as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from bot.cli import main; main()", *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(bot.__file__).parent.parent,
        env=os.environ | environment,
    )


def test_reader_that_leaves_early_is_no_error(governed: Repo) -> None:
    governed.write({FILE: BROKEN_RULE})
    with command("check", "--repo", governed.path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_output_survives_a_narrow_encoding(governed: Repo) -> None:
    governed.write({"café ☕/template.tf": BROKEN_RULE})
    with command("check", "--repo", governed.path, PYTHONIOENCODING="ascii", PYTHONUTF8="0") as process:
        out, error = process.communicate()
    assert (process.returncode, error) == (1, b"")
    assert b"caf? ?/template.tf" in out


def test_starts_quickly_and_without_the_engine() -> None:
    code = "import sys; from bot.cli import run; run(['check', '--help']); print(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = done.stderr
    assert not [name for name in ("'hcl2'", "'fastapi'", "'dbos'", "'rich.console'", "'tree_sitter'") if name in loaded]


def test_a_check_loads_nothing_that_it_does_not_need(governed: Repo) -> None:
    """What the service, an audit, a validation and a page need would be half of the time that a check takes."""
    parser()  # the first start of all compiles the grammar of HCL
    code = "import sys; from bot.cli import run; run(sys.argv[1:]); print(sorted(sys.modules), file=sys.stderr)"
    check = ["check", "--repo", str(governed.path), "--format", "json"]
    loaded = subprocess.run([sys.executable, "-c", code, *check], capture_output=True, check=True, text=True).stderr
    heavy = (
        *("dbos", "fastapi", "githubkit", "httpx", "hcl2", "lark", "pydantic", "regex", "rich", "sqlalchemy"),
        *("rules.audit", "rules.validate"),
    )
    assert not [name for name in heavy if f"'{name}'" in loaded]


def test_internal_error_is_one_line_that_says_how_to_report_it(
    governed: Repo, wrc: WrcCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("two\nlines \x1b[31m")

    monkeypatch.setattr("bot.local.check", crash)
    outcome = wrc("check", "--repo", governed.path)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.error == (
        "wrc: internal error: RuntimeError: two lines  [31m "
        "(please report, run again with WRC_DEBUG=1 for the traceback)\n"
    )
    monkeypatch.setenv("WRC_DEBUG", "1")
    with pytest.raises(RuntimeError):
        wrc("check", "--repo", governed.path)


def test_ctrl_c_ends_it_without_a_word(tmp_path: Path) -> None:
    git, started = tmp_path / "git", tmp_path / "started"
    git.write_text(f"#!/bin/sh\n: > {started}\nexec sleep 60\n", encoding="utf-8")
    git.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = (sys.executable, "-m", "bot", "check", "--repo", str(tmp_path))
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        while not started.exists():
            assert process.poll() is None
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        out, error = process.communicate(timeout=30)
    assert (out, error.strip()) == (b"", b"")
    assert process.returncode == 130
