"""Suggestions that are tried together: each is offered for what it does itself."""

from __future__ import annotations

import re

import pytest

from rules.examination import Examined, examine
from rules.sources.terraform.canonical import misformatted
from rules.sources.tree import MemoryTree
from tests.rules.harness import Case, applied, compare, introduced, plant

SOCKET = """
    volumes {
      container_path = "/var/run/docker.sock"
      host_path      = "/var/run/docker.sock"
    }
"""
TRANSPORT = 'echo "export GIT_SSH_COMMAND=$GIT_SSH_COMMAND" >> ~/.bashrc'


def offered(case: Case) -> list[tuple[str, str | None]]:
    planted = plant(case, "minimal")
    found = introduced(compare(planted.base, planted.head))
    return sorted((each.rule, each.suggestion.text if each.suggestion is not None else None) for each in found)


def test_one_that_does_not_help_keeps_none_of_the_others_back() -> None:
    """The second socket makes the same finding, which is still there when the first one is taken away."""
    twice = Case(name="twice", container=f"privileged = true\n{SOCKET}\n{SOCKET}", boot="set -e")
    assert offered(twice) == [("F-1", None), ("F-10", "    set +e"), ("F-2", "  privileged = false")]


def test_two_that_only_do_harm_together_are_both_offered() -> None:
    """Without both lines the body would be empty, which is no bash."""
    body = Case(name="body", boot=f"if [ -d /x ]; then\n  {TRANSPORT}\n  sudo systemctl start docker\nfi")
    assert offered(body) == [("F-4", ""), ("F-9", "")]


def test_what_does_more_than_what_is_wrong_is_not_taken_away() -> None:
    line = 'grep -q "$name" ~/.bashrc || echo "$name=$(hostname)" >> ~/.bashrc'
    both = Case(name="loop", boot=f"for name in TZ CODER_WORKSPACE_NAME; do\n  {line}\ndone")
    assert offered(both) == [("F-8", None)]


def test_an_entry_is_written_inside_a_map_that_begins_with_a_comment() -> None:
    path = "user-defined-web/template.tf"
    tree = plant(Case(name="nothing", boot=""), "minimal").base
    text = tree.files[path].replace("  env = {\n", "  env = {\n    # Who this is.\n")
    lacking = MemoryTree.of({**tree.files, path: re.sub(r".*CODER_WORKSPACE_ID .*\n", "", text)})
    new = MemoryTree.of({name: each for name, each in tree.files.items() if name != path})
    [found] = [each for each in introduced(compare(new, lacking)) if each.rule == "INV-9"]
    assert found.suggestion is not None
    assert found.suggestion.text == "  env = {\n    CODER_WORKSPACE_ID = data.coder_workspace.me.id"


def test_many_take_few_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = []

    def counted(*args: object, **options: object) -> Examined:
        trials.append(args)
        return examine(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("rules.suggestions.examine", counted)
    boot = f"set -e\nsudo systemctl start docker\n{TRANSPORT}"
    many = Case(name="many", container=f"privileged = true\n{SOCKET}", boot=boot)
    assert None not in [text for _, text in offered(many)]
    assert len(trials) == 1


def test_an_attribute_is_written_as_terraform_fmt_has_it() -> None:
    """Also one whose name is longer than what it stands above, and several at once."""
    path = "user-defined-web/template.tf"
    tree = plant(Case(name="nothing", boot=""), "minimal").base
    new = MemoryTree.of({name: each for name, each in tree.files.items() if name != path})
    for names in ("destroy_grace_seconds", "stop_signal|stop_timeout|destroy_grace_seconds"):
        text = re.sub(rf"^  (?:{names}) .*\n", "", tree.files[path], flags=re.MULTILINE)
        text = text.replace("stop_signal           =", "stop_signal  =").replace(
            "stop_timeout          =", "stop_timeout ="
        )
        head = MemoryTree.of({**tree.files, path: text})
        [found] = introduced(compare(new, head))
        assert found.suggestion is not None
        assert misformatted(applied(head, found.suggestion).files[path]) == ()
