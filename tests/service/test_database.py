"""The tables are brought up to date once, by however many processes start, and never backwards."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot import database
from bot.database import MIGRATIONS, open_database, opened
from bot.settings import SettingsError
from tests.service.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'wrc.sqlite'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.new_database()


def versions(url: str) -> list[int]:
    engine = open_database(url)
    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT version FROM wrc_schema ORDER BY version")).scalars().all()
    engine.dispose()
    return list(found)


def test_of_several_that_start_together_one_migrates(url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        for engine in pool.map(open_database, [url] * 6):
            engine.dispose()
    assert versions(url) == list(range(1, len(MIGRATIONS) + 1))


def test_what_is_new_is_added_to_what_was_there(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as older:
        older.setattr(database, "MIGRATIONS", MIGRATIONS[:1])
        assert versions(url) == [1]
    newer = (
        *MIGRATIONS,
        ("ALTER TABLE wrc_turns ADD COLUMN why VARCHAR(10)", "INSERT INTO wrc_turns VALUES ('a', 'b', 1, 'c')"),
    )
    monkeypatch.setattr(database, "MIGRATIONS", newer)
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(versions, [url] * 3)) == [list(range(1, len(newer) + 1))] * 3


def test_a_migration_that_fails_leaves_nothing_behind(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = (*MIGRATIONS, ("CREATE TABLE wrc_new (id INTEGER)", "CREATE TABLE wrc_new (id INTEGER)"))
    with monkeypatch.context() as newer:
        newer.setattr(database, "MIGRATIONS", broken)
        with pytest.raises((SettingsError, sa.exc.ProgrammingError)):
            open_database(url)
    engine = open_database(url)
    assert not sa.inspect(engine).has_table("wrc_new")
    engine.dispose()


def test_a_database_of_a_newer_version_is_left_alone(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    versions(url)
    monkeypatch.setattr(database, "MIGRATIONS", MIGRATIONS[:1])
    with pytest.raises(SettingsError, match=r"is of a newer wrc-bot \(its schema is 3, this one knows 1\): install"):
        open_database(url)


def test_a_database_that_cannot_be_reached_is_told_in_one_sentence() -> None:
    with pytest.raises(SettingsError, match=r"^WRC_DATABASE_URL: the database cannot be used ") as refusal:
        open_database("postgresql://wrc:very-secret@127.0.0.1:1/wrc")
    assert "\n" not in str(refusal.value)
    assert "very-secret" not in str(refusal.value)


def test_a_file_has_room_for_one_process_also_after_one_was_killed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'wrc.sqlite'}"
    other = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"from bot.database import opened\nwith opened({url!r}): print('open', flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with (
            pytest.raises(SettingsError, match=r"^Another wrc serve works on .*wrc\.sqlite: stop it, or set"),
            opened(url),
        ):
            pass
        other.kill()
    with opened(url), pytest.raises(SettingsError), opened(url):
        pass
