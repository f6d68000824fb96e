"""The pages of the rules: what `wrc explain` shows, and what stands in `docs/rules`. One text, the rule's docstring."""

from __future__ import annotations

import re
from difflib import get_close_matches

from rules.registry import Rule, all_rules

SECTIONS = ("What it does", "Why it matters", "Bad", "Good", "Fix")
"""The headings of a page, in this order."""

_ID = re.compile(r"\b(?:INV-\d|BOOT|F-\d+|W-\d+)\b")


class UnknownRule(Exception):
    """No rule has this id; the message is one clear sentence that names the nearest."""


def find(name: str) -> Rule:
    """The rule that a person means by `name`: its id in any case, with or without the dash.

    Raises:
        UnknownRule: there is none.
    """
    by_name = {_plain(rule.id): rule for rule in all_rules()}
    found = by_name.get(_plain(name))
    if found is not None:
        return found
    nearest = get_close_matches(_plain(name), by_name, n=1, cutoff=0)
    raise UnknownRule(f"There is no rule '{name}'; the nearest is {by_name[nearest[0]].id}. 'wrc explain' lists them.")


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).upper()


def related(rule: Rule) -> tuple[str, ...]:
    """Other rules that the page of `rule` speaks of, in the order of the contract."""
    named = set(_ID.findall(rule.page)) - {rule.id}
    return tuple(other.id for other in all_rules() if other.id in named)


def page(rule: Rule) -> str:
    """The whole page as Markdown."""
    title, _, text = rule.page.partition("\n")
    lines = [f"# {rule.id}: {title}", "", f"Requirement: {rule.requirement}"]
    others = related(rule)
    if others:
        lines[-1] += f". See also: {', '.join(others)}"
    return "\n".join([*lines, "", text.strip(), ""])


def catalogue() -> tuple[tuple[str, str, str], ...]:
    """Every rule as (id, requirement, title), in the order of the contract."""
    return tuple((rule.id, rule.requirement, rule.title) for rule in all_rules())
