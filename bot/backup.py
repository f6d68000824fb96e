"""``wrc backup``: a copy of the database while the service works on it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path

import sqlalchemy as sa

from bot.service.setup.credentials import FILE_NAME
from bot.settings import Hosting, SettingsError

LOCK_SECONDS = 30.0


def back_up(hosting: Hosting, target: Path) -> str:
    """Copy the database as it is at one moment to a new file that only its owner reads; returns what to tell.

    Raises:
        SettingsError: there is nothing to copy, or the copy cannot be written.
    """
    url = sa.make_url(hosting.database)
    if url.get_backend_name() != "sqlite":
        raise SettingsError(f"The database is PostgreSQL: back it up with 'pg_dump --format=custom --file={target}'.")
    source = Path(url.database or "")
    if not source.is_file():
        raise SettingsError(f"{source}: there is no database yet.")
    if target.exists():
        raise SettingsError(f"{target}: is there already; name a file that is not.")
    try:
        # Made with mode 0600 and under another name, so that there is a whole backup under `target` or none.
        number, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    except OSError as error:
        raise SettingsError(f"{target}: cannot be written ({error.strerror}).") from error
    try:
        _copy(source, Path(name))
        os.fsync(number)
        os.link(name, target)
    except (sqlite3.Error, OSError) as error:
        raise SettingsError(f"{target}: the backup failed ({error}).") from error
    finally:
        os.close(number)
        with suppress(OSError):
            os.unlink(name)
    told = f"Wrote {target} ({target.stat().st_size / 1e6:.1f} MB)."
    credentials = hosting.data_dir / FILE_NAME
    return f"{told} The App's credentials are in {credentials}: keep that too." if credentials.exists() else told


def _copy(source: Path, target: Path) -> None:
    """All pages in one transaction, whoever writes meanwhile; then look whether the copy can be read."""
    with (
        closing(sqlite3.connect(source, timeout=LOCK_SECONDS)) as origin,
        closing(sqlite3.connect(target)) as copy,
    ):
        origin.backup(copy)
        found = copy.execute("PRAGMA quick_check(1)").fetchone()
        if found != ("ok",):
            raise sqlite3.DatabaseError("the database is damaged")
