"""`docs/commands.md` and ``/wrc help`` say what the verbs' docstrings say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.service.commands import VERBS, Verb, manual

ROOT = Path(__file__).parents[2]


def test_the_written_page_is_fresh() -> None:
    command = [sys.executable, str(ROOT / "tools" / "command_page.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_a_verb_is_a_command_that_help_lists(verb: Verb) -> None:
    assert verb.usage.split()[:2] == ["/wrc", verb.name]
    assert f"| `{verb.usage}` | {verb.summary} | {verb.who} |" in manual()
