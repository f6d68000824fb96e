"""What the service itself remembers, in the database of its jobs: which findings stand open, which were accepted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.database import in_memory, open_database, patient
from rules.model import Finding

_metadata = sa.MetaData()


def _pull_columns() -> tuple[sa.Column[str], sa.Column[int]]:
    return (
        sa.Column("repository", sa.String(512), primary_key=True),
        sa.Column("pull", sa.Integer, primary_key=True, autoincrement=False),
    )


_OPEN = sa.Table(
    "wrc_open_findings",
    _metadata,
    *_pull_columns(),
    sa.Column("fingerprint", sa.String(80), primary_key=True),
    sa.Column("rule", sa.String(20), nullable=False),
    sa.Column("since", sa.Float, nullable=False),
)
_ACCEPTED = sa.Table(
    "wrc_acceptances",
    _metadata,
    *_pull_columns(),
    sa.Column("fingerprint", sa.String(80), primary_key=True),
    sa.Column("rule", sa.String(20), nullable=False),
    sa.Column("login", sa.String(255), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
_DELIVERED = sa.Table(
    "wrc_delivered_bodies",
    _metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("guid", sa.String(64), nullable=False),
    sa.Column("at", sa.Float, nullable=False, index=True),
)


_REMEMBER = (
    "INSERT INTO wrc_contracts (repository, base, place, rev) VALUES (:repository, :base, :place, :rev) "
    "ON CONFLICT (repository, base) DO UPDATE SET place = excluded.place, rev = excluded.rev"
)
_FORGET = "DELETE FROM wrc_contracts WHERE repository = :repository AND base = :base"
_KNOWN = "SELECT base, place, rev FROM wrc_contracts WHERE repository = :repository"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A contract that is written elsewhere: the place as its configuration has it, in JSON, and the commit there.

    `rev` is empty where it was not to be seen.
    """

    place: str
    rev: str


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request, by the id of its repository, which stays when its name changes."""

    repository: int
    number: int

    @property
    def key(self) -> dict[str, object]:
        return {"repository": str(self.repository), "pull": self.number}


QUESTION = "?"


def standing(finding: Finding) -> str:
    """What a finding is known by here: its fingerprint, with a mark while it is a question and no failure.

    So an acceptance of the question lets no failure stand that a later push makes of it.
    """
    return finding.fingerprint if finding.level == "failure" else f"{finding.fingerprint}{QUESTION}"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who let a finding stand, when and why. `standing` is what it was known by then."""

    standing: str
    rule: str
    login: str
    at: datetime
    reason: str


class Store:
    """Safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str) -> Store:
        """The store in the database at `url`, a sqlite or postgresql URL. Raises SettingsError."""
        return cls(open_database(url))

    @classmethod
    def in_memory(cls) -> Store:
        """A store that ends with the process."""
        return cls(in_memory())

    def close(self) -> None:
        self.engine.dispose()

    def ping(self) -> None:
        """Read something. Raises SQLAlchemyError if the database cannot be read."""
        with self.engine.connect() as connection:
            connection.execute(sa.select(_ACCEPTED.c.rule).limit(1)).all()

    def first_guid(self, digest: str, guid: str, now: datetime, kept: timedelta) -> str:
        """The GUID of the delivery that first brought a body with this digest: `guid`, unless there was another.

        What was delivered longer ago than `kept` is forgotten.
        """
        same = _DELIVERED.c.digest == digest
        with self.engine.begin() as connection:
            connection.execute(sa.delete(_DELIVERED).where(_DELIVERED.c.at < (now - kept).timestamp()))
        try:
            with self.engine.begin() as connection:
                connection.execute(sa.insert(_DELIVERED).values(digest=digest, guid=guid, at=now.timestamp()))
        except sa.exc.IntegrityError:
            with self.engine.connect() as connection:
                return connection.scalar(sa.select(_DELIVERED.c.guid).where(same)) or guid
        return guid

    @patient
    def remember_open(self, pull: Pull, findings: Iterable[Finding], now: datetime) -> None:
        """These findings, and no others, stand open in a pull request; those known already keep their moment."""
        wanted = {standing(finding): finding.rule for finding in findings}
        with self.engine.begin() as connection:
            known = set(connection.scalars(sa.select(_OPEN.c.fingerprint).where(*_of(_OPEN, pull))))
            gone = known - wanted.keys()
            if gone:
                connection.execute(sa.delete(_OPEN).where(*_of(_OPEN, pull), _OPEN.c.fingerprint.in_(gone)))
            rows = [
                {**pull.key, "fingerprint": fingerprint, "rule": rule, "since": now.timestamp()}
                for fingerprint, rule in wanted.items()
                if fingerprint not in known
            ]
            if rows:
                connection.execute(sa.insert(_OPEN), rows)

    @patient
    def open_findings(self, pull: Pull, before: datetime) -> Mapping[str, str]:
        """The rules of the open findings that were known at the moment `before`, by their standing."""
        query = sa.select(_OPEN.c.fingerprint, _OPEN.c.rule).where(*_of(_OPEN, pull))
        with self.engine.connect() as connection:
            rows = connection.execute(query.where(_OPEN.c.since <= before.timestamp())).all()
        return {str(fingerprint): str(rule) for fingerprint, rule in rows}

    @patient
    def accept(self, pull: Pull, acceptances: Iterable[Acceptance]) -> None:
        """Let findings stand. The last word about a finding counts."""
        with self.engine.begin() as connection:
            for each in acceptances:
                same = _ACCEPTED.c.fingerprint == each.standing
                connection.execute(sa.delete(_ACCEPTED).where(*_of(_ACCEPTED, pull), same))
                row = {"fingerprint": each.standing, "rule": each.rule, "login": each.login, "reason": each.reason}
                connection.execute(sa.insert(_ACCEPTED).values(**pull.key, **row, at=each.at.timestamp()))

    @patient
    def revoke(self, pull: Pull, standings: Iterable[str]) -> None:
        chosen = _ACCEPTED.c.fingerprint.in_(list(standings))
        with self.engine.begin() as connection:
            connection.execute(sa.delete(_ACCEPTED).where(*_of(_ACCEPTED, pull), chosen))

    def acceptances(self, pull: Pull) -> tuple[Acceptance, ...]:
        """What was accepted in a pull request, in the order of the findings."""
        return self._accepted(*_of(_ACCEPTED, pull))

    def acceptances_in(self, repository: int) -> tuple[Acceptance, ...]:
        """What was accepted in any pull request of a repository."""
        return self._accepted(_ACCEPTED.c.repository == str(repository))

    @patient
    def _accepted(self, *where: sa.ColumnElement[bool]) -> tuple[Acceptance, ...]:
        columns = (_ACCEPTED.c[name] for name in ("fingerprint", "rule", "login", "at", "reason"))
        with self.engine.connect() as connection:
            rows = connection.execute(sa.select(*columns).where(*where)).all()
        found = (Acceptance(row[0], row[1], row[2], datetime.fromtimestamp(row[3], UTC), row[4]) for row in rows)
        return tuple(sorted(found, key=lambda each: each.standing))

    @patient
    def remember_contract(self, repository: int, base: str, contract: Elsewhere | None = None) -> None:
        """What is merged into a base branch was judged by this contract; None: by one in the repository itself."""
        here = {"repository": repository, "base": base}
        with self.engine.begin() as connection:
            if contract is None:
                connection.execute(sa.text(_FORGET), here)
            else:
                connection.execute(sa.text(_REMEMBER), {**here, "place": contract.place, "rev": contract.rev})

    @patient
    def contracts_elsewhere(self, repository: int) -> Mapping[str, Elsewhere]:
        """By base branch of a repository."""
        with self.engine.connect() as connection:
            rows = connection.execute(sa.text(_KNOWN), {"repository": repository}).all()
        return {str(base): Elsewhere(str(place), str(rev)) for base, place, rev in rows}


def _of(table: sa.Table, pull: Pull) -> tuple[sa.ColumnElement[bool], ...]:
    return tuple(table.c[name] == value for name, value in pull.key.items())
