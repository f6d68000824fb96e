"""What an operator reads when a setting is missing or wrong."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from bot.app import serve
from bot.database import open_database
from bot.settings import Settings, SettingsError, load_settings
from tests.service.conftest import SECRET
from tests.service.postgres import Postgres


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"WRC_{name.upper()}", raising=False)


@pytest.fixture
def good(monkeypatch: pytest.MonkeyPatch, private_pem: str) -> pytest.MonkeyPatch:
    monkeypatch.setenv("WRC_APP_ID", "12")
    monkeypatch.setenv("WRC_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("WRC_PRIVATE_KEY", private_pem)
    return monkeypatch


def problems() -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return str(caught.value).splitlines()


def test_each_missing_setting_is_named_with_the_way_out() -> None:
    lines = problems()
    assert lines == [
        f"{missing}: set it in the environment or in .env."
        for missing in (
            "WRC_APP_ID is not set (the number on the App's settings page)",
            "WRC_WEBHOOK_SECRET is not set (the secret that GitHub signs deliveries with)",
        )
    ]


def test_a_missing_key_is_told_once_the_rest_is_there(good: pytest.MonkeyPatch) -> None:
    good.delenv("WRC_PRIVATE_KEY")
    [line] = problems()
    assert "WRC_PRIVATE_KEY" in line
    assert "WRC_PRIVATE_KEY_FILE" in line


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("APP_ID", "wrc", ["valid integer"]),
        ("APP_ID", "0", ["greater than 0"]),
        ("WEBHOOK_SECRET", "short", ["at least 16 characters"]),
        ("WEBHOOK_SECRET_PREVIOUS", "short", ["at least 16 characters"]),
        ("API_URL", "github.example.com", ["http or https URL"]),
        ("API_VERSION", "latest", ["pattern"]),
        ("PORT", "70000", ["65535"]),
        ("DATABASE_URL", "wrc.db", ["sqlite or postgresql URL"]),
        ("DATABASE_URL", "mysql://host/db", ["sqlite or postgresql URL"]),
        ("POLL_INTERVAL", "0", ["greater than 0"]),
    ],
)
def test_a_wrong_setting_is_one_sentence(good: pytest.MonkeyPatch, name: str, value: str, words: list[str]) -> None:
    good.setenv(f"WRC_{name}", value)
    [line] = problems()
    assert line.startswith(f"WRC_{name}")
    assert all(word in line for word in words)
    assert "\n" not in line


def test_a_secret_is_never_shown(good: pytest.MonkeyPatch, private_pem: str) -> None:
    good.setenv("WRC_WEBHOOK_SECRET_PREVIOUS", "hunter2")
    text = "\n".join(problems())
    assert "hunter2" not in text
    good.delenv("WRC_WEBHOOK_SECRET_PREVIOUS")
    shown = repr(load_settings())
    assert SECRET not in shown
    assert private_pem[40:80] not in shown


def test_the_key_may_be_one_line_or_a_file(good: pytest.MonkeyPatch, private_pem: str, tmp_path: Path) -> None:
    good.setenv("WRC_PRIVATE_KEY", private_pem.replace("\n", "\\n"))
    assert load_settings().private_key_pem() == private_pem
    good.delenv("WRC_PRIVATE_KEY")
    file = tmp_path / "key.pem"
    good.setenv("WRC_PRIVATE_KEY_FILE", str(file))
    assert "No such file" in problems()[0]
    file.write_text("not a key")
    assert "PEM" in problems()[0]
    file.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    assert "PEM" in problems()[0]
    file.write_bytes(b"\xff\xfe")
    assert "not text" in problems()[0]
    file.write_text(private_pem)
    assert load_settings().private_key_pem() == private_pem


def test_settings_come_from_an_env_file_too(tmp_path: Path, private_pem: str) -> None:
    one_line = private_pem.replace("\n", "\\n")
    (tmp_path / ".env").write_text(f"WRC_APP_ID=7\nWRC_WEBHOOK_SECRET='{SECRET}'\nWRC_PRIVATE_KEY='{one_line}'\n")
    loaded = load_settings()
    assert loaded.app_id == 7
    assert [secret.get_secret_value() for secret in loaded.webhook_secrets] == [SECRET]


def test_an_enterprise_server_is_asked_in_the_version_that_it_knows(good: pytest.MonkeyPatch) -> None:
    assert load_settings().spoken_version == "2026-03-10"
    good.setenv("WRC_API_URL", "https://github.example.com/api/v3")
    assert load_settings().spoken_version == "2022-11-28"
    good.setenv("WRC_API_VERSION", "2026-03-10")
    assert load_settings().spoken_version == "2026-03-10"


@pytest.mark.parametrize(
    ("api", "web"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://api.github.com/", "https://github.com"),
        ("https://github.example.com/api/v3", "https://github.example.com"),
        ("http://127.0.0.1:4000", "http://127.0.0.1:4000"),
    ],
)
def test_the_web_address_follows_from_the_apis(good: pytest.MonkeyPatch, api: str, web: str) -> None:
    good.setenv("WRC_API_URL", api)
    assert load_settings().web_url == web


def test_the_command_says_what_is_missing_and_exits_2(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", "from bot.app import serve; raise SystemExit(serve())"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(root), "WRC_APP_ID": "12"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("WRC_WEBHOOK_SECRET is not set")
    assert "Traceback" not in done.stderr


def test_the_reference_is_what_the_model_says() -> None:
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, str(root / "tools" / "settings_docs.py"), "--check"]
    done = subprocess.run(command, env={"PYTHONPATH": str(root)}, check=False)
    assert done.returncode == 0, "run python tools/settings_docs.py"
    assert all(info.description for info in Settings.model_fields.values())


@pytest.mark.parametrize("set_up", [True, False])
def test_a_taken_port_is_one_sentence_and_status_2(
    good: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str], set_up: bool
) -> None:
    if not set_up:
        for name in ("APP_ID", "WEBHOOK_SECRET", "PRIVATE_KEY"):
            good.delenv(f"WRC_{name}")
        good.setenv("WRC_DATA_DIR", str(tmp_path / "data"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        good.setenv("WRC_HOST", "127.0.0.1")
        good.setenv("WRC_PORT", str(port))
        assert serve() == 2
    told = capfd.readouterr()
    assert told.err.startswith(f"Cannot listen on 127.0.0.1, port {port} (")
    assert "WRC_PORT" in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""


def test_a_role_of_its_own_needs_a_database_that_is_shared(
    good: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert serve("worker") == 2
    told = capfd.readouterr().err
    assert told.startswith("WRC_ROLE=worker needs WRC_DATABASE_URL=postgresql://…: ")
    assert told.count("\n") == 1
    good.setenv("WRC_DATABASE_URL", "postgresql://wrc@db/wrc")
    assert load_settings(given={"role": "worker"}).role == "worker"


def test_without_credentials_a_role_of_its_own_needs_a_place_where_all_find_them(
    good: pytest.MonkeyPatch, postgres: Postgres, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("APP_ID", "WEBHOOK_SECRET", "PRIVATE_KEY"):
        good.delenv(f"WRC_{name}")
    good.setenv("WRC_DATABASE_URL", postgres.new_database())
    assert serve("web") == 2
    assert capfd.readouterr().err.startswith("WRC_CREDENTIALS_KEY is not set: ")
    good.setenv("WRC_CREDENTIALS_KEY", Fernet.generate_key().decode())
    assert serve("worker") == 2
    assert capfd.readouterr().err.startswith("There are no credentials yet: ")


def test_a_database_of_a_newer_version_is_one_sentence_and_status_2(
    good: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'newer.sqlite'}"
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO wrc_schema (version) VALUES (99)"))
    engine.dispose()
    good.setenv("WRC_DATABASE_URL", url)
    good.setenv("WRC_PORT", "0")
    assert serve() == 2
    told = capfd.readouterr().err
    assert told.startswith("WRC_DATABASE_URL: the database is of a newer wrc-bot (its schema is 99, ")
    assert told.count("\n") == 1
