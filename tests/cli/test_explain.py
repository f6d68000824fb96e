"""`wrc explain`: a rule's page, and the catalogue."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from rules.pages import page
from rules.registry import all_rules, rule
from tests.cli.conftest import Wrc


def test_the_catalogue_names_every_rule(wrc: Wrc) -> None:
    outcome = wrc("explain")
    assert (outcome.status, outcome.error) == (0, "")
    for each in all_rules():
        assert f"\n{each.id} " in f"\n{outcome.out}"
    assert "Sysbox Container Runtime" in outcome.out
    assert " ".join(rule("F-1").title.split()) in " ".join(outcome.out.split())


@pytest.mark.parametrize("name", ["F-1", "f1"])
def test_a_page_is_markdown_where_nobody_looks(wrc: Wrc, name: str) -> None:
    outcome = wrc("explain", name)
    assert (outcome.status, outcome.error, outcome.out) == (0, "", page(rule("F-1")))


@pytest.mark.parametrize("each", all_rules(), ids=lambda each: each.id)
def test_every_rule_has_a_page(wrc: Wrc, each: object) -> None:
    assert wrc("explain", getattr(each, "id", "")).status == 0


def test_an_unknown_rule_is_one_line(wrc: Wrc) -> None:
    outcome = wrc("explain", "inv-12")
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.error == "wrc: There is no rule 'inv-12'; the nearest is INV-2. 'wrc explain' lists them.\n"


@pytest.mark.parametrize("no_colour", [False, True])
def test_a_page_is_laid_out_for_a_terminal(no_colour: bool) -> None:
    main, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "70"} | ({"NO_COLOR": "1"} if no_colour else {})
    if not no_colour:
        environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "bot", "explain", "F-1"]
    with subprocess.Popen(command, stdout=terminal, env=environment) as process:
        os.close(terminal)
        shown = b""
        while chunk := _read(main):
            shown += chunk
    os.close(main)
    assert process.returncode == 0
    assert b"##" not in shown
    assert b"What it does" in shown
    assert (b"\x1b[4;35m" in shown) is not no_colour


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux says that the other end is closed by an input/output error.
        return b""
