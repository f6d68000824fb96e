"""`wrc audit` from end to end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import bot
from tests.cli.conftest import BROKEN_RULE, FILE, SOCKET_LINE, TEMPLATE, Wrc
from tests.gitrepo import Repo

SCHEMAS = Path(bot.__file__).parent / "schema"
SCHEMA = json.loads((SCHEMAS / "audit-v1.schema.json").read_text(encoding="utf-8"))


def audit_json(wrc: Wrc, repo: Path, *args: str) -> dict[str, Any]:
    outcome = wrc("audit", "--repo", repo, "--format", "json", *args)
    assert (outcome.status, outcome.error) == (0, "")
    found: dict[str, Any] = json.loads(outcome.out)
    jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(found)
    return found


def verdict(found: dict[str, Any], template: str, rule: str) -> str:
    [audited] = [each for each in found["templates"] if each["name"] == template]
    [verdict] = [each["verdict"] for each in audited["requirements"] if each["id"] == rule]
    return str(verdict)


def test_the_schema_is_valid_and_shares_its_parts_with_the_other() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    check = json.loads((SCHEMAS / "check-v1.schema.json").read_text(encoding="utf-8"))
    for name in ("finding", "drift"):
        assert SCHEMA["$defs"][name] == check["$defs"][name]


def test_the_work_tree_is_the_default(governed: Repo, wrc: Wrc) -> None:
    governed.write({FILE: BROKEN_RULE})
    found = audit_json(wrc, governed.path)
    assert found["rev"] == "WORKTREE"
    assert verdict(found, "user-defined-web", "F-1") == "broken"
    socket = next(each for each in found["findings"] if each["rule"] == "F-1")
    assert (socket["path"], socket["line"], socket["status"]) == (FILE, SOCKET_LINE, "preexisting")


def test_the_default_branch_is_the_default_of_a_bare_repository(governed: Repo, wrc: Wrc, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    governed.git("clone", "--quiet", "--bare", str(governed.path), str(bare))
    found = audit_json(wrc, bare)
    assert found["rev"] == governed.git("rev-parse", "main")
    assert verdict(found, "user-defined-web", "F-1") == "holds"


def test_any_revision(governed: Repo, wrc: Wrc) -> None:
    broken = governed.commit({FILE: BROKEN_RULE, "freeform/template.tf": TEMPLATE})
    governed.commit({FILE: TEMPLATE})
    found = audit_json(wrc, governed.path, "--rev", broken[:10])
    assert found["rev"] == broken
    assert verdict(found, "user-defined-web", "F-1") == "broken"
    assert verdict(found, "freeform", "F-1") == "not-applicable"
    assert verdict(audit_json(wrc, governed.path, "--rev", "HEAD"), "user-defined-web", "F-1") == "holds"


def test_text_is_a_table_and_what_does_not_hold(governed: Repo, wrc: Wrc, monkeypatch: pytest.MonkeyPatch) -> None:
    governed.write({FILE: BROKEN_RULE, "freeform/template.tf": TEMPLATE})
    monkeypatch.setenv("COLUMNS", "120")
    lines = wrc("audit", "--repo", governed.path).out.splitlines()
    assert lines[0].split() == ["freeform", "user-defined-web"]
    rows = {line.split(" ", 1)[0]: line.split()[-2:] for line in lines[1 : lines.index("")]}
    assert (rows["F-1"], rows["F-2"]) == (["–", "✗"], ["–", "✓"])
    assert any(line.startswith(f"  {FILE}:{SOCKET_LINE} ") for line in lines)
    assert max(map(len, lines[: lines.index("")])) <= 120


def test_templates_are_numbered_where_names_do_not_fit(
    governed: Repo, wrc: Wrc, monkeypatch: pytest.MonkeyPatch
) -> None:
    governed.write({f"a-rather-long-name-{number}/template.tf": TEMPLATE for number in range(5)})
    monkeypatch.setenv("COLUMNS", "80")
    lines = wrc("audit", "--repo", governed.path).out.splitlines()
    assert lines[0] == "1: a-rather-long-name-0"
    assert lines[6].split() == ["1", "2", "3", "4", "5", "6"]
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("output", ["text", "json", "sarif", "github", "markdown"])
def test_every_format_tells_what_is_broken(governed: Repo, wrc: Wrc, output: str) -> None:
    governed.write({FILE: BROKEN_RULE})
    outcome = wrc("audit", "--repo", governed.path, "--format", output)
    assert (outcome.status, outcome.error) == (0, "")
    assert "F-1" in outcome.out
    assert str(SOCKET_LINE) in outcome.out


def test_nothing_to_audit(repo: Repo, wrc: Wrc) -> None:
    repo.commit({"README.md": "about\n"})
    assert audit_json(wrc, repo.path)["templates"] == []
    assert "no template" in wrc("audit", "--repo", repo.path).out
    assert "no template" in wrc("audit", "--repo", repo.path, "--format", "markdown").out


@pytest.mark.parametrize("args", [("--rev", "nowhere"), ("--rev", "--all"), ("--format", "xml")])
def test_bad_input_is_one_line(governed: Repo, wrc: Wrc, args: tuple[str, ...]) -> None:
    outcome = wrc("audit", "--repo", governed.path, *args)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.error.startswith("wrc: ")
    assert outcome.error.count("\n") == 1
