"""What this machine must offer: a database that can be written, room for it, and the warm grammar of HCL."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from bot.database import as_it_is
from bot.doctor.model import Check, fail, ok, warn
from bot.settings import Hosting
from rules.sources.terraform import grammar

SCARCE_MEGABYTES = 500
TOO_FEW_MEGABYTES = 50


def look_at_host(hosting: Hosting) -> Iterator[Check]:
    url = sa.make_url(hosting.database)
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "")
        yield _sqlite(url, file) if file.exists() else _no_file_yet(file, made=hosting.database_url is None)
        yield disk(file.parent)
    else:
        yield _postgresql(url)
    yield grammar_cache()


def _no_file_yet(file: Path, *, made: bool) -> Check:
    """`made` says that the first start makes the folder too."""
    folder = next(each for each in (file.parent, *file.absolute().parents) if not made or each.exists())
    if _writable(folder):
        return ok("database", f"{file} is not there yet: the first start makes it.")
    return fail(
        "database",
        f"{file} is not there, and cannot be made.",
        "Let the user that runs the service write its folder, or set WRC_DATA_DIR to another.",
    )


def _sqlite(url: sa.URL, file: Path) -> Check:
    name = "database"
    engine = as_it_is(url)
    try:
        with engine.connect() as connection:
            damage = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if damage != "ok":
                return fail(name, f"{file} is damaged.", "Stop the service and put a backup in its place.")
            # The lock that every write takes first; nothing is written under it.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            connection.exec_driver_sql("ROLLBACK")
    except sa.exc.DatabaseError as error:
        reason = str(error.orig)
        if "not a database" in reason or "malformed" in reason:
            return fail(name, f"{file} is damaged ({reason}).", "Stop the service and put a backup in its place.")
        return fail(
            name,
            f"{file} cannot be written ({reason}).",
            "Give the file and its folder to the user that runs the service.",
        )
    finally:
        engine.dispose()
    return ok(name, f"{file} can be read and written ({file.stat().st_size / 1e6:.1f} MB).")


def _postgresql(url: sa.URL) -> Check:
    name, shown = "database", f"PostgreSQL at {url.host or 'a local socket'}, database {url.database}"
    engine = as_it_is(url)
    try:
        with engine.connect() as connection:
            readonly = connection.exec_driver_sql("SHOW transaction_read_only").scalar()
            may_create = connection.exec_driver_sql(
                "SELECT has_database_privilege(current_database(), 'CREATE')"
                " OR EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'dbos')"
            ).scalar()
    except sa.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        return fail(name, f"{shown} cannot be reached ({reason}).", "Check WRC_DATABASE_URL and the server.")
    finally:
        engine.dispose()
    if readonly == "on":
        return fail(name, f"{shown} takes no writes.", "Name the primary server in WRC_DATABASE_URL.")
    if not may_create:
        return fail(
            name,
            f"{shown} lets this user make no schema, which the first start needs.",
            "GRANT CREATE ON DATABASE to the user of WRC_DATABASE_URL.",
        )
    return ok(name, f"{shown} can be read and written.")


def disk(folder: Path, free: int | None = None) -> Check:
    """Whether there is room where the database is; `free`, in bytes, is asked of the system if it is not given."""
    name = "disk"
    existing = next(each for each in (folder, *folder.resolve().parents) if each.exists())
    left = (shutil.disk_usage(existing).free if free is None else free) / 1e6
    remedy = "Make room, or set WRC_DATA_DIR to a larger disk."
    if left < TOO_FEW_MEGABYTES:
        return fail(name, f"Only {left:.0f} MB are free in {folder}.", remedy)
    if left < SCARCE_MEGABYTES:
        return warn(name, f"Only {left:.0f} MB are free in {folder}.", remedy)
    return ok(name, f"{left / 1000:.1f} GB are free in {folder}.")


def grammar_cache(file: Path = grammar.CACHE) -> Check:
    """Whether starts find the grammar of HCL compiled; to ask for the parser writes it, if that is allowed."""
    name = "grammar cache"
    if not file.exists():
        grammar.parser()
    if file.exists():
        return ok(name, "The grammar of HCL is compiled.")
    if _writable(file.parent):
        return warn(name, "The grammar of HCL is not compiled yet.", "The first review compiles it: nothing to do.")
    return warn(
        name,
        f"{file.parent} cannot be written, so each start compiles the grammar of HCL anew (about 1.4 s).",
        "Run 'wrc doctor' once as the user who owns that folder.",
    )


def _writable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
