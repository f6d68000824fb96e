"""Every mutation gets exactly the review that its table asks for; tables that could pass by mistake are refused."""

from __future__ import annotations

from functools import cache

import pytest

from rules.sources.diff import Diff
from tests.mutations.harness import (
    WEB,
    BadMutation,
    Edit,
    Expected,
    Mutation,
    diffs_of,
    harmful,
    harmless,
    outcome,
    outcomes,
    validate,
)
from tests.mutations.tables import MUTATIONS


@cache
def _diffs() -> dict[str, Diff]:
    return dict(zip((mutation.name for mutation in MUTATIONS), diffs_of(MUTATIONS), strict=True))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_the_review_says_exactly_what_is_expected(mutation: Mutation) -> None:
    assert outcome(mutation, _diffs()[mutation.name]).disagreements == []


def test_the_tables_cannot_pass_by_mistake() -> None:
    validate(MUTATIONS)
    assert len(MUTATIONS) >= 300
    assert sum(not mutation.is_harmful for mutation in MUTATIONS) * 2 >= len(MUTATIONS)


PRIVILEGED = Edit(WEB, "privileged    = false", "privileged    = true")


@pytest.mark.parametrize(
    ("mutations", "words"),
    [
        ((harmless("a", Edit(WEB, "4", "5")),), "has .* times '4'"),
        ((harmless("a", Edit("nowhere.tf", "4", "5")),), "there is no nowhere.tf"),
        ((harmless("a", Edit(WEB, "", "locals {}")),), "is there already"),
        ((harmless("a", Edit(WEB, "privileged", "privileged")),), "changes nothing"),
        ((harmless("a", PRIVILEGED), harmless("a", Edit(WEB, "SIGINT", "SIGTERM"))), "two mutations are called 'a'"),
        ((harmless("a", PRIVILEGED), harmless("b", PRIVILEGED)), "'b' is the same mutation as 'a'"),
        ((harmful("a", PRIVILEGED, finds=()),), "'a' is harmful and expects no finding"),
        ((harmful("a", PRIVILEGED, finds=Expected("F-2", " ")),), "expects a finding on no line"),
        ((harmful("a", PRIVILEGED, finds=Expected("F-2", "nowhere")),), "0 lines have 'nowhere'"),
        ((harmful("a", PRIVILEGED, finds=Expected("F-2", "coder")),), "lines have 'coder'"),
    ],
)
def test_a_careless_table_is_refused(mutations: tuple[Mutation, ...], words: str) -> None:
    with pytest.raises(BadMutation, match=words):
        validate(mutations)


@pytest.mark.parametrize(
    "wrong",
    [
        harmless("finding", PRIVILEGED, affects="INV-1"),
        harmful("affected", PRIVILEGED, finds=Expected("F-2", "privileged    = true")),
        harmful("line", PRIVILEGED, finds=Expected("F-2", "stop_signal"), affects="INV-1"),
        harmful("level", PRIVILEGED, finds=Expected("F-2", "privileged    = true", "warning"), affects="INV-1"),
        harmful("rule", PRIVILEGED, finds=Expected("F-1", "privileged    = true"), affects="INV-1"),
    ],
    ids=str,
)
def test_a_wrong_expectation_is_noticed(wrong: Mutation) -> None:
    assert all(each.disagreements for each in outcomes([wrong]))


def test_the_right_expectation_is_met() -> None:
    right = harmful("right", PRIVILEGED, finds=Expected("F-2", "privileged    = true"), affects="INV-1")
    assert [each.disagreements for each in outcomes([right])] == [[]]
