"""`wrc backup` while the service works, and what a service does that wakes up with an old memory."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest

from bot.cli import run
from bot.review.judge import judge as ask_engine
from bot.review.material import Material
from rules.model import Report
from tests.service.github import PRIVILEGED, GitHub
from tests.service.running import RunningService


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a small database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WRC_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    with closing(sqlite3.connect(tmp_path / "data" / "wrc.sqlite")) as database:
        database.execute("CREATE TABLE things (name)")
        database.execute("INSERT INTO things VALUES ('one')")
        database.commit()
    return tmp_path


def things(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as database:
        return [str(name) for (name,) in database.execute("SELECT name FROM things")]


def test_a_backup_is_whole_and_its_owners_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backup", "copy.sqlite"]) == 0
    copy = folder / "copy.sqlite"
    assert capsys.readouterr().out == f"Wrote copy.sqlite ({copy.stat().st_size / 1e6:.1f} MB).\n"
    assert things(copy) == ["one"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert sorted(path.name for path in folder.iterdir()) == ["copy.sqlite", "data"]


def test_what_is_written_and_not_committed_is_not_in_it(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "data" / "wrc.sqlite")) as writer:
        writer.execute("INSERT INTO things VALUES ('two')")
        assert run(["backup", "copy.sqlite"]) == 0
        writer.rollback()
    assert things(folder / "copy.sqlite") == ["one"]


def test_the_credentials_beside_it_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "data" / "app.json").write_text("{}")
    assert run(["backup", "copy.sqlite"]) == 0
    assert "The App's credentials are in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("target", "url", "words"),
    [
        ("there", None, "there: is there already; name a file that is not."),
        ("nowhere/copy", None, "nowhere/copy: cannot be written (No such file or directory)."),
        ("copy", "sqlite:///other.sqlite", "other.sqlite: there is no database yet."),
        ("copy", "postgresql://u:hunter2@db/wrc", "back it up with 'pg_dump --format=custom --file=copy'."),
        ("copy", "sqlite:///there", "copy: the backup failed (file is not a database)."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    target: str,
    url: str | None,
    words: str,
) -> None:
    (folder / "there").write_text("no database " * 100)
    if url is not None:
        monkeypatch.setenv("WRC_DATABASE_URL", url)
    assert run(["backup", target]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("wrc: ")
    assert err.endswith(f"{words}\n")
    assert err.count("\n") == 1
    assert "hunter2" not in err
    assert not (folder / "copy").exists()
    assert not list(folder.glob(".*"))


def test_a_service_that_is_restored_repeats_nothing(
    tmp_path: Path, public_pem: str, private_pem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backup is made in the middle of a review, which then ends; the restored service believes it is to be done."""
    begun, go_on = threading.Event(), threading.Event()

    def slowly(material: Material) -> Report:
        begun.set()
        assert go_on.wait(30)
        return ask_engine(material)

    github = GitHub(tmp_path, public_pem, private_pem)
    data, copy = github.settings.data_dir, tmp_path / "copy.sqlite"
    monkeypatch.setenv("WRC_DATA_DIR", str(data))
    with github.server:
        with RunningService(github.settings, slowly):
            pull = github.open_pull(PRIVILEGED)
            assert begun.wait(30)
            assert run(["backup", str(copy)]) == 0
            go_on.set()
            github.concluded(pull.head_sha)
            github.world.webhooks.settle()
            github.idle()
        said = [comment.body for comment in github.review_comments(pull)]
        shutil.rmtree(data)
        data.mkdir()
        copy.rename(data / "wrc.sqlite")
        with RunningService(github.settings):
            [opened] = [entry for entry in github.world.webhooks.log if entry.action == "opened"]
            again = github.world.webhooks.redeliver(opened)
            github.world.webhooks.settle()
            github.idle()
            [answer] = [entry for entry in github.world.webhooks.log if entry.id == again.id]
            assert "duplicate" in answer.response_body
            assert github.concluded(pull.head_sha).conclusion == "failure"
            assert len(github.reviews(pull)) == 1
            assert [comment.body for comment in github.review_comments(pull)] == said
            newer = github.push(PRIVILEGED + "# more\n")
            assert github.concluded(newer).conclusion == "failure"
            assert len(github.reviews(pull)) == 1
    assert github.violations() == []
