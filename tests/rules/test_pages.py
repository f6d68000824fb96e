"""Every rule's page: its shape, its examples held against the rule itself, and `docs/rules`."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from rules.model import Report
from rules.pages import SECTIONS, UnknownRule, find, page, related
from rules.registry import Rule, all_rules
from rules.sources.tree import MemoryTree
from tests.rules.harness import DOCKERFILE, TEMPLATE, HostName, compare, host

ROOT = Path(__file__).parents[2]
CHECKED = [rule for rule in all_rules() if rule.check or rule.image_check or rule.id == "W-3"]

NOT_PLANTED: dict[tuple[str, str], str] = {
    ("W-2", "Bad"): "a heredoc that is open is a problem of the file besides; see test_w2",
}
"""Examples (rule, heading) that this test cannot hold against the rule, each with the reason."""

_FENCE = re.compile(r"^```(\w+)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def examples(rule: Rule, heading: str) -> list[tuple[str, str]]:
    """The fenced blocks under a heading: (language, text)."""
    return [(found[1], found[2]) for found in _FENCE.finditer(rule.sections.get(heading, ""))]


# Shape


@pytest.mark.parametrize("rule", CHECKED, ids=lambda rule: rule.id)
def test_a_page_has_its_sections(rule: Rule) -> None:
    title, blank, _ = rule.page.split("\n", 2)
    assert title.endswith(".")
    assert not re.search(r"[.!?]\s", title), "the title is one sentence"
    assert blank == ""
    assert tuple(rule.sections) == SECTIONS
    assert all(rule.sections.values())
    assert re.match(r"[A-Z`].*[.)]$", rule.why), "the comment takes its words from the first paragraph"
    assert re.match(r"[A-Z`].*[.)]$", rule.fix)
    for heading in ("Bad", "Good"):
        found = examples(rule, heading)
        assert found
        assert {language for language, _ in found} <= {"hcl", "bash", "dockerfile"}


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_a_page_says_where_it_belongs(rule: Rule) -> None:
    text = page(rule)
    assert text.startswith(f"# {rule.id}: {rule.title}")
    assert f"\n\nRequirement: {rule.requirement}" in text
    assert rule.id not in related(rule)
    assert set(related(rule)) <= {other.id for other in all_rules()}


# The examples, planted in a template: each takes the place of what the template has of the same name.


def _planted(language: str, example: str) -> tuple[MemoryTree, MemoryTree]:
    where: HostName = "full" if language == "dockerfile" else "minimal"
    base = host(where)
    path = DOCKERFILE if language == "dockerfile" else TEMPLATE
    text = base.files[path]
    if language == "dockerfile":
        text += f"{example}\n"
    elif language == "bash":
        text = text.replace("    exit 0\n  EOT\n", textwrap.indent(example, "    ") + "\n    exit 0\n  EOT\n", 1)
    elif example.startswith("startup_script"):
        text += f'\nresource "coder_agent" "second" {{\n{textwrap.indent(example, "  ")}\n}}\n'
    elif re.match(r"(resource|data|locals|variable|module|output)\b", example):
        text = _with_blocks(text, example)
    elif example.startswith("env "):
        text = _in_block(text, 'resource "coder_agent" "main" {', example)
    else:
        text = _in_block(text, 'resource "docker_container" "workspace" {', example)
    return base, MemoryTree.of({**base.files, path: text}, base.links)


def _with_blocks(text: str, example: str) -> str:
    for head in re.findall(r"^(?:resource|data|variable|module|output) .*\{$", example, re.MULTILINE):
        text = re.sub(rf"^{re.escape(head)}\n(?:.*\n)*?\}}\n", "", text, flags=re.MULTILINE)
    return f"{text}\n{example}\n"


def _in_block(text: str, head: str, example: str) -> str:
    before, _, rest = text.partition(f"{head}\n")
    body, _, after = rest.partition("\n}\n")
    names = set(re.findall(r"^(\w+)\s*[={]", example, re.MULTILINE))
    for name in names:
        body = re.sub(rf"^  {name}\s*(?:= )?[\[{{]\n(?:.*\n)*?  [\]}}]\n", "", f"{body}\n", flags=re.MULTILINE)
        body = re.sub(rf"^  {name}\s*=.*\n", "", body, flags=re.MULTILINE)
    return f"{before}{head}\n{body}\n{textwrap.indent(example, '  ')}\n}}\n{after}"


def _cases(heading: str) -> list[object]:
    return [
        pytest.param(rule, language, text, id=f"{rule.id}-{number}")
        for rule in CHECKED
        if (rule.id, heading) not in NOT_PLANTED
        for number, (language, text) in enumerate(examples(rule, heading))
    ]


def _review(language: str, example: str) -> Report:
    base, head = _planted(language, example)
    assert base.files != head.files, "the example must be planted"
    report = compare(base, head)
    assert not [problem for problem in report.problems if problem.introduced]
    return report


@pytest.mark.parametrize(("rule", "language", "example"), _cases("Bad"))
def test_a_bad_example_is_found(rule: Rule, language: str, example: str) -> None:
    found = _review(language, example).findings
    # On a line that another rule speaks of too, it is told along with that.
    assert any(finding.rule == rule.id or f"{rule.id}: " in finding.message for finding in found)


@pytest.mark.parametrize(("rule", "language", "example"), _cases("Good"))
def test_a_good_example_is_not(rule: Rule, language: str, example: str) -> None:
    report = _review(language, example)
    assert rule.id not in {finding.rule for finding in report.findings} | {open_.rule for open_ in report.undecided}


def test_what_is_not_planted_exists() -> None:
    assert set(NOT_PLANTED) <= {(rule.id, heading) for rule in CHECKED for heading in ("Bad", "Good")}


# Finding a page


@pytest.mark.parametrize("name", ["F-1", "f-1", "F1", "f_1", " f 1 "])
def test_a_rule_is_found_as_people_write_it(name: str) -> None:
    assert find(name).id == "F-1"


@pytest.mark.parametrize(("name", "nearest"), [("F-11", "F-1"), ("INV-1O", "INV-1"), ("BOOTS", "BOOT")])
def test_an_unknown_rule_names_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(UnknownRule, match=f"^There is no rule '{name}'; the nearest is {nearest}"):
        find(name)


# docs/rules


def _pages(*args: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "rule_pages.py"), *map(str, args)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_written_pages_are_fresh() -> None:
    done = _pages("--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_stale_missing_and_left_over_pages_are_told_and_repaired(tmp_path: Path) -> None:
    assert _pages("--folder", tmp_path).returncode == 0
    assert _pages("--check", "--folder", tmp_path).returncode == 0
    (tmp_path / "F-1.md").write_text("old")
    (tmp_path / "F-2.md").unlink()
    (tmp_path / "F-99.md").write_text("gone")
    done = _pages("--check", "--folder", tmp_path)
    assert done.returncode == 1
    assert [re.sub(r".*/([^/]*\.md) is stale.*", r"\1", line) for line in done.stderr.splitlines()] == [
        "F-1.md", "F-2.md", "F-99.md",
    ]  # fmt: skip
    assert _pages("--folder", tmp_path).returncode == 0
    assert _pages("--check", "--folder", tmp_path).returncode == 0
