"""What is new, what is gone, what is back: counted by fingerprint, told apart by line."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.review.told import FOLDED, Entry, Place, State, hidden_list, read_list, reconcile, replace_list
from rules.model import Acknowledgement, Finding
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
    ended = {place: replace(entry, state=after[place]) for place, entry in places.items()}
    assert reconcile(ended, [f for f in found if f not in fresh], (), {}) == ([], [])


def test_of_two_equal_ones_the_one_on_another_line_is_gone() -> None:
    told = {Place(1, n): Entry("F-1", "a", "failure") for n in range(2)}
    _, [transition] = reconcile(told, [finding("a", 20)], (), {Place(1, 0): 10, Place(1, 1): 20})
    assert (transition.place, transition.state) == (Place(1, 0), "fixed")


def test_what_cannot_be_told_now_stays_as_it_is() -> None:
    assert reconcile({Place(1, 0): Entry("F-1", "a", "failure")}, [], ["a"], {}) == ([], [])


def test_what_the_base_lets_stand_is_never_told_anew() -> None:
    by = Acknowledgement("waiver", "w", 1, accepted=True)
    waived = replace(FINDING, acknowledged_by=by)
    assert reconcile({}, [waived], (), {}) == ([], [])
