"""All rules and requirements, and the known drift. Each is one module: its docstring is its page, its functions check.

A rule is a module of `rules.checks`. It has ``ID``, ``REQUIREMENT`` (the requirement's verbatim name in the contract)
and at least one of ``check`` (violations of a template), ``image_check`` (of the image), ``facts`` (what enforces the
requirement in a template) and ``image_facts`` (in the image). W-3 has none: waivers are about findings, so the engine
looks at them last. ``CLAUSES``, where it is given, finds the part of the requirement that a violation breaks where its
own words do not: words of the contract by a pattern of what the violation is about, as in `Rule.clause_words`.
``SCRIPTS`` are the kinds of script that it reads: one that cannot be read leaves open what rests on it, and no more.

An item of known drift is a module of `rules.drift`. It has ``ID``, ``REQUIREMENT`` (the one that it bears on),
``FOLLOW_UP`` (the change that was planned to end it, or None), ``PLACE`` (the file where one would look for it), and
``in_template`` or ``in_image``, which say whether it is there and nothing where the question does not arise.
``settle``, where it is given, makes one answer of those of all templates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from msgspec import Struct, field

import rules.checks
import rules.drift
from rules.model import Fact, ScriptKind, Sighting, Undecided, Violation
from rules.workspace.image import Image
from rules.workspace.template import Workspace

Check = Callable[[Workspace], Iterator[Violation | Undecided]]
ImageCheck = Callable[[Image], Iterator[Violation | Undecided]]
Facts = Callable[[Workspace], Iterator[Fact]]
ImageFacts = Callable[[Image], Iterator[Fact]]

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_FAMILIES = ("INV", "BOOT", "F", "D", "W")


class Entry(Struct, frozen=True, dict=True):
    """Something with an id and a page. `page` is Markdown: a title line, then sections."""

    id: str
    requirement: str
    page: str

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


class Rule(Entry, frozen=True):
    """One rule."""

    check: Check | None
    image_check: ImageCheck | None
    facts: Facts | None
    image_facts: ImageFacts | None
    clauses: Mapping[str, str] = field(default_factory=dict)
    scripts: frozenset[ScriptKind] = frozenset()

    def clause_words(self, address: str, evidence: str) -> str | None:
        """The contract's words for what is wrong there; None where the rule has none for it."""
        about = f"{address} {evidence}"
        return next((words for pattern, words in self.clauses.items() if re.search(pattern, about)), None)


class KnownDrift(Entry, frozen=True):
    """One item of known drift."""

    follow_up: str | None
    place: str
    in_template: Callable[[Workspace], Iterator[Sighting]] | None
    in_image: Callable[[Image], Iterator[Sighting]] | None
    settle: Callable[[Iterable[Sighting]], Sighting | None] | None


def _rule(module: ModuleType) -> Rule:
    return Rule(
        module.ID,
        module.REQUIREMENT,
        (module.__doc__ or "").strip(),
        getattr(module, "check", None),
        getattr(module, "image_check", None),
        getattr(module, "facts", None),
        getattr(module, "image_facts", None),
        getattr(module, "CLAUSES", {}),
        frozenset(getattr(module, "SCRIPTS", ())),
    )


def _drift(module: ModuleType) -> KnownDrift:
    return KnownDrift(
        module.ID,
        module.REQUIREMENT,
        (module.__doc__ or "").strip(),
        module.FOLLOW_UP,
        module.PLACE,
        getattr(module, "in_template", None),
        getattr(module, "in_image", None),
        getattr(module, "settle", None),
    )


def _modules(package: ModuleType) -> list[ModuleType]:
    found = (import_module(f"{package.__name__}.{each.name}") for each in iter_modules(package.__path__))
    return [module for module in found if hasattr(module, "ID")]


@lru_cache(maxsize=1)
def all_rules() -> tuple[Rule, ...]:
    """Every rule, in the order of the contract: INV-1 … INV-9, BOOT, F-1 … F-10, then our own."""
    return tuple(sorted(map(_rule, _modules(rules.checks)), key=_order))


@lru_cache(maxsize=1)
def all_drift() -> tuple[KnownDrift, ...]:
    """D-1 … D-6."""
    return tuple(sorted(map(_drift, _modules(rules.drift)), key=_order))


@lru_cache(maxsize=1)
def entries() -> tuple[Entry, ...]:
    """All that has a page, in the order of the contract, then our own rules."""
    return tuple(sorted((*all_rules(), *all_drift()), key=_order))


def _order(entry: Entry) -> tuple[int, int]:
    family, _, number = entry.id.partition("-")
    return _FAMILIES.index(family), int(number or 0)


def entry(entry_id: str) -> Entry:
    return next(found for found in entries() if found.id == entry_id)


def rule(rule_id: str) -> Rule:
    return next(found for found in all_rules() if found.id == rule_id)
