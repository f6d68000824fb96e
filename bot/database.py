"""The one database: SQLite for a single process, PostgreSQL for any number of them.

Its tables are brought up to date by whichever process starts first, and only ever forwards.
"""

from __future__ import annotations

import fcntl
import functools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import StaticPool

from bot.settings import PREFIX, SettingsError

log = structlog.get_logger("database")

LOCK_SECONDS = 30
"""How long a write to SQLite waits for the jobs' own."""

LOOK_SECONDS = 5
"""How long a running service may hold its own lock before that is odd."""

RETRY_SECONDS = 0.5
"""Between two looks whether PostgreSQL is back."""

POSTGRESQL = {
    "connect_timeout": 5,
    # A server that is gone without a word is noticed.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS"""

IDLE_SECONDS = 5
"""How long a transaction may do nothing."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE IF NOT EXISTS wrc_open_findings (
            repository VARCHAR(512) NOT NULL, pull INTEGER NOT NULL, fingerprint VARCHAR(80) NOT NULL,
            rule VARCHAR(20) NOT NULL, since FLOAT NOT NULL, PRIMARY KEY (repository, pull, fingerprint))""",
        """CREATE TABLE IF NOT EXISTS wrc_acceptances (
            repository VARCHAR(512) NOT NULL, pull INTEGER NOT NULL, fingerprint VARCHAR(80) NOT NULL,
            rule VARCHAR(20) NOT NULL, login VARCHAR(255) NOT NULL, at FLOAT NOT NULL, reason TEXT NOT NULL,
            PRIMARY KEY (repository, pull, fingerprint))""",
        """CREATE TABLE IF NOT EXISTS wrc_delivered_bodies (
            digest VARCHAR(64) PRIMARY KEY, guid VARCHAR(64) NOT NULL, at FLOAT NOT NULL)""",
        "CREATE INDEX IF NOT EXISTS ix_wrc_delivered_bodies_at ON wrc_delivered_bodies (at)",
        "CREATE TABLE IF NOT EXISTS wrc_credentials (id INTEGER PRIMARY KEY, sealed BYTEA NOT NULL)",
    ),
    (
        "CREATE TABLE wrc_members (id VARCHAR(100) PRIMARY KEY, version INTEGER NOT NULL, beat INTEGER NOT NULL)",
        "CREATE TABLE wrc_turns (pull VARCHAR(100) PRIMARY KEY, job VARCHAR(300) NOT NULL, taken FLOAT NOT NULL)",
        "CREATE TABLE wrc_writes (installation BIGINT PRIMARY KEY, free_at DOUBLE PRECISION NOT NULL)",
    ),
    (
        """CREATE TABLE wrc_contracts (
            repository BIGINT NOT NULL, base VARCHAR(255) NOT NULL, place TEXT NOT NULL, rev VARCHAR(64) NOT NULL,
            PRIMARY KEY (repository, base))""",
    ),
)
"""What each version of the schema adds to the one before, in words that both kinds of database understand.

What stands here was run somewhere: add to it, and never change it.
"""


class Lock(IntEnum):
    """What only one process may do at a time: numbers that nothing else in the database should use."""

    MIGRATE = 0x77726301
    RECOVER = 0x77726302
    ORDER = 0x77726303


class OnEngine(Protocol):
    @property
    def engine(self) -> sa.Engine: ...


Self = TypeVar("Self", bound=OnEngine)
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def patient(
    method: Callable[Concatenate[Self, Arguments], Result],
) -> Callable[Concatenate[Self, Arguments], Result]:
    """Repeat a transaction until PostgreSQL is back, as the jobs do: what is under way waits, and is not lost."""

    @functools.wraps(method)
    def repeated(self: Self, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        while True:
            try:
                return method(self, *args, **kwargs)
            except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
                if self.engine.dialect.name == "sqlite":
                    raise
                log.warning("database-away", reason=type(error.orig).__name__)
                time.sleep(RETRY_SECONDS)

    return repeated


def open_database(url: str) -> sa.Engine:
    """The database at `url`, a sqlite or postgresql URL, with all tables.

    Raises:
        SettingsError: it cannot be reached, or was made by a newer version.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = sa.create_engine(parsed, connect_args={"timeout": LOCK_SECONDS})
    else:
        engine = sa.create_engine(
            parsed.set(drivername="postgresql+psycopg"), connect_args=POSTGRESQL, pool_pre_ping=True
        )
        sa.event.listen(engine, "connect", _free_what_the_frozen_hold)
    with ExitStack() as failed:
        failed.callback(engine.dispose)
        try:
            migrate(engine)
        except sa.exc.OperationalError as error:
            reason = " ".join(str(error.orig).split())
            raise SettingsError(f"{PREFIX}DATABASE_URL: the database cannot be used ({reason}).") from None
        failed.pop_all()
    return engine


def as_it_is(url: sa.URL) -> sa.Engine:
    """The database to look at: nothing is made or brought up to date."""
    if url.get_backend_name() == "postgresql":
        return sa.create_engine(url.set(drivername="postgresql+psycopg"), connect_args={"connect_timeout": 5})
    return sa.create_engine(url, poolclass=sa.NullPool, connect_args={"timeout": LOOK_SECONDS})


@contextmanager
def connected(url: str) -> Iterator[sa.Connection | None]:
    """A connection to look at a database; None where a SQLite file is not there yet, which a connection would make."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        yield None
        return
    engine = as_it_is(parsed)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _free_what_the_frozen_hold(connection: DBAPIConnection, _record: object) -> None:
    """Let the server end a transaction in which nothing happens: its process may be frozen, and its locks bar all."""
    with closing(connection.cursor()) as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
    connection.commit()


@contextmanager
def opened(url: str) -> Iterator[sa.Engine]:
    """The database for a process that works on it; a SQLite file has room for one.

    Raises:
        SettingsError: as `open_database`, or another process works on the file.
    """
    with ExitStack() as stack:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            stack.enter_context(_alone(Path(parsed.database)))
        engine = open_database(url)
        stack.callback(engine.dispose)
        yield engine


@contextmanager
def _alone(database: Path) -> Iterator[None]:
    """Hold a lock that ends with the process, however it ends."""
    try:
        lock = Path(f"{database}.lock").open("ab")  # noqa: SIM115 (entered below)
    except OSError as error:
        raise SettingsError(f"{PREFIX}DATABASE_URL: cannot write beside {database} ({error.strerror}).") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SettingsError(
                f"Another wrc serve works on {database}: stop it, or set {PREFIX}DATABASE_URL to a PostgreSQL "
                "database, on which any number of them work."
            ) from None
        yield


def in_memory() -> sa.Engine:
    """A database that ends with the process."""
    engine = sa.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    migrate(engine)
    return engine


def migrate(engine: sa.Engine) -> None:
    """Bring the tables up to date, once, however many processes start together.

    Raises:
        SettingsError: the tables are those of a newer version.
    """
    with locked(engine, Lock.MIGRATE) as connection:
        connection.execute(sa.text("CREATE TABLE IF NOT EXISTS wrc_schema (version INTEGER NOT NULL)"))
        found = connection.execute(sa.text("SELECT MAX(version) FROM wrc_schema")).scalar() or 0
        if found > len(MIGRATIONS):
            raise SettingsError(
                f"{PREFIX}DATABASE_URL: the database is of a newer wrc-bot (its schema is {found}, "
                f"this one knows {len(MIGRATIONS)}): install that version again, or restore a backup."
            )
        for version, statements in enumerate(MIGRATIONS[found:], found + 1):
            for statement in statements:
                connection.execute(sa.text(statement))
            connection.execute(sa.text("INSERT INTO wrc_schema (version) VALUES (:version)"), {"version": version})


@contextmanager
def locked(engine: sa.Engine, lock: Lock) -> Iterator[sa.Connection]:
    """A transaction that begins when no other holds `lock`."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            # Python's driver begins transactions late: not before the first change, and not for CREATE TABLE.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(int(lock))))
        yield connection


@contextmanager
def locked_by_nobody_else(engine: sa.Engine, lock: Lock) -> Iterator[bool]:
    """Whether this process holds `lock` until the block ends, without waiting for it. SQLite has one process anyway."""
    if engine.dialect.name == "sqlite":
        yield True
        return
    with engine.begin() as connection:
        yield bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(int(lock)))).scalar())


def clock(engine: sa.Engine) -> sa.TextClause:
    """SQL for the seconds since 1970 by the clock of the database, the one that all processes share."""
    if engine.dialect.name == "sqlite":
        return sa.text("((julianday('now') - 2440587.5) * 86400.0)")
    return sa.text("extract(epoch from clock_timestamp())")
