"""Git objects on disk, so that a process that starts, and one beside it, need not ask GitHub for what is known."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import structlog

log = structlog.get_logger("cache")

MAX_BYTES = 256 * 1024 * 1024
LOCK_SECONDS = 1.0
"""A cache is not worth waiting for."""

PRUNED_EVERY = 50
USED_SECONDS = 3600
"""How exactly it is known when an object was last used: not each look is worth a write."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
  key TEXT PRIMARY KEY, digest BLOB NOT NULL, size INTEGER NOT NULL, used REAL NOT NULL, content BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS by_use ON objects (used, key, size);
"""
_PRUNE = """
DELETE FROM objects WHERE key IN (
  SELECT key FROM (SELECT key, sum(size) OVER (ORDER BY used DESC, key) AS kept FROM objects) WHERE kept > ?
)
"""


class DiskCache:
    """Safe to use from several threads and processes. It never fails: what goes wrong is a miss.

    An entry that is damaged is dropped, and so is a file that is no database.
    """

    def __init__(self, file: Path, max_bytes: int = MAX_BYTES) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self._puts = 0

    def get(self, key: str) -> bytes | None:
        return self._using(lambda connection: _get(connection, key))

    def put(self, key: str, content: bytes) -> None:
        self._puts += 1
        bound = self._max_bytes if self._puts % PRUNED_EVERY == 0 else None
        self._using(lambda connection: _put(connection, key, content, bound))

    def _using(self, work: Callable[[sqlite3.Connection], bytes | None]) -> bytes | None:
        """What `work` returns, in one transaction; None where the cache cannot be used."""
        try:
            # It holds files of private repositories.
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.touch(mode=0o600)
            with closing(sqlite3.connect(self._file, timeout=LOCK_SECONDS)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = OFF")
                connection.executescript(_SCHEMA)
                with connection:
                    return work(connection)
        except (OSError, sqlite3.OperationalError) as error:
            log.warning("cache-unusable", reason=str(error))
        except sqlite3.DatabaseError as error:
            log.warning("cache-damaged", reason=str(error))
            for each in self._file.parent.glob(f"{self._file.name}*"):
                each.unlink(missing_ok=True)
        return None


def _get(connection: sqlite3.Connection, key: str) -> bytes | None:
    row = connection.execute("SELECT content, digest, used FROM objects WHERE key = ?", [key]).fetchone()
    if row is None:
        return None
    content, digest, used = row
    if _digest(content) != digest:
        connection.execute("DELETE FROM objects WHERE key = ?", [key])
        return None
    if time.time() - used > USED_SECONDS:
        connection.execute("UPDATE objects SET used = ? WHERE key = ?", [time.time(), key])
    return bytes(content)


def _put(connection: sqlite3.Connection, key: str, content: bytes, bound: int | None) -> None:
    row = [key, _digest(content), len(content), time.time(), content]
    connection.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)", row)
    if bound is not None:
        connection.execute(_PRUNE, [bound])


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
