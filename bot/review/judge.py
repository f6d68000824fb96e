"""Second step: ask the engine."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.review.material import Material
from rules.engine import Revisions, review, untouched
from rules.model import Report


def judge(material: Material) -> Report:
    """The engine's report on `material`. Whatever reading a blob raises passes through."""
    if material.prose:
        return untouched(material.merge_base, material.head)
    configured = material.configured
    return review(
        base=material.base_tree,
        head=material.head_tree,
        contract=material.contract_tree,
        diff=material.diff,
        revisions=Revisions(base=material.merge_base, head=material.head, contract=material.tip),
        repository_url=material.repository_url,
        today=datetime.now(UTC).date(),
        configured=lambda: material.named_contract,
        policy=configured.configuration.policy,
        problems=configured.problems,
        remarks=configured.remarks,
        description=material.target.description,
    )
