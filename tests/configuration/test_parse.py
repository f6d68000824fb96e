"""What an operator reads when `.github/wrc.yml` is wrong, and that nothing breaks its reader."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bot.configuration import DEFAULT, MAX_CHARACTERS, Configuration, ContractPlace, Fault, in_force, parse
from rules.policy import SOURCE as PATH
from rules.sources.tree import MemoryTree

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "bot" / "schema" / "config-v1.schema.json").read_text())

FULL = """\
version: 1
governed: [user-defined-web, "drupal-*"]
ignore:
  - experiments/
severity:
  F-5: warning
  F-10: off
  INV-5: failure
owned:
  - ~/.bash_profile
drafts: comment
comments:
  style: summary
  max_inline: 5
contract:
  repository: octo/contracts
  ref: refs/pull/149/head
  path: openspec/changes/add-it/specs/workspace-runtime/spec.md
"""


def faults(text: str) -> Fault:
    found = parse(text)
    assert isinstance(found, Fault), found
    return found


def test_all_settings_at_once() -> None:
    found = parse(FULL)
    assert isinstance(found, Configuration)
    policy = found.policy
    assert policy.governs("drupal-core")
    assert not policy.governs("other")
    assert policy.ignores("experiments/deep/template.tf")
    assert policy.owns("/home/coder/.bash_profile")
    assert dict(policy.severities) == {"F-5": "warning", "F-10": "off", "INV-5": "failure"}
    assert (found.drafts, found.comments.style, found.comments.max_inline) == ("comment", "summary", 5)
    assert found.contract == ContractPlace(
        repository="octo/contracts",
        ref="refs/pull/149/head",
        path="openspec/changes/add-it/specs/workspace-runtime/spec.md",
    )
    Draft202012Validator(SCHEMA).validate(yaml.safe_load(FULL.replace("off", '"off"')))


def test_the_least_is_a_version() -> None:
    assert parse("version: 1\n") == DEFAULT
    assert DEFAULT.policy.governs("anything")
    assert not DEFAULT.policy.governs("freeform")


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, 1, "`version` is missing; write `version: 1`"),
        ("version: 2", 1, 10, "`version`: input should be 1"),
        ("version: 1\ngoverend: [a]", 2, 1, "there is no setting `goverend`; `governed` is one"),
        ("version: 1\nseverity:\n  F-99: warning", 2, 1, "`severity`: there is no rule F-99; F-9 is one"),
        ("version: 1\nseverity:\n  F-9: loud", 3, 8, "`severity.F-9`: input should be 'failure', 'warning'"),
        ("version: 1\nignore:\n  - a\n  - /etc", 4, 5, "`ignore.1`: must be a path from the top of the repository"),
        ("version: 1\nignore:\n  - ../x", 3, 5, "without .."),
        ("version: 1\nignore: experiments", 2, 9, "`ignore`: input should be a valid list"),
        ("version: 1\nowned: [/etc/passwd]", 2, 9, "must be a path in the home, such as ~/.bash_profile"),
        ("version: 1\ncontract:\n  repository: x\n  ref: main\n  path: p", 3, 15, "must be owner/name"),
        ("version: 1\ncontract:\n  path: p", 3, 3, "`contract.ref` is missing"),
        ("version: 1\ncontract:\n  ref: main:x\n  path: p", 3, 8, "must be a branch, a tag, a commit"),
        ("version: 1\ncontract:\n  ref: -x\n  path: p", 3, 8, "must be a branch, a tag, a commit"),
        ("version: 1\ncontract:\n  ref: main\n  path: ../p", 4, 9, "without .."),
        ("version: 1\ncontract:\n  ref: main\n  path: p\n  paht: p", 5, 3, "`contract.path` is one"),
        ("version: 1\nversion: 1", 2, 1, "`version` stands there twice"),
        ("version: 1\ndrafts: never", 2, 9, "`drafts`: input should be 'hold' or 'comment'"),
        ("version: 1\ncomments: none", 2, 11, "`comments`: input should be a valid dictionary"),
        ("version: 1\ncomments:\n  max_inline: 99", 3, 15, "`comments.max_inline`: input should be less than or equal"),
        ("version: 1\ncomments:\n  stile: none", 3, 3, "no setting `comments.stile`; `comments.style` is one"),
        ("version: 1\nignore: [a", 2, 11, "it is no YAML"),
        ("version: 1\n\tignore: [a]", 2, 1, "it is no YAML"),
        ("- version", 1, 1, "it must be settings"),
        ("version: &a 1\nignore: *a", 2, 9, "aliases such as `*name` are not taken"),
        ("version: 1\nx: " + "[" * 50 + "]" * 50, 2, 14, "nested more than 10 deep"),
        ("version: 1 #" + "x" * MAX_CHARACTERS, 1, 1, "longer than 65536 characters"),
        ("version: !!python/object/apply:os.system ['true']", 1, 10, "`version`: input should be 1"),
    ],
)
def test_a_fault_has_its_place_and_the_way_out(text: str, line: int, column: int, words: str) -> None:
    found = faults(text)
    assert words in found.message
    assert (found.line, found.column) == (line, column), found


@given(st.text(alphabet=st.sampled_from("version: 1\n-[]{}&*!|>'\"#ab?,severity"), max_size=80))
def test_any_text_is_a_configuration_or_one_fault(text: str) -> None:
    found = parse(text)
    if isinstance(found, Fault):
        assert found.line >= 1 <= found.column
        assert found.message
        assert "\n" not in found.message


def test_the_newest_valid_version_stays_in_force() -> None:
    base = MemoryTree.of({PATH: "version: 1\ngoverend: []\n"})
    versions = [("c" * 40, "version: 1\ngoverend: []\n"), ("b" * 40, "version: 1\nignore: [x]\n"), ("a" * 40, FULL)]
    found = in_force(base, base, lambda: versions)
    assert found.configuration.ignore == ["x"]
    [remark] = found.remarks
    assert (remark.path, remark.line) == (PATH, 2)
    assert remark.text.startswith("The configuration is not valid: there is no setting `goverend`; `governed` is one. ")
    assert remark.text.endswith("Until it is corrected, its version of commit bbbbbbbbbbbb is in force.")
    assert found.problems == ()
    assert in_force(base).configuration == DEFAULT
    assert "the defaults are in force" in in_force(base).remarks[0].text


def test_what_a_change_proposes_is_linted_and_not_in_force() -> None:
    base = MemoryTree.of({PATH: "version: 1\n"})
    head = MemoryTree.of({PATH: "version: 1\nseverity:\n  F-2: of\n"})
    found = in_force(base, head)
    assert found.configuration == DEFAULT
    assert "counts once it is merged" in found.remarks[0].text
    [problem] = found.problems
    assert (problem.path, problem.line, problem.introduced) == (PATH, 3, True)
    assert in_force(base, MemoryTree.of({PATH: "version: 1\nignore: [x]\n"})).problems == ()
    assert in_force(base, MemoryTree.of({})).remarks


def test_the_schema_and_the_reference_are_fresh() -> None:
    command = [sys.executable, str(ROOT / "tools" / "configuration_docs.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
