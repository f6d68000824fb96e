"""What a change took away is offered to be put back where it stood."""

from __future__ import annotations

import re

import pytest

from rules.model import Edit
from rules.sources.tree import MemoryTree
from tests.rules.harness import TEMPLATE, compare, host, introduced

RUNTIME = '  runtime       = "sysbox-runc"\n'
PRIVILEGED = "  privileged    = false\n"
OPTIONS = '  security_opts = ["apparmor:unconfined", "seccomp:unconfined"]\n'


def offered(old: str, new: str) -> list[tuple[str, str | None]]:
    """The rule and the text of the suggestion of each finding, after `old` became `new` in the template."""
    base = host("minimal")
    text = base.files[TEMPLATE]
    assert text.count(old) == 1
    head = MemoryTree.of({**base.files, TEMPLATE: text.replace(old, new)}, base.links)
    return [(each.rule, _text(each.suggestion)) for each in introduced(compare(base, head))]


def _text(edit: Edit | None) -> str | None:
    return edit.text if edit is not None else None


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        pytest.param(RUNTIME, "", [("INV-1", (RUNTIME + PRIVILEGED).rstrip("\n"))], id="a line that went"),
        pytest.param(
            RUNTIME,
            '  cgroupns_mode = "private"\n',
            [("INV-1", RUNTIME + '  cgroupns_mode = "private"')],
            id="another line came in its place, and stays",
        ),
        pytest.param(
            RUNTIME + PRIVILEGED,
            "",
            [("INV-1", (RUNTIME + PRIVILEGED + OPTIONS).rstrip("\n"))],
            id="two lines, which are one finding",
        ),
        pytest.param(RUNTIME, RUNTIME.replace("sysbox-runc", "runc"), [("INV-1", RUNTIME.rstrip("\n"))], id="a value"),
    ],
)
def test_it_is_put_back(old: str, new: str, found: list[tuple[str, str | None]]) -> None:
    assert offered(old, new) == found


def test_a_line_that_goes_on_comes_back_with_the_next_one() -> None:
    """A `RUN` is not put in front of another one with a backslash between them."""
    path, base = "image/Dockerfile", host("full")
    [old] = re.findall(r"RUN usermod (?:.*\\\n)+.*\n", base.files[path])
    new = "RUN usermod --login dev --home /home/dev --move-home ubuntu\n"
    head = MemoryTree.of({**base.files, path: base.files[path].replace(old, new)}, base.links)
    [found] = [each for each in introduced(compare(base, head)) if each.rule == "INV-2"]
    assert _text(found.suggestion) in (None, old.rstrip("\n"))
