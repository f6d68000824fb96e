"""The parser of HCL: python-hcl2's grammar, compiled once and then kept as tables beside this module.

What is kept is plain data under a seal: it is read only if it is whole, and came of the very texts that are here now.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import msgspec

from rules.sources.terraform.lalr import Parser, Tables

CACHE = Path(__file__).with_name(".grammar.bin")
"""The first parse writes it, where the folder can be written: to compile takes 1.4 s."""

SOURCES = {
    "hcl2": ("hcl2.lark", "postlexer.py", "version.py"),
    "lark": ("__init__.py",),  # it says which version it is
    "rules.sources.terraform": ("compiler.py", "lalr.py"),
}
"""What the tables come of, by package."""


@lru_cache(maxsize=1)
def parser() -> Parser:
    origin = _origin()
    return Parser(_kept(origin) or _compiled(origin))


def _origin() -> bytes:
    """One value for all that the tables come of."""
    digest = sha256(sys.version.encode())
    for package, names in SOURCES.items():
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        for name in names:
            digest.update(Path(spec.origin).with_name(name).read_bytes())
    return digest.digest()


def _kept(origin: bytes) -> Tables | None:
    try:
        content = CACHE.read_bytes()
    except OSError:
        return None
    seal, packed = content[:32], content[32:]
    return msgspec.msgpack.decode(packed, type=Tables) if seal == _seal(origin, packed) else None


def _seal(origin: bytes, packed: bytes) -> bytes:
    return sha256(origin + packed).digest()


def _compiled(origin: bytes) -> Tables:
    # Lark and what it loads would be a good part of the time of a check.
    from rules.sources.terraform.compiler import compiled  # noqa: PLC0415

    tables = compiled()
    packed = msgspec.msgpack.encode(tables)
    # Whole or not at all, whoever else writes it; where none can be kept, the next start compiles again.
    fresh = CACHE.with_name(f"{CACHE.name}.{os.getpid()}.{threading.get_ident()}")
    with contextlib.suppress(OSError):
        try:
            fresh.write_bytes(_seal(origin, packed) + packed)
            fresh.replace(CACHE)
        finally:
            fresh.unlink(missing_ok=True)
    return tables
