"""Contracts that are written elsewhere: by which base branches they are asked for, and where they stood at the time."""

from __future__ import annotations

from dataclasses import dataclass

from bot.review.material import Judge, Material
from bot.store import Elsewhere, Store
from rules.model import Report


@dataclass(frozen=True)
class Watched:
    """A judge that asks another one, and remembers for a base branch which contract that has read elsewhere."""

    judge: Judge
    store: Store

    def __call__(self, material: Material) -> Report:
        report = self.judge(material)
        if material.target.number is not None and not material.prose:
            found = _elsewhere(material) if report.contract.source != "repository" else None
            self.store.remember_contract(material.repository_id, material.target.base_ref, found)
        return report


def _elsewhere(material: Material) -> Elsewhere | None:
    place, written = material.configured.configuration.contract, material.named_contract
    return Elsewhere(place.model_dump_json(), written.rev) if place is not None and written is not None else None
