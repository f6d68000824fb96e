"""All rules and requirements. A rule is one module of `rules.checks`: its docstring is its page, its functions check.

A module has ``ID``, ``REQUIREMENT`` (the requirement's verbatim name in the contract) and at least one of ``check``
(violations of a template), ``image_check`` (of the image), ``facts`` (what enforces the requirement in a template) and
``image_facts`` (in the image). W-3 has none: waivers are about findings, so the engine looks at them last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import rules.checks
from rules.model import Fact, Undecided, Violation
from rules.workspace.image import Image
from rules.workspace.template import Workspace

Check = Callable[[Workspace], Iterator[Violation | Undecided]]
ImageCheck = Callable[[Image], Iterator[Violation | Undecided]]
Facts = Callable[[Workspace], Iterator[Fact]]
ImageFacts = Callable[[Image], Iterator[Fact]]

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Rule:
    """One rule. `page` is Markdown: a title line, then sections."""

    id: str
    requirement: str
    page: str
    check: Check | None
    image_check: ImageCheck | None
    facts: Facts | None
    image_facts: ImageFacts | None

    @property
    def title(self) -> str:
        """What the contract asks, as one sentence without its full stop."""
        return self.page.split("\n", 1)[0].rstrip(".")

    @cached_property
    def sections(self) -> dict[str, str]:
        parts = _HEADING.split(self.page)
        return {heading: body.strip() for heading, body in zip(parts[1::2], parts[2::2], strict=True)}

    @property
    def why(self) -> str:
        return self._paragraph("Why it matters")

    @property
    def fix(self) -> str:
        return self._paragraph("Fix")

    def _paragraph(self, section: str) -> str:
        return " ".join(self.sections.get(section, "").split("\n\n", 1)[0].split())


def _rule(module: ModuleType) -> Rule:
    return Rule(
        module.ID,
        module.REQUIREMENT,
        (module.__doc__ or "").strip(),
        getattr(module, "check", None),
        getattr(module, "image_check", None),
        getattr(module, "facts", None),
        getattr(module, "image_facts", None),
    )


@lru_cache(maxsize=1)
def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order of the contract: INV-1 … INV-9, BOOT, F-1 … F-10, then our own."""
    modules = (import_module(f"rules.checks.{found.name}") for found in iter_modules(rules.checks.__path__))
    return tuple(sorted((_rule(module) for module in modules if hasattr(module, "ID")), key=_order))


def _order(rule: Rule) -> tuple[int, int]:
    family, _, number = rule.id.partition("-")
    return ("INV", "BOOT", "F", "W").index(family), int(number or 0)


def rule(rule_id: str) -> Rule:
    return next(found for found in all_rules() if found.id == rule_id)
