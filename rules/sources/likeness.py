"""Which of two lists of short texts are the same ones, edited: a line, what enforces a requirement."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

MAX_PAIRS = 10_000
"""Pairs of texts that are compared; where there are more, none is another one edited."""

_WORD = re.compile(r"\w+")


def alike(before: Sequence[str], after: Sequence[str], least: float = 0.5) -> Iterator[tuple[int, int]]:
    """The indexes of texts that were edited: each with the likest one, if they share that part of their words."""
    if len(before) * len(after) > MAX_PAIRS:
        return
    left = {index: frozenset(_WORD.findall(text)) for index, text in enumerate(after)}
    having: dict[str, list[int]] = defaultdict(list)
    for index, words in left.items():
        for word in words:
            having[word].append(index)
    for index, text in enumerate(before):
        had = frozenset(_WORD.findall(text))
        shared = Counter(at for word in had for at in having.get(word, ()) if at in left)
        likeness = {at: count / (len(had) + len(left[at]) - count) for at, count in shared.items()}
        best = max(likeness, key=lambda at: (likeness[at], -abs(at - index), -at), default=None)
        if best is not None and likeness[best] >= least:
            del left[best]
            yield index, best
