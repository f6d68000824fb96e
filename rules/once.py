"""What is derived from one object, derived once and kept with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

Whole = TypeVar("Whole")
Subject = TypeVar("Subject")
Derived = TypeVar("Derived")


def once(derive: Callable[[Subject], Derived]) -> Callable[[Subject], Derived]:
    """`derive(subject)`, computed when it is first asked for, and freed with the subject: several rules ask the same.

    It is `functools.cached_property` for a function of a higher layer than the class of its subject, which must be
    immutable and have no slots.
    """
    key = f"{derive.__module__}.{derive.__qualname__}"

    @wraps(derive)
    def kept(subject: Subject) -> Derived:
        known = vars(subject)
        try:
            found: Derived = known[key]
        except KeyError:
            found = known[key] = derive(subject)
        return found

    return kept


def once_in(derive: Callable[[Whole, Subject], Derived]) -> Callable[[Whole, Subject], Derived]:
    """`derive(whole, part)`, kept with the part, which is part of nothing else: a command in its program."""
    key = f"{derive.__module__}.{derive.__qualname__}"

    @wraps(derive)
    def kept(whole: Whole, part: Subject) -> Derived:
        known = vars(part)
        try:
            found: Derived = known[key]
        except KeyError:
            found = known[key] = derive(whole, part)
        return found

    return kept
