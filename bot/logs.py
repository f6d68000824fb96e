"""What must never stand in a log: tokens, keys and webhook secrets are masked, in our events and a library's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import structlog

MASK = "[redacted]"

_SHAPES = re.compile(
    r"""
      -----BEGIN\ [A-Z\ ]{0,30}PRIVATE\ KEY-----.*?(?:-----END\ [A-Z\ ]{0,30}PRIVATE\ KEY-----|\Z)
    | \bgh[a-z]_[A-Za-z0-9_.-]{16,}
    | \bgithub_pat_[A-Za-z0-9_]{16,}
    | \beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){1,2}
    | \bsha256=[0-9a-f]{64}\b
    | (?<=://)[^\s/@:]{0,100}:[^\s/@]{1,500}(?=@)
    """,
    re.VERBOSE | re.DOTALL,
)
_SECRET_NAMES = re.compile(r"secret|token|password|private_?key|authorization|signature", re.IGNORECASE)


class Redact:
    """A structlog processor that masks the secrets it was told of and what looks like one, wherever they stand."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        # The longest first: a secret may contain another.
        self._known = sorted((secret for secret in known if secret), key=len, reverse=True)

    def __call__(
        self, _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        return {name: self._field(name, value) for name, value in event.items()}

    def _field(self, name: str, value: object) -> object:
        named = isinstance(value, str | bytes) and _SECRET_NAMES.search(name)
        return MASK if named else self._value(value)

    def _value(self, value: object) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {self._text(str(name)): self._field(str(name), inner) for name, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(inner) for inner in value]
        return self._text(value if isinstance(value, str) else repr(value))

    def _text(self, text: str) -> str:
        for secret in self._known:
            text = text.replace(secret, MASK)
        return _SHAPES.sub(MASK, text)
