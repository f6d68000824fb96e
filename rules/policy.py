"""What a repository decides about its reviews, as plain data: what is governed, how much a rule counts, what is owned.

How it is read is not the engine's business; that it comes from the base branch and never from a pull request is the
caller's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import translate
from functools import cached_property
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from rules.model import Level, Remark, Violation

SOURCE = ".github/wrc.yml"
"""Where a repository writes it down."""

Severity = Literal["failure", "warning", "notice", "off"]

NOT_GOVERNED = frozenset({"freeform"})
"""Templates that the contract leaves out (INV-7 and INV-4 do not hold for them)."""

_ORDER: tuple[Level, ...] = ("notice", "warning", "failure")


class Policy(Struct, frozen=True, dict=True):
    """The defaults are what holds in a repository that says nothing.

    governed: patterns of template folders; empty for all but those that the contract leaves out
    ignored: patterns of paths in which nothing is reported
    severities: rule ids with the level that their findings get at most ("failure": that they all get)
    owned: patterns of paths in the home that the templates make for themselves, so that F-5 and INV-6 let them be
    """

    governed: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    severities: tuple[tuple[str, Severity], ...] = ()
    owned: tuple[str, ...] = ()

    def governs(self, template: str) -> bool:
        """Whether a template folder, by its path, is held against the contract."""
        if self.governed:
            return _matches(self._governed, template)
        return template.split("/", maxsplit=1)[0] not in NOT_GOVERNED

    def ignores(self, path: str) -> bool:
        return _matches(self._ignored, path)

    def owns(self, path: str) -> bool:
        """Whether a file of the home, by its absolute path, is the template's."""
        return _matches(self._owned, path)

    def judged(self, violation: Violation) -> Violation | None:
        """The violation at the level that the repository gives it; None where it is not to be reported."""
        if self.ignores(violation.span.path):
            return None
        severity = dict(self.severities).get(violation.rule, violation.level)
        if severity == "off":
            return None
        level = severity if severity == "failure" else min(severity, violation.level, key=_ORDER.index)
        return replace(violation, level=level)

    @property
    def remarks(self) -> Iterator[Remark]:
        """What a reader of a review has to know, because it is less than the contract asks."""
        return (Remark(SOURCE, 1, text) for text in self._relaxed())

    def _relaxed(self) -> Iterator[str]:
        for rule, severity in self.severities:
            if severity == "off":
                yield f"{rule} is switched off by the repository's configuration."
            elif severity != "failure":
                yield f"{rule} counts as a {severity} at most, by the repository's configuration."
        if self.ignored:
            yield f"Nothing is reported in {', '.join(self.ignored)}, by the repository's configuration."

    @cached_property
    def _governed(self) -> re.Pattern[str]:
        return _pattern(self.governed)

    @cached_property
    def _ignored(self) -> re.Pattern[str]:
        return _pattern(self.ignored)

    @cached_property
    def _owned(self) -> re.Pattern[str]:
        return _pattern(tuple(re.sub(r"^(?:~|\$HOME)(?=/)", "/home/coder", pattern) for pattern in self.owned))


DEFAULT = Policy()


def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for several globs; one that ends with a slash means all below."""
    return re.compile("|".join(translate(f"{glob}*" if glob.endswith("/") else glob) for glob in globs) or r"(?!)")


def _matches(pattern: re.Pattern[str], path: str) -> bool:
    return pattern.match(path) is not None
