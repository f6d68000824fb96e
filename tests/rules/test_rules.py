"""Every rule on its table of cases, and the harness on tables that it must refuse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Literal

import pytest

import tests.rules.cases
from rules.registry import all_rules
from tests.rules.harness import (
    BadTable,
    Case,
    Code,
    HostName,
    Mark,
    check_introduced,
    check_not_blamed,
    check_suggestions,
    compare,
    host,
    plant,
    read_marks,
    validate,
)

ELSEWHERE = {"F-10": Path(__file__).parent / "test_f10.py", "W-2": Path(__file__).parent / "test_w2.py"}
"""Rules that have another kind of table."""


@dataclass(frozen=True)
class Table:
    rule: str
    bad: Sequence[Case]
    good: Sequence[Case]
    undecided: Sequence[Case]


def _tables() -> list[Table]:
    modules = (
        import_module(f"{tests.rules.cases.__name__}.{m.name}") for m in iter_modules(tests.rules.cases.__path__)
    )
    return [Table(m.RULE, m.BAD, m.GOOD, getattr(m, "UNDECIDED", ())) for m in modules]


TABLES = _tables()


Kind = Literal["bad", "good", "undecided"]
KINDS: tuple[Kind, ...] = ("bad", "good", "undecided")


@pytest.mark.parametrize(
    ("case", "where", "kind"),
    [
        pytest.param(case, where, kind, id=f"{table.rule}-{case.name}-{where}")
        for table in TABLES
        for kind in KINDS
        for case in getattr(table, kind)
        for where in case.on
    ],
)
def test_the_review_says_what_the_case_marks(case: Case, where: HostName, kind: Kind) -> None:
    """And nobody is blamed for what was there, and suggestions help, where the size of the host says nothing new.

    Together, because they look at the same trees, which are examined once.
    """
    check_introduced(case, where)
    if where == case.on[0] and kind != "good":
        check_not_blamed(case, where)
    if where == case.on[0] and kind == "bad":
        check_suggestions(case, where)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.rule)
def test_the_table_cannot_pass_by_mistake(table: Table) -> None:
    validate(table.rule, table.bad, table.good, table.undecided)


def test_every_rule_has_a_table() -> None:
    checked = {rule.id for rule in all_rules() if rule.check is not None}
    assert checked == {table.rule for table in TABLES} | set(ELSEWHERE)
    assert all(path.is_file() for path in ELSEWHERE.values())


@pytest.mark.parametrize("where", ["minimal", "full"])
def test_a_host_is_clean(where: HostName) -> None:
    tree = host(where)
    report = compare(tree, tree)
    assert (report.findings, report.undecided, report.problems) == ((), (), ())


# The harness itself

BAD = Case("bad", container="privileged = true # !F-2")
GOOD = Case("good", container="privileged = false")


@pytest.mark.parametrize(
    ("bad", "good", "undecided", "words"),
    [
        ((BAD, Case("bad", container="# !F-2")), (), (), "two cases are called 'bad'"),
        ((BAD,), (Case("again", container="privileged = true # !F-2"),), (), "'again' is the same case as 'bad'"),
        ((Case("unmarked", container="privileged = true"),), (), (), "'unmarked' marks no line"),
        ((Case("other", container="privileged = true # !F-1"),), (), (), "'other' marks no line"),
        ((), (Case("marked", top="locals {} # ?F-2"),), (), "'marked' has a marker"),
        ((), (Case("lost", lacks={"privileged": "!F-2"}),), (), "'lost' has a marker"),
        ((), (Case("nothing"),), (), "'nothing' is empty"),
        ((), (), (Case("sure", container="privileged = true # !F-2"),), "'sure' must mark"),
    ],
)
def test_a_careless_table_is_refused(
    bad: tuple[Case, ...], good: tuple[Case, ...], undecided: tuple[Case, ...], words: str
) -> None:
    with pytest.raises(BadTable, match=words):
        validate("F-2", bad, good, undecided)


def test_a_right_table_is_accepted() -> None:
    validate("F-2", (BAD,), (GOOD,), (Case("open", container="privileged = var.x # ?F-2"),))


@pytest.mark.parametrize("check", [check_introduced, check_not_blamed])
def test_a_wrong_expectation_fails(check: object) -> None:
    """A marker on the wrong line, of the wrong rule or level, or missing."""
    wrong = (
        Case("line", container="privileged = true", top="locals {} # !F-2"),
        Case("rule", container="privileged = true # !F-6"),
        Case("level", container="privileged = true # !F-2 warning"),
        Case("none", container="privileged = true"),
        Case("open", container="privileged = true # !F-2 ?F-2"),
    )
    for case in wrong:
        with pytest.raises(AssertionError):
            check_introduced(case, "minimal")


def test_markers_are_read_and_taken_out() -> None:
    planted = plant(Case("all", container="privileged = true # !F-2 >INV-1\n", boot="true # ?F-10"), "minimal")
    text = planted.head.files["user-defined-web/template.tf"]
    lines = text.split("\n")
    boot, privileged = lines.index("    true") + 1, lines.index("  privileged = true") + 1
    path = "user-defined-web/template.tf"
    assert set(planted.marks) == {
        Mark("!", "F-2", "failure", path, privileged),
        Mark(">", "INV-1", "", path, privileged),
        Mark("?", "F-10", "", path, boot),
    }
    assert "# !" not in text
    assert "privileged    = false" not in text


def test_a_marker_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(AssertionError, match="unreadable marker"):
        read_marks(plant(Case("x", before=Code(), container="privileged = true # !F-2 perhaps"), "minimal").head)
