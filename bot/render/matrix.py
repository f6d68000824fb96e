"""What an audit's table and its details are made of, in whatever format they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.registry import rule

if TYPE_CHECKING:
    from rules.audit import Audit, Outcome, Verdict
    from rules.model import Finding


SYMBOLS: Mapping[Outcome, str] = {"holds": "✓", "broken": "✗", "undecided": "?", "not-applicable": "–"}

WORDS: Mapping[Outcome, str] = {
    "holds": "holds",
    "broken": "broken",
    "undecided": "could not be decided",
    "not-applicable": "not governed",
}


@dataclass(frozen=True)
class Row:
    """One requirement with its verdict in each template. `name` is what tells it from the others."""

    id: str
    name: str
    outcomes: tuple[Outcome, ...]


def rows(audit: Audit) -> Iterator[Row]:
    """The requirements in the order of the contract; nothing where there is no template."""
    for verdicts in zip(*(template.requirements for template in audit.templates), strict=True):
        yield Row(verdicts[0].id, name(verdicts[0]), tuple(verdict.verdict for verdict in verdicts))


def name(verdict: Verdict) -> str:
    """The requirement's name in the contract; the forbidden behaviours share one, so there the title of the rule."""
    return rule(verdict.id).title if verdict.id.startswith("F-") else verdict.requirement


def besides(audit: Audit) -> list[Finding]:
    """What no verdict shows: what rules of our own found, and questions where the answer is clear without them."""
    shown = {(step.path, step.line) for verdict, _ in details(audit) for step in verdict.evidence}
    return [
        finding
        for finding in audit.findings
        if finding.rule.startswith("W-") or (finding.level == "warning" and (finding.path, finding.line) not in shown)
    ]


def details(audit: Audit) -> Iterator[tuple[Verdict, tuple[str, ...]]]:
    """What is broken, then what is open, each with the templates for which the same is true."""
    found: dict[Verdict, list[str]] = {}
    for template in audit.templates:
        for verdict in template.requirements:
            if verdict.verdict in ("broken", "undecided"):
                found.setdefault(verdict, []).append(template.name)
    order = [verdict.id for template in audit.templates[:1] for verdict in template.requirements]
    for verdict in sorted(found, key=lambda verdict: (verdict.verdict, order.index(verdict.id))):
        yield verdict, tuple(found[verdict])
