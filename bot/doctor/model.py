"""What the doctor says: one line for each thing that was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ok", "warn", "fail"]

STATUS: dict[Outcome, int] = {"ok": 0, "warn": 1, "fail": 2}
"""The exit status that an outcome asks for."""


@dataclass(frozen=True, slots=True)
class Check:
    """`found` is what is so, in a sentence; `remedy` what to do about it, empty if nothing."""

    name: str
    outcome: Outcome
    found: str
    remedy: str = ""


def ok(name: str, found: str) -> Check:
    return Check(name, "ok", found)


def warn(name: str, found: str, remedy: str) -> Check:
    return Check(name, "warn", found, remedy)


def fail(name: str, found: str, remedy: str) -> Check:
    return Check(name, "fail", found, remedy)


def worst(checks: Sequence[Check]) -> Outcome:
    """The outcome of all together."""
    return max((check.outcome for check in checks), key=STATUS.__getitem__, default="ok")
