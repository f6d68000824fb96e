"""What maintainers let stand in a pull request, told by the verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.review.material import Judge, Material
from bot.store import Acceptance, Pull, Store, standing
from rules.engine import accept
from rules.model import Report


@dataclass(frozen=True)
class Accepting:
    """A judge that asks another one, remembers what it found, and lets stand what was accepted in the same place."""

    judge: Judge
    store: Store

    def __call__(self, material: Material) -> Report:
        report = self.judge(material)
        if material.target.number is None:
            # What a group of the merge queue brings was accepted in the pull request that it comes from.
            return accept(report, _notes(report, self.store.acceptances_in(material.repository_id)))
        pull = Pull(material.repository_id, material.target.number)
        introduced = [finding for finding in report.findings if finding.status == "introduced"]
        self.store.remember_open(pull, introduced, datetime.now(UTC))
        return accept(report, _notes(report, self.store.acceptances(pull)))


def _notes(report: Report, acceptances: Iterable[Acceptance]) -> dict[str, str]:
    """What is said of the findings that were accepted as they are, or as a failure when they are only a question."""
    accepted = {each.standing: each for each in acceptances}
    found = {f.fingerprint: accepted.get(standing(f)) or accepted.get(f.fingerprint) for f in report.findings}
    return {fingerprint: _told(acceptance) for fingerprint, acceptance in found.items() if acceptance is not None}


def _told(acceptance: Acceptance) -> str:
    return f"@{acceptance.login} on {acceptance.at:%Y-%m-%d %H:%M} UTC: {acceptance.reason.rstrip('.')}"
