"""`wrc validate` from end to end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sarif_pydantic import Sarif

import bot
from tests.cli.conftest import Wrc
from tests.gitrepo import Repo

SCHEMA = json.loads((Path(bot.__file__).parent / "schema" / "validate-v1.schema.json").read_text(encoding="utf-8"))
TASKS = "openspec/changes/tidy/tasks.md"
DELTA = """\
## ADDED Requirements

### Requirement: Tidy Homes
A home SHALL be tidy.

#### Scenario: Swept
- **WHEN** the agent starts
- **THEN** the home SHALL be swept
"""
CHANGE = {"openspec/changes/tidy/specs/homes/spec.md": DELTA, TASKS: "## 1. Start\n\n- [ ] 2.1 Sweep\n"}


def validate_json(wrc: Wrc, repo: Path, *args: str) -> dict[str, Any]:
    outcome = wrc("validate", "--repo", repo, "--format", "json", *args)
    assert outcome.error == ""
    found: dict[str, Any] = json.loads(outcome.out)
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    assert outcome.status == int(not found["valid"])
    return found


def test_the_schema_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_warnings_fail_only_if_strict(governed: Repo, wrc: Wrc) -> None:
    governed.write(CHANGE)
    found = validate_json(wrc, governed.path)
    assert (found["rev"], found["valid"], found["strict"]) == ("WORKTREE", True, False)
    (issue,) = [issue for issue in found["issues"] if issue["family"] == "openspec"]
    assert (issue["code"], issue["level"], issue["path"], issue["line"]) == ("C20", "WARNING", TASKS, 3)
    assert validate_json(wrc, governed.path, "--strict")["valid"] is False


def test_families_can_be_chosen(governed: Repo, wrc: Wrc) -> None:
    governed.write({**CHANGE, "a.tf": "a  = 1\n"})
    assert {issue["family"] for issue in validate_json(wrc, governed.path)["issues"]} >= {"openspec", "fmt"}
    found = validate_json(wrc, governed.path, "--only", "fmt,openspec", "--strict")
    assert found["families"] == ["openspec", "fmt"]
    assert validate_json(wrc, governed.path, "--only", "missions")["issues"] == []


def test_any_revision(governed: Repo, wrc: Wrc) -> None:
    before = governed.git("rev-parse", "HEAD")
    governed.commit({"a.tf": "a  = 1\n"})
    assert not validate_json(wrc, governed.path, "--only", "fmt", "--rev", "main")["valid"]
    assert validate_json(wrc, governed.path, "--only", "fmt", "--rev", before)["valid"]


def test_a_log_is_compared_with_the_default_branch(governed: Repo, wrc: Wrc) -> None:
    log = "kitty-specs/x-01JZQ4V0/status.events.jsonl"
    governed.commit({log: '{"event_type": "a"}\n{"event_type": "b"}\n'})
    governed.git("checkout", "--quiet", "-b", "topic")
    governed.write({log: '{"event_type": "b"}\n'})
    issues = validate_json(wrc, governed.path, "--only", "missions")["issues"]
    assert "append-only" in {issue["code"] for issue in issues}


@pytest.mark.parametrize("output", ["text", "github", "markdown", "sarif"])
def test_every_format_names_the_place(governed: Repo, wrc: Wrc, output: str) -> None:
    governed.write(CHANGE)
    out = wrc("validate", "--repo", governed.path, "--format", output).out
    assert TASKS in out
    assert "renumber" in out
    if output == "sarif":
        (run,) = Sarif.model_validate_json(out).runs
        assert run.results is not None
        assert run.results[0].rule_id == "openspec/C20"


def test_bad_usage(governed: Repo, wrc: Wrc) -> None:
    outcome = wrc("validate", "--repo", governed.path, "--only", "openspec,spelling")
    assert outcome.status == 2
    assert "'spelling' is none of openspec, contract, missions, fmt" in outcome.error
    assert wrc("validate", "--repo", governed.path, "--rev", "nowhere").status == 2


def test_the_openspec_command_s_own_report_is_part_of_the_answer(governed: Repo, wrc: Wrc) -> None:
    governed.write(CHANGE)
    found = validate_json(wrc, governed.path, "--only", "openspec", "--strict")
    assert found["openspec"]["summary"]["totals"] == {"items": 1, "passed": 0, "failed": 1}
    (item,) = found["openspec"]["items"]
    assert (item["id"], item["type"], item["valid"]) == ("tidy", "change", False)
    (issue,) = item["issues"]
    assert (issue["level"], issue["path"], issue["line"]) == ("WARNING", "tasks.md", 3)
    assert validate_json(wrc, governed.path, "--only", "fmt")["openspec"] is None


def test_a_spec_of_five_megabytes_is_read(governed: Repo, wrc: Wrc) -> None:
    governed.write({"openspec/changes/tidy/specs/homes/spec.md": DELTA + "x" * 5_000_000})
    assert validate_json(wrc, governed.path, "--only", "openspec")["openspec"]["items"][0]["valid"] is True
