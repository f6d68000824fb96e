"""The cache on disk: kept across processes, bounded, and never in the way."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from bot.github.disk import PRUNED_EVERY, DiskCache
from bot.github.trees import ObjectCache


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "objects.sqlite"


def test_what_one_process_has_read_another_need_not_ask_for(file: Path) -> None:
    ObjectCache(disk=DiskCache(file)).put("a", b"\0text")
    later = ObjectCache(disk=DiskCache(file))
    assert later.get("a") == b"\0text"
    assert later.get("b") is None
    assert file.stat().st_mode & 0o077 == 0


def test_a_damaged_entry_is_dropped_and_can_be_kept_again(file: Path) -> None:
    cache = DiskCache(file)
    cache.put("a", b"right")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE objects SET content = ?", [b"wrong"])
    connection.close()
    assert cache.get("a") is None
    cache.put("a", b"right")
    assert cache.get("a") == b"right"


def test_a_file_that_is_no_database_is_begun_anew(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"not a database, but long enough to be looked at" * 100)
    cache = DiskCache(file)
    assert cache.get("a") is None
    cache.put("a", b"text")
    assert cache.get("a") == b"text"


def test_a_place_that_cannot_be_written_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = DiskCache(tmp_path / "file" / "objects.sqlite")
    cache.put("a", b"text")
    assert cache.get("a") is None


def test_what_was_used_longest_ago_leaves_first(file: Path) -> None:
    cache = DiskCache(file, max_bytes=10 * PRUNED_EVERY // 2)
    for number in range(PRUNED_EVERY):
        cache.put(str(number), b"0123456789")
    kept = [number for number in range(PRUNED_EVERY) if cache.get(str(number)) is not None]
    assert kept == list(range(PRUNED_EVERY // 2, PRUNED_EVERY))


def test_several_may_write_at_once(file: Path) -> None:
    caches = [DiskCache(file) for _ in range(4)]

    def fill(cache: DiskCache, name: str) -> None:
        for number in range(10):
            cache.put(f"{name}{number}", name.encode())

    threads = [threading.Thread(target=fill, args=[cache, name]) for cache, name in zip(caches, "abcd", strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(DiskCache(file).get(f"{name}9") == name.encode() for name in "abcd")
