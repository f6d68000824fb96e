"""W-2: lines whose indentation leaves a nested heredoc open. A heredoc that is open is a problem of the file too."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from rules.model import Finding, Report
from rules.sources.tree import MemoryTree
from tests.rules.harness import TEMPLATE, applied, compare, host, introduced

MARK = " # !W-2"
MOTD = """
    cat > /tmp/motd <<'MOTD'
    Welcome
      indented text
    MOTD
"""
TWO = """
    cat > /tmp/a <<EOF
    one
    EOF
    echo between
    cat > /tmp/b <<EOF
    two
    EOF
"""


@dataclass(frozen=True)
class Change:
    """Lines of the boot script before and after. The line with the mark is the one to speak of; `fixed` is it repaired.

    Lines stand as they are in the template: four columns are the common indentation.
    """

    name: str
    before: str
    after: str
    fixed: str | None = None
    files: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.name


BAD = (
    Change("a comment at the left edge", MOTD, f"{MOTD}# a note{MARK}\n", "    # a note"),
    Change("a command at the left edge", MOTD, f"{MOTD}echo done{MARK}\n", "    echo done"),
    Change("two columns too few", MOTD, f"{MOTD}  echo done{MARK}\n", "    echo done"),
    Change(
        "before the heredoc", MOTD, f"\nset -u_{MARK}\n".replace("set -u_", "echo first") + MOTD[1:], "    echo first"
    ),
    Change(
        "in the text of the heredoc",
        MOTD,
        MOTD.replace("    Welcome\n", f"    Welcome\nat the left edge{MARK}\n"),
        "    at the left edge",
    ),
    Change("a line that lost its indentation", f"{MOTD}    echo done\n", f"{MOTD}echo done{MARK}\n", "    echo done"),
    Change("one column too few", MOTD, f"{MOTD}   echo done{MARK}\n", "    echo done"),
    Change("the terminator moved in", MOTD, MOTD.replace("    MOTD\n", f"      MOTD{MARK}\n"), "    MOTD"),
    Change("the terminator by one column", MOTD, MOTD.replace("    MOTD\n", f"     MOTD{MARK}\n"), "    MOTD"),
    Change(
        "a new heredoc with a terminator too far in",
        "\n",
        MOTD.replace("    MOTD\n", f"      MOTD{MARK}\n"),
        "    MOTD",
    ),
    Change(
        "a dash, and blanks where bash wants tabs",
        "\n",
        MOTD.replace("<<'MOTD'", "<<-'MOTD'").replace("    MOTD\n", f"      MOTD{MARK}\n"),
        "    MOTD",
    ),
    Change("one of two of the same name", TWO, TWO.replace("    EOF\n", f"      EOF{MARK}\n", 1), "    EOF"),
    Change("the left edge with two of them", TWO, f"{TWO}# a note{MARK}\n", "    # a note"),
    Change(
        "in an if",
        "\n",
        "\n    if true; then\n      cat > /tmp/x <<EOF\n    text\n      EOF" + MARK + "\n    fi\n",
        "    EOF",
    ),
    Change(
        "in a file that is sourced",
        "    . /home/coder-files/lib.sh\n",
        "    . /home/coder-files/lib.sh\n",
        "EOF",
        (
            ("image/Dockerfile", "FROM ubuntu:24.04\nCOPY scripts /home/coder-files\n"),
            ("image/scripts/lib.sh", f"cat > /tmp/x <<EOF\ntext\n  EOF{MARK}\n"),
        ),
    ),
    Change("a blank at the end", MOTD, MOTD.replace("    MOTD\n", f"    MOTD {MARK}\n"), "    MOTD"),
)

GOOD = (
    Change("indented like the rest", MOTD, f"{MOTD}    # a note\n"),
    Change("further in", MOTD, f"{MOTD}        # a note\n"),
    Change("an empty line at the left edge", MOTD, f"{MOTD}\n\n    echo done\n"),
    Change("blanks only", MOTD, f"{MOTD}  \n    echo done\n"),
    Change("no heredoc at all", "\n", "\n# a note at the left edge\n    echo done\n"),
    Change(
        "terminators at the left edge",
        "\n",
        "\n    cat > /tmp/motd <<'MOTD'\nWelcome\nMOTD\n    echo done\n",
    ),
    Change("a dash and tabs", "\n", "\n    cat > /tmp/motd <<-MOTD\n    \tWelcome\n    \tMOTD\n    echo done\n"),
    Change("text moved in", MOTD, MOTD.replace("    Welcome", "        Welcome")),
    Change("the name within a longer line", MOTD, MOTD.replace("    Welcome", "      MOTD of today")),
    Change(
        "a heredoc in the text of another",
        "\n",
        "\n    cat > /tmp/s <<'EOF'\n" + "      cat <<EOF\n      a\n      EOF\n" * 2 + "    EOF\n",
    ),
    Change("a here-string", "\n", "\n    cat <<< EOF\n      EOF=1\n"),
    Change("one more of the same name", TWO, TWO + TWO[1:]),
)


def tree(boot: str, files: tuple[tuple[str, str], ...] = ()) -> MemoryTree:
    there = host("minimal").files[TEMPLATE]
    before = "    ddev utility download-images\n"
    assert there.count(before) == 1
    # The host's own heredoc is kept out of the way of what is planted.
    there = re.sub(r"cat > (\S+) <<'PROFILE'\n.*?\n    PROFILE\n", r"touch \1\n", there, flags=re.DOTALL)
    text = there.replace(before, before + boot.strip("\n") + "\n")
    return MemoryTree.of({**host("minimal").files, **dict(files), TEMPLATE: text})


def planted(change: Change) -> tuple[MemoryTree, MemoryTree, tuple[str, int]]:
    head = tree(change.after, change.files)
    where = next(
        ((path, n) for path, text in head.files.items() for n, line in enumerate(text.split("\n"), 1) if MARK in line),
        ("", 0),
    )
    head = MemoryTree.of({path: text.replace(MARK, "") for path, text in head.files.items()})
    base = tree(change.before)
    if change.files:
        good = dict(change.files) | {"image/scripts/lib.sh": "cat > /tmp/x <<EOF\ntext\nEOF\n"}
        base = tree(change.before, tuple(good.items()))
    return base, head, where


def own(report: Report) -> list[Finding]:
    return [finding for finding in introduced(report) if finding.rule == "W-2"]


@pytest.mark.parametrize("change", BAD, ids=str)
def test_the_line_that_opened_it_is_found(change: Change) -> None:
    base, head, where = planted(change)
    report = compare(base, head)
    [finding] = own(report)
    assert (finding.path, finding.line, finding.level) == (*where, "warning"), finding
    assert finding.anchor is not None
    assert report.conclusion == "neutral", [(f.rule, f.line, f.message) for f in introduced(report)]


@pytest.mark.parametrize("change", [change for change in BAD if change.fixed is not None], ids=str)
def test_the_line_is_put_right(change: Change) -> None:
    base, head, (path, number) = planted(change)
    [finding] = own(compare(base, head))
    assert finding.suggestion is not None
    repaired = applied(head, finding.suggestion)
    assert repaired.files[path].split("\n")[number - 1] == change.fixed
    assert introduced(compare(base, repaired)) == []


@pytest.mark.parametrize("change", BAD, ids=str)
def test_what_was_open_before_is_nobodys_fault(change: Change) -> None:
    _, head, _ = planted(change)
    moved = MemoryTree.of({**head.files, TEMPLATE: "# moved\n" * 30 + head.files[TEMPLATE]})
    assert introduced(compare(head, moved)) == []
    worse = MemoryTree.of(
        {**head.files, TEMPLATE: head.files[TEMPLATE].replace("    exit 0\n  EOT", "echo\n    exit 0\n  EOT", 1)}
    )
    assert own(compare(head, worse)) == []


@pytest.mark.parametrize("change", GOOD, ids=str)
def test_a_heredoc_that_is_closed_is_not_spoken_of(change: Change) -> None:
    base, head, _ = planted(change)
    assert own(compare(base, head)) == []


def test_a_heredoc_of_terraform_that_strips_nothing_any_more_is_spoken_of_where_it_begins() -> None:
    base = tree(MOTD)
    text = base.files[TEMPLATE].replace("startup_script = <<-EOT", "startup_script = <<EOT")
    head = MemoryTree.of({**base.files, TEMPLATE: text.replace("    exit 0\n  EOT\n", "    exit 0\nEOT\n", 1)})
    [finding] = own(compare(base, head))
    assert text.split("\n")[finding.line - 1] == "  startup_script = <<EOT"
    assert "`<<-` would" in finding.message
    assert finding.anchor is not None


def test_the_cases_are_different() -> None:
    assert len({change.name for change in (*BAD, *GOOD)}) == len(BAD) + len(GOOD)
    assert len({(change.before, change.after, change.files) for change in (*BAD, *GOOD)}) == len(BAD) + len(GOOD)
