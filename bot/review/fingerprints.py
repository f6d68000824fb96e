"""Hidden marks in our comments that say which findings have been told, so that none is told twice.

They are trusted in our own App's text only: anyone can paste one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from rules.model import Finding

_MARKER = re.compile(r"<!-- wrc:fp=([^\s>]{1,200}) -->")


def mark(finding: Finding) -> str:
    """The mark to put in front of the text about `finding`; Markdown does not show it."""
    return f"<!-- wrc:fp={finding.fingerprint} -->"


def untold(findings: Iterable[Finding], texts: Iterable[str]) -> list[Finding]:
    """The findings that `texts`, all that we ever said about a pull request, do not speak of.

    Equal fingerprints are counted: a second offence of the same kind in the same place is told as well.
    """
    told = Counter(match for text in texts for match in _MARKER.findall(text))
    fresh: list[Finding] = []
    for finding in findings:
        if told[finding.fingerprint] > 0:
            told[finding.fingerprint] -= 1
        else:
            fresh.append(finding)
    return fresh
