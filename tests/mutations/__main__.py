"""Runs every mutation and prints what the review made of it, with recall and precision."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence

from tests.mutations.harness import Outcome, outcomes
from tests.mutations.tables import MUTATIONS


def main(words: Sequence[str]) -> int:
    """`words` are parts of the names to run; none means all."""
    chosen = [m for m in MUTATIONS if not words or any(word in m.name for word in words)]
    started = time.perf_counter()
    found = list(outcomes(chosen))
    took = time.perf_counter() - started
    for each in found:
        _print_outcome(each)
    print()
    _print_scores(found)
    harmless = sum(not each.mutation.is_harmful for each in found)
    wrong = sum(bool(each.disagreements) for each in found)
    print(
        f"\n{len(found)} mutations, {harmless} of them harmless, in {took:.1f} s: "
        f"{took / max(len(found), 1) * 1000:.0f} ms each; {wrong} not as expected"
    )
    return 1 if wrong else 0


def _print_outcome(each: Outcome) -> None:
    mutation = each.mutation
    rules = ", ".join(dict.fromkeys(f"{f.rule} {f.status}" for f in mutation.finds)) or "nothing"
    print(
        f"{'ok ' if not each.disagreements else 'BAD'} {mutation.name:70} {rules:32} affects {mutation.affects or '-'}"
    )
    for line in each.disagreements:
        print(f"        {line}")


def _print_scores(found: Sequence[Outcome]) -> None:
    expected, said = Counter[str](), Counter[str]()
    hits = Counter[str]()
    for each in found:
        for rule, wanted, given in (
            *((f.rule, each.expected[f], each.said[f]) for f in each.expected | each.said),
            *(
                ("affected", int(id_ in each.mutation.affects.split()), int(id_ in each.affected.split()))
                for id_ in {*each.mutation.affects.split(), *each.affected.split()}
            ),
        ):
            expected[rule] += wanted
            said[rule] += given
            hits[rule] += min(wanted, given)
    print(f"{'':10} {'expected':>8} {'said':>8} {'recall':>8} {'precision':>9}")
    for rule in (*sorted(expected | said, key=_order), "all"):
        wanted = expected.total() if rule == "all" else expected[rule]
        given = said.total() if rule == "all" else said[rule]
        both = hits.total() if rule == "all" else hits[rule]
        print(
            f"{rule:10} {wanted:8} {given:8} {both / wanted if wanted else 1:8.3f} {both / given if given else 1:9.3f}"
        )


def _order(rule: str) -> tuple[str, int]:
    family, _, number = rule.partition("-")
    return family, int(number or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
