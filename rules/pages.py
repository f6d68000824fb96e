"""The pages of the rules: what `wrc explain` shows, and what stands in `docs/rules`. One text, the rule's docstring."""

from __future__ import annotations

import re
from difflib import get_close_matches

from rules.registry import Entry, entries

SECTIONS = ("What it does", "Why it matters", "Bad", "Good", "Fix")
"""The headings of a page, in this order."""

_ID = re.compile(r"\b(?:INV-\d|BOOT|[FDW]-\d+)\b")


class UnknownRule(Exception):
    """No rule has this id; the message is one clear sentence that names the nearest."""


def find(name: str) -> Entry:
    """The rule or item of drift that a person means by `name`: its id in any case, with or without the dash.

    Raises:
        UnknownRule: there is none.
    """
    by_name = {_plain(entry.id): entry for entry in entries()}
    found = by_name.get(_plain(name))
    if found is not None:
        return found
    nearest = get_close_matches(_plain(name), by_name, n=1, cutoff=0)
    raise UnknownRule(f"There is no rule '{name}'; the nearest is {by_name[nearest[0]].id}. 'wrc explain' lists them.")


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).upper()


def related(entry: Entry) -> tuple[str, ...]:
    """Others that the page of `entry` speaks of, in the order of the contract."""
    named = set(_ID.findall(entry.page)) - {entry.id}
    return tuple(other.id for other in entries() if other.id in named)


def page(entry: Entry) -> str:
    """The whole page as Markdown."""
    title, _, text = entry.page.partition("\n")
    lines = [f"# {entry.id}: {title}", "", f"Requirement: {entry.requirement}"]
    others = related(entry)
    if others:
        lines[-1] += f". See also: {', '.join(others)}"
    return "\n".join([*lines, "", text.strip(), ""])


def catalogue() -> tuple[tuple[str, str, str], ...]:
    """Every rule as (id, requirement, title), in the order of the contract."""
    return tuple((entry.id, entry.requirement, entry.title) for entry in entries())
