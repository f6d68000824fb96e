"""`.github/wrc.yml` as `wrc check` and `wrc audit` heed it: from the base, never from the change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.cli import run
from tests.gitrepo import Repo
from tests.rules.harness import FIXTURES

TEMPLATE = "user-defined-web/template.tf"
TEXT = (FIXTURES / "minimal" / TEMPLATE).read_text()
END = '    exit 0\n  EOT\n}\n\nresource "coder_app"'
OVERWRITES = TEXT.replace(END, "    cp /etc/skel/.profile ~/.profile\n" + END)
CONFIGURATION = ".github/wrc.yml"


@pytest.fixture
def repository(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


def checked(repository: Repo, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    run(["check", "--repo", str(repository.path), "--base", "HEAD~1", "--head", "HEAD", "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def text_of(repository: Repo, capsys: pytest.CaptureFixture[str]) -> str:
    run(["check", "--repo", str(repository.path), "--base", "HEAD~1", "--head", "HEAD"])
    return " ".join(capsys.readouterr().out.split())


def change(repository: Repo, configuration: str, text: str = OVERWRITES) -> None:
    assert OVERWRITES != TEXT
    repository.commit({TEMPLATE: TEXT, CONFIGURATION: configuration})
    repository.commit({TEMPLATE: text})


@pytest.mark.parametrize(
    ("configuration", "conclusion", "note"),
    [
        ("version: 1", "failure", ""),
        ("version: 1\nseverity: {F-5: warning}", "neutral", "F-5 counts as a warning at most"),
        ("version: 1\nseverity: {F-5: notice}", "success", "F-5 counts as a notice at most"),
        ("version: 1\nseverity: {F-5: off}", "success", "F-5 is switched off"),
        ("version: 1\nowned: [~/.profile]", "success", ""),
        ("version: 1\nowned: ['~/.b*']", "failure", ""),
        ("version: 1\nignore: [user-defined-web/]", "skipped", ""),
        ("version: 1\nignore: [other/]", "failure", "Nothing is reported in other/"),
        ("version: 1\ngoverned: [drupal-core]", "skipped", ""),
        ("version: 1\ngoverned: ['user-*']", "failure", ""),
        ("version: 1\nnonsense: 1", "failure", "The configuration is not valid"),
    ],
)
def test_the_base_decides(
    repository: Repo, capsys: pytest.CaptureFixture[str], configuration: str, conclusion: str, note: str
) -> None:
    change(repository, configuration)
    assert checked(repository, capsys)["conclusion"] == conclusion
    assert note in text_of(repository, capsys)


def test_a_change_cannot_relax_its_own_rules(repository: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    repository.commit({TEMPLATE: TEXT})
    repository.commit({TEMPLATE: OVERWRITES, CONFIGURATION: "version: 1\nseverity: {F-5: off}\n"})
    assert checked(repository, capsys)["conclusion"] == "failure"
    assert "counts once it is merged" in text_of(repository, capsys)


def test_a_change_that_breaks_the_configuration_is_told_its_line(
    repository: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit({TEMPLATE: TEXT, CONFIGURATION: "version: 1\n"})
    repository.commit({CONFIGURATION: "version: 1\nowned: [/etc]\n"})
    found = checked(repository, capsys)
    assert found["conclusion"] == "neutral"
    assert [(u["path"], u["line"]) for u in found["undecided"]] == [(CONFIGURATION, 2)]  # type: ignore[attr-defined]


def test_the_last_valid_version_is_found_in_the_history(repository: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    repository.commit({TEMPLATE: TEXT, CONFIGURATION: "version: 1\nseverity: {F-5: off}\n"})
    change(repository, "version: 1\nnonsense: 1\n")
    assert checked(repository, capsys)["conclusion"] == "success"
    assert "its version of commit" in text_of(repository, capsys)


def test_an_audit_heeds_it_too(repository: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    repository.commit({TEMPLATE: OVERWRITES, CONFIGURATION: "version: 1\ngoverned: [other]\n"})
    assert run(["audit", "--repo", str(repository.path), "--format", "json"]) == 0
    [template] = json.loads(capsys.readouterr().out)["templates"]
    assert template["governed"] is False


CONTRACT = (FIXTURES / "contract.md").read_text("utf-8")
SPEC = "openspec/changes/add-it/specs/workspace-runtime/spec.md"
NAMED = f"version: 1\ncontract:\n  ref: proposal\n  path: {SPEC}\n"


def test_the_contract_is_read_where_the_configuration_names_it(
    repository: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.git("remote", "add", "origin", "git@github.com:octo/templates.git")
    change(repository, NAMED)
    repository.git("checkout", "--quiet", "-b", "proposal", "HEAD~1")
    proposal = repository.commit({SPEC: CONTRACT})
    repository.git("checkout", "--quiet", "main")
    page = f"https://github.com/octo/templates/blob/{proposal}/{SPEC}"
    found = checked(repository, capsys)
    assert found["contract"] == {"source": "configured", "path": SPEC, "rev": proposal, "url": page}
    [finding] = [each for each in found["findings"] if each["status"] == "introduced"]  # type: ignore[attr-defined]
    line = CONTRACT.split("\n").index("- F-5: The user's files overwritten.") + 1
    assert finding["citation"]["url"] == f"{page}?plain=1#L{line}"


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (f"ref: proposal\n  path: {SPEC}", f"('{SPEC}' at proposal) is not in this clone; 'git fetch origin proposal"),
        ("ref: main\n  path: spec.md", "('spec.md' at main) does not exist. Until then our own summary counts."),
        ("ref: main\n  path: image", "('image' at main) does not exist."),
        (f"ref: main\n  path: {TEMPLATE}", f"holds no requirement in {TEMPLATE}."),
        ("repository: x/y\n  ref: main\n  path: spec.md", "at main of x/y) is in another repository, which only the"),
    ],
)
def test_a_contract_that_is_not_there_is_told(
    repository: Repo, capsys: pytest.CaptureFixture[str], place: str, told: str
) -> None:
    change(repository, f"version: 1\ncontract:\n  {place}\n")
    assert checked(repository, capsys)["contract"]["source"] == "bundled"  # type: ignore[index]
    assert told in text_of(repository, capsys)
