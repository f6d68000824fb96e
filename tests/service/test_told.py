"""What is new, what is gone, what is back: counted by fingerprint, told apart by line."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.configuration import Comments
from bot.review.publish import compose
from bot.review.told import FOLDED, Entry, Place, State, hidden_list, read_list, reconcile, replace_list
from rules.model import Acknowledgement, Anchor, Contract, Finding, Report
from tests.service.test_publish import FINDING

states: st.SearchStrategy[State] = st.sampled_from(["failure", "warning", "notice", "delta", "waived", "fixed"])
entries = st.lists(st.builds(Entry, st.sampled_from(["F-1", "W-12"]), st.sampled_from(["a", "b", "c"]), states))


def finding(fingerprint: str, line: int = 1) -> Finding:
    return replace(FINDING, fingerprint=fingerprint, line=line)


@given(entries, st.text(max_size=50))
def test_the_hidden_list_reads_back_and_only_at_the_head_of_a_body(listed: list[Entry], text: str) -> None:
    body = f"{hidden_list(listed)}\n{text}"
    assert read_list(body) == tuple(listed)
    assert read_list(f"I found this: {body}") == ()
    assert replace_list(body, []).endswith(f"\n{text}")


@given(entries, st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=6))
def test_each_finding_is_told_once_and_the_lists_end_up_true(told: list[Entry], now: list[str]) -> None:
    places = {Place(1, n): entry for n, entry in enumerate(told)}
    found = [finding(name, n) for n, name in enumerate(now)]
    fresh, transitions = reconcile(places, found, (), {})
    after = {place: entry.state for place, entry in places.items()} | {t.place: t.state for t in transitions}
    still_open = Counter(places[place].fingerprint for place, state in after.items() if state not in FOLDED)
    assert still_open + Counter(new.fingerprint for new in fresh) == Counter(now)
    for name in "abcd":
        known = sum(entry.fingerprint == name for entry in told)
        assert sum(new.fingerprint == name for new in fresh) == max(0, now.count(name) - known)
    ended = {place: Entry(entry.rule, entry.fingerprint, after[place]) for place, entry in places.items()}
    assert reconcile(ended, [f for f in found if f not in fresh], (), {}) == ([], [])


def test_of_two_equal_ones_the_one_on_another_line_is_gone() -> None:
    told = {Place(1, n): Entry("F-1", "a", "failure") for n in range(2)}
    _, [transition] = reconcile(told, [finding("a", 20)], (), {Place(1, 0): 10, Place(1, 1): 20})
    assert (transition.place, transition.state) == (Place(1, 0), "fixed")


def test_a_list_of_missing_things_is_brought_up_to_date_where_it_stands() -> None:
    told = {Place(1, 0): Entry("BOOT", "f-abc", "failure")}
    shorter, elsewhere = finding("f-ab", 10), finding("f-d", 90)
    fresh, [transition] = reconcile(told, [elsewhere, shorter], (), {Place(1, 0): 10})
    assert (transition.place, transition.finding, transition.state, transition.back) == (
        Place(1, 0),
        shorter,
        "failure",
        False,
    )
    assert fresh == [elsewhere]


def test_a_list_that_was_settled_is_not_opened_for_other_things() -> None:
    told = {Place(1, 0): Entry("BOOT", "f-a", "fixed")}
    assert reconcile(told, [finding("f-b")], (), {}) == ([finding("f-b")], [])


def test_what_cannot_be_told_now_stays_as_it_is() -> None:
    assert reconcile({Place(1, 0): Entry("F-1", "a", "failure")}, [], ["a"], {}) == ([], [])


def test_what_the_base_lets_stand_is_never_told_anew() -> None:
    by = Acknowledgement("waiver", "w", 1, accepted=True)
    waived = replace(FINDING, acknowledged_by=by)
    assert reconcile({}, [waived], (), {}) == ([], [])


def test_what_is_worst_gets_the_comments_and_all_stay_in_the_order_of_the_file() -> None:
    found = [
        replace(
            finding(f"f{line}", line),
            level="warning" if line < 3 else "failure",
            anchor=Anchor("a.tf", "RIGHT", line, line),
        )
        for line in range(1, 6)
    ]
    report = Report("b", "h", "failure", Contract("bundled", "spec.md", "", None), findings=tuple(found))
    body, comments = compose(report, found, Comments(max_inline=4))
    assert [comment.anchor.start for comment in comments] == [1, 3, 4, 5]
    assert [entry.fingerprint for entry in read_list(body)] == ["f1", "f3", "f4", "f5", "f2"]
