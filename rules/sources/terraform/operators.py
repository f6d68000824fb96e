"""Terraform's binary operators, on known values."""

from __future__ import annotations

from rules.sources.terraform.functions import integral
from rules.sources.terraform.values import Data, ListData, MapData, Unknown, as_bool, as_number, fingerprint
from rules.sources.text import Text


def operate(operator: str, left: Data, right: Data) -> Data:
    """The result of ``left operator right``; `Unknown` with the reason where it cannot be known."""
    missing = next((d for d in (left, right) if isinstance(d, Unknown)), None)
    reason = missing.reason if missing is not None else "depends on a value that is not known"
    if operator in ("==", "!="):
        if _cannot_be(left, right) or _cannot_be(right, left):
            return operator == "!="
        if not (_wholly_known(left) and _wholly_known(right)):
            return Unknown("", reason)
        return (_comparable(left) == _comparable(right)) == (operator == "==")
    if operator in ("&&", "||"):
        flags = (as_bool(left), as_bool(right))
        decisive = operator == "||"
        if decisive in flags:
            return decisive
        return Unknown("", reason) if None in flags else not decisive
    a, b = as_number(left), as_number(right)
    if a is None or b is None:
        return Unknown("", reason)
    try:
        return _arithmetic(operator, a, b)
    except OverflowError:
        return Unknown("", "has a number that is too large")


def _cannot_be(one: Data, other: Data) -> bool:
    """Whether a string that is known in part is surely another than `other`: no string is null."""
    if not isinstance(one, Text) or one.known is not None:
        return False
    if not isinstance(other, Text):
        return other is None
    return other.known is not None and not one.can_be(other.known)


def _comparable(data: Data) -> object:
    number = as_number(data) if not isinstance(data, Text) else None
    return ("number", number) if number is not None else fingerprint(data)


def _arithmetic(operator: str, a: float, b: float) -> Data:
    match operator:
        case "+":
            return integral(a + b)
        case "-":
            return integral(a - b)
        case "*":
            return integral(a * b)
        case "<":
            return a < b
        case ">":
            return a > b
        case "<=":
            return a <= b
        case ">=":
            return a >= b
        case "/" | "%" if b != 0:
            return integral(a / b if operator == "/" else _remainder(a, b))
        case _:
            return Unknown("", "divides by zero")


def _remainder(a: float, b: float) -> float:
    """Terraform's ``%`` keeps the sign of the dividend."""
    return a - b * int(a / b)


def _wholly_known(data: Data) -> bool:
    match data:
        case Unknown():
            return False
        case Text():
            return data.known is not None
        case ListData(items, is_open):
            return not is_open and all(_wholly_known(a.data) for item in items for a in item)
        case MapData(items, is_open):
            return not is_open and all(_wholly_known(a.data) for _, item in items for a in item)
        case _:
            return True
