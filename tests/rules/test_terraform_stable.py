"""Indentation, comments and blank lines, anywhere in the full-sized template, change nothing that anyone is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.harness import TEMPLATE, compare, host
from tests.rules.test_compare import written

_HEREDOC = re.compile(r"<<-(\w+)$")
_SHELL_HEREDOC = re.compile(r"<<'?(\w+)'?$")


def _zones(lines: list[str]) -> Iterator[str]:
    """What each line is: Terraform (`hcl`), a script in it (`shell`), or text that the script writes (`text`)."""
    outer = inner = ""
    for line in lines:
        if inner:
            yield "text"
            inner = "" if line == inner else inner
        elif outer and line.strip() == outer:
            yield "hcl"
            outer = ""
        elif outer:
            yield "shell"
            opened = _SHELL_HEREDOC.search(line)
            inner = opened[1] if opened else ""
        else:
            yield "hcl"
            opened = _HEREDOC.search(line)
            outer = opened[1] if opened else ""


@cache
def _template() -> tuple[tuple[str, str], ...]:
    lines = host("full").files[TEMPLATE].split("\n")
    return tuple(zip(lines, _zones(lines), strict=True))


def _changed(seed: dict[int, tuple[int, str]]) -> str:
    """The template with some lines indented anew and with another line before them."""
    kept: list[str] = []
    before = "hcl"
    for number, (line, zone) in enumerate(_template()):
        size, extra = seed.get(number, (-1, ""))
        # Between a line that opens a heredoc and its text there is no place for a line of ours.
        if zone != "text" and size >= 0 and not (before == "hcl" and zone == "shell"):
            kept.append(extra)
        kept.append(" " * size + line.lstrip() if size >= 0 and zone != "text" else line)
        before = zone
    return "\n".join(kept)


LINES = st.tuples(
    st.integers(0, 12), st.sampled_from(["", "    ", "# a note", "      # privileged = true", "# set -e"])
)


@settings(max_examples=25)
@given(st.dictionaries(st.integers(0, len(_template()) - 1), LINES, min_size=1, max_size=120))
def test_layout_introduces_and_affects_nothing(seed: dict[int, tuple[int, str]]) -> None:
    base = host("full")
    report = compare(base, written(base, {TEMPLATE: _changed(seed)}))
    assert (report.findings, report.affected, report.undecided, report.problems) == ((), (), (), ())


def test_the_template_has_lines_of_every_zone() -> None:
    zones = [zone for _, zone in _template()]
    assert len(zones) > 700
    assert zones.count("shell") > 300
    assert zones.count("text") > 40
    assert zones.count("hcl") > 250
