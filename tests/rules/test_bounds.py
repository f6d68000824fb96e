"""What grows without end is cut off and said to be unknown: a template cannot make the review slow or large."""

from __future__ import annotations

import resource
import time

import pytest

from rules.examination import examine
from rules.sources.tree import MemoryTree

CONTAINER = 'resource "coder_agent" "main" {{}}\nresource "docker_container" "workspace" {{\n  privileged = {}\n}}\n'
SECONDS = 20
MEGABYTES = 300


def doubled(template: str, first: str, times: int = 50) -> str:
    """Locals of which each is made of twice the one before."""
    steps = (f"  a{n} = {template.replace('P', f'local.a{n - 1}')}\n" for n in range(1, times))
    return f"locals {{\n  a0 = {first}\n{''.join(steps)}}}\n"


BOMBS = {
    "a string doubled fifty times": doubled('"${P}${P}"', '"x"') + CONTAINER.format('local.a49 == "x"'),
    "a list of itself": doubled("[P, P]", '["x"]') + CONTAINER.format("local.a49 == 1"),
    "a shallow list of itself": doubled("[P, P]", '["x"]', 26) + CONTAINER.format("local.a25 == 1"),
    "a list joined to itself": doubled("concat(P, P)", '["x"]') + CONTAINER.format("length(local.a49) == 1"),
    "a map of itself": doubled("{ a = P, b = P }", '{ z = "x" }') + CONTAINER.format("local.a49 == 1"),
    "padding": CONTAINER.format('format("%0999999999d", 3) == "x"'),
    "indentation": CONTAINER.format('indent(999999999, "a\\nb") == "x"'),
    "a replacement of everything": doubled('"${P}${P}"', '"x"', 20)
    + CONTAINER.format('replace(local.a19, "x", local.a19) == "y"'),
    "a number squared twelve times": doubled("P * P", "10", 12) + CONTAINER.format("local.a11 == 1"),
    "digits without end": CONTAINER.format(f"{'9' * 5000} % 5 == 1"),
    "characters that are none": CONTAINER.format(r'length("\ud800\U00110000${1e400 % 5}") == 1'),
    "a pattern that backtracks": CONTAINER.format(f'can(regex("(a|aa)+$", "{"a" * 60}b"))'),
    "holes that share out a text": CONTAINER.format(f'"{"${data.a.b.c}x" * 40}" == "{"x" * 200}y" || data.a.b.c'),
    "many pieces": doubled('"${P}${P}"', '"x,"', 18) + CONTAINER.format('split(",", local.a17) == 1'),
    "loops in loops": "locals {\n  r = range(1000)\n"
    "  x = [for a in local.r : [for b in local.r : [for c in local.r : a]]]\n}\n" + CONTAINER.format("local.x == 1"),
    "deep nesting": f"locals {{\n  x = {'[' * 400}{']' * 400}\n}}\n" + CONTAINER.format("local.x == 1"),
    "choices of choices": doubled('var.q ? "${P}a" : "${P}b"', '"x"', 40)
    + 'variable "q" {}\n'
    + CONTAINER.format('local.a39 == "x"'),
    "a reference to itself": "locals {\n  a = local.b\n  b = local.a\n}\n" + CONTAINER.format("local.a"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_value_that_grows_without_end_is_unknown(name: str) -> None:
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    seen = examine(MemoryTree.of({"web/template.tf": BOMBS[name]}))
    assert time.monotonic() - started < SECONDS
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MEGABYTES
    if name != "a pattern that backtracks":  # a linear-time engine simply answers
        assert seen.problems or any(each.rule == "F-2" for each in seen.side.undecided)
