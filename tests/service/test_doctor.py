"""`wrc doctor` beside a service that works and a GitHub of ours; then each thing that can be wrong, once."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import bot
from bot.cli import run
from bot.doctor.host import TOO_FEW_MEGABYTES, disk, grammar_cache
from bot.sandbox.state import App, Installation
from bot.sandbox.world import utc_now
from tests.service.conftest import SECRET
from tests.service.github import PRIVILEGED, GitHub
from tests.service.running import RunningService, free_port

SCHEMA = json.loads((Path(bot.__file__).parent / "schema" / "doctor-v1.schema.json").read_text("utf-8"))
NAMES = [
    "settings",
    "database",
    "disk",
    "grammar cache",
    "network",
    "clock",
    "credentials",
    "permissions",
    "events",
    "installations",
    "webhook",
    "reachability",
    "deliveries",
]


class Silent(BaseHTTPRequestHandler):
    """A server that takes no POST and says so to nobody else."""

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, public_pem: str, private_pem: str) -> Iterator[GitHub]:
    github = GitHub(tmp_path_factory.mktemp("examined"), public_pem, private_pem)
    with github.server, RunningService(github.settings):
        github.concluded(github.open_pull(PRIVILEGED).head_sha)
        github.world.webhooks.settle()
        yield github


@dataclass
class Doctor:
    """`github` as a test leaves it, and the environment that the command is run in."""

    github: GitHub
    environment: pytest.MonkeyPatch
    captured: pytest.CaptureFixture[str]

    @property
    def app(self) -> App:
        return self.github.app

    @property
    def installation(self) -> Installation:
        return self.github.installation

    def told(self) -> tuple[int, dict[str, dict[str, str]]]:
        """The exit status, and what was found by name."""
        status = run(["doctor", "--format", "json"])
        out, err = self.captured.readouterr()
        assert err == ""
        for secret in (SECRET, "PRIVATE KEY", "eyJ", "Bearer"):
            assert secret not in out
        told = json.loads(out)
        Draft202012Validator(SCHEMA).validate(told)
        return status, {check["name"]: check for check in told["checks"]}

    def fails(self, name: str, *words: str, outcome: str = "fail") -> None:
        """Only `name` is not well, and these words tell."""
        status, checks = self.told()
        ill = {each["name"]: each for each in checks.values() if each["outcome"] != "ok"}
        assert set(ill) == {name}, ill
        assert ill[name]["outcome"] == outcome
        assert ill[name]["remedy"]
        for word in words:
            assert word in f"{ill[name]['found']} {ill[name]['remedy']}"
        assert status == {"warn": 1, "fail": 2}[outcome]


@pytest.fixture
def doctor(
    hub: GitHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Doctor]:
    settings, app, installation = hub.settings, hub.app, hub.installation
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WRC_APP_ID", str(settings.app_id))
    monkeypatch.setenv("WRC_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("WRC_PRIVATE_KEY", settings.private_key_pem())
    monkeypatch.setenv("WRC_API_URL", settings.api_url)
    monkeypatch.setenv("WRC_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("WRC_PUBLIC_URL", f"http://127.0.0.1:{settings.port}")
    kept = (dict(app.permissions), app.events, app.webhook_url, app.webhook_secret)
    granted = (dict(installation.permissions), installation.suspended_at)
    log = hub.world.webhooks.log[:]
    yield Doctor(hub, monkeypatch, capsys)
    app.permissions, app.events, app.webhook_url, app.webhook_secret = kept
    installation.permissions, installation.suspended_at = granted
    hub.world.webhooks.log[:] = log
    hub.world.clock = utc_now
    hub.world.faults.clear()
    hub.world.installations[installation.id] = installation


def test_all_is_well(doctor: Doctor) -> None:
    status, checks = doctor.told()
    assert [(name, check["outcome"]) for name, check in checks.items()] == [(name, "ok") for name in NAMES]
    assert status == 0
    assert doctor.github.violations() == []


def test_one_line_for_each(doctor: Doctor) -> None:
    doctor.app.permissions["administration"] = "write"
    assert run(["doctor"]) == 1
    lines = doctor.captured.readouterr().out.splitlines()
    assert [line[6:19].strip() for line in lines] == NAMES
    [warned] = [line for line in lines if not line.startswith("ok ")]
    assert warned == (
        "warn  permissions    The App has more than it needs: administration: write. "
        f"Take it away at {doctor.github.world.url}/organizations/sandbox/settings/apps/wrc/permissions"
    )


class TestSettings:
    def test_a_setting_that_is_wrong(self, doctor: Doctor) -> None:
        doctor.environment.setenv("WRC_PRIVATE_KEY", "no key")
        doctor.fails("settings", "the private key must be PEM text")

    def test_no_credentials(self, doctor: Doctor) -> None:
        for name in ("WRC_APP_ID", "WRC_WEBHOOK_SECRET", "WRC_PRIVATE_KEY"):
            doctor.environment.delenv(name)
        doctor.fails("credentials", "There are none yet", "wrc serve")

    def test_credentials_that_were_kept_at_set_up_are_found(self, doctor: Doctor, tmp_path: Path) -> None:
        for name in ("WRC_APP_ID", "WRC_WEBHOOK_SECRET", "WRC_PRIVATE_KEY"):
            doctor.environment.delenv(name)
        kept = {
            "app_id": doctor.app.id,
            "slug": "wrc",
            "html_url": "http://x",
            "api_url": doctor.github.world.api_url,
            "private_key": doctor.github.settings.private_key_pem(),
            "webhook_secret": SECRET,
        }
        (tmp_path / "app.json").write_text(json.dumps(kept))
        doctor.environment.setenv("WRC_DATA_DIR", str(tmp_path))
        doctor.environment.setenv("WRC_DATABASE_URL", f"sqlite:///{tmp_path}/new.sqlite")
        status, checks = doctor.told()
        assert status == 0
        assert "the first start makes it" in checks["database"]["found"]


class TestHost:
    def test_a_database_that_cannot_be_made(self, doctor: Doctor, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        doctor.environment.setenv("WRC_DATA_DIR", str(tmp_path / "file" / "data"))
        doctor.fails("database", "cannot be made", "WRC_DATA_DIR")

    def test_a_file_that_is_no_database(self, doctor: Doctor, tmp_path: Path) -> None:
        (tmp_path / "wrc.sqlite").write_bytes(b"not a database, and long enough to tell\n" * 100)
        doctor.environment.setenv("WRC_DATA_DIR", str(tmp_path))
        doctor.fails("database", "is damaged", "backup")

    def test_a_database_that_cannot_be_written(self, doctor: Doctor) -> None:
        with sqlite3.connect(doctor.github.settings.data_dir / "wrc.sqlite") as other:
            doctor.environment.setattr("bot.database.LOOK_SECONDS", 0.01)
            other.execute("BEGIN IMMEDIATE")
            doctor.fails("database", "cannot be written (database is locked)")
            other.rollback()
        other.close()

    def test_a_postgresql_that_is_not_there(self, doctor: Doctor) -> None:
        doctor.environment.setenv("WRC_DATABASE_URL", f"postgresql://wrc:hunter2@127.0.0.1:{free_port()}/wrc")
        doctor.fails("database", "PostgreSQL at 127.0.0.1, database wrc cannot be reached (connection failed")

    @pytest.mark.parametrize(("megabytes", "outcome"), [(TOO_FEW_MEGABYTES - 1, "fail"), (100, "warn"), (5000, "ok")])
    def test_room(self, tmp_path: Path, megabytes: int, outcome: str) -> None:
        assert disk(tmp_path / "not" / "there", megabytes * 1_000_000).outcome == outcome

    def test_a_grammar_that_is_compiled_at_every_start(self, tmp_path: Path) -> None:
        found = grammar_cache(tmp_path / "nowhere" / "cache.bin")
        assert (found.outcome, "each start" in found.found) == ("warn", True)


class TestGitHub:
    def test_a_github_that_cannot_be_reached(self, doctor: Doctor) -> None:
        doctor.environment.setenv("WRC_API_URL", f"http://127.0.0.1:{free_port()}")
        doctor.fails("network", "cannot be reached", "WRC_API_URL")

    @pytest.mark.parametrize(
        ("seconds", "outcome", "words"),
        [(30, "warn", "30 seconds behind"), (-30, "warn", "30 seconds ahead of")],
    )
    def test_a_clock_that_is_a_little_off(self, doctor: Doctor, seconds: int, outcome: str, words: str) -> None:
        doctor.github.world.clock = lambda: datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
        status, checks = doctor.told()
        assert checks["clock"]["outcome"] == outcome
        assert status == 1
        assert any(f"{each} seconds" in checks["clock"]["found"] for each in range(29, 32))

    def test_a_clock_that_is_so_wrong_that_github_refuses_us(self, doctor: Doctor) -> None:
        doctor.github.world.clock = lambda: datetime.now(UTC) - timedelta(minutes=5)
        status, checks = doctor.told()
        assert status == 2
        assert "ahead of GitHub's. GitHub refuses our tokens." in checks["clock"]["found"]
        assert checks["credentials"]["outcome"] == "fail"
        assert "check the clock too" in checks["credentials"]["remedy"]

    def test_an_app_that_github_does_not_know(self, doctor: Doctor) -> None:
        doctor.environment.setenv("WRC_APP_ID", "4")
        doctor.fails("credentials", "does not take the App id 4 with this private key")

    def test_a_permission_that_is_lacking(self, doctor: Doctor) -> None:
        doctor.app.permissions["checks"] = "read"
        del doctor.app.permissions["merge_queues"]
        doctor.fails("permissions", "lacks checks: write, merge_queues: read", "/settings/apps/wrc/permissions")

    def test_threads_that_are_to_be_resolved(self, doctor: Doctor) -> None:
        doctor.environment.setenv("WRC_RESOLVE_THREADS", "1")
        doctor.fails("threads", "lacks contents: write", "/settings/apps/wrc/permissions", outcome="warn")
        doctor.app.permissions["contents"] = "write"
        doctor.fails("threads", "octo has not granted contents: write", "/settings/installations/", outcome="warn")
        doctor.installation.permissions["contents"] = "write"
        status, checks = doctor.told()
        assert (status, checks["threads"]["outcome"]) == (0, "ok")
        doctor.environment.delenv("WRC_RESOLVE_THREADS")
        doctor.fails("permissions", "more than it needs: contents: write", outcome="warn")

    def test_an_event_that_is_lacking(self, doctor: Doctor) -> None:
        doctor.app.events -= {"merge_group"}
        doctor.fails("events", "does not get merge_group")

    def test_installed_nowhere(self, doctor: Doctor) -> None:
        doctor.github.world.installations.clear()
        doctor.fails("installations", "installed nowhere", "/apps/wrc/installations/new")

    def test_an_installation_that_has_not_accepted_new_permissions(self, doctor: Doctor) -> None:
        del doctor.installation.permissions["merge_queues"]
        doctor.fails("installations", "octo has not granted merge_queues: read", "/settings/installations/")

    def test_a_suspended_installation(self, doctor: Doctor) -> None:
        doctor.installation.suspended_at = datetime.now(UTC)
        doctor.fails("installations", "octo is suspended", outcome="warn")

    def test_a_github_that_fails_in_the_middle(self, doctor: Doctor) -> None:
        for _ in range(5):
            doctor.github.fail("/app/hook/config$", status=422)
        doctor.fails("webhook", "refused to show the webhook")


class TestWebhook:
    def test_no_url(self, doctor: Doctor) -> None:
        doctor.app.webhook_url = None
        doctor.fails("webhook", "no webhook URL")

    def test_no_secret(self, doctor: Doctor) -> None:
        doctor.app.webhook_secret = ""
        doctor.fails("webhook", "no secret", "WRC_WEBHOOK_SECRET")

    @pytest.mark.parametrize(
        ("change", "outcome", "words"),
        [
            ({"content_type": "form"}, "fail", "content type is not JSON"),
            ({"insecure_ssl": "1"}, "warn", "does not verify"),
        ],
    )
    def test_odd_configuration(self, doctor: Doctor, change: dict[str, str], outcome: str, words: str) -> None:
        shape = {"url": doctor.app.webhook_url, "content_type": "json", "insecure_ssl": "0", "secret": "********"}
        doctor.github.fail("/app/hook/config$", status=200, body=json.dumps(shape | change))
        doctor.fails("webhook", words, outcome=outcome)

    def test_another_address_than_the_services(self, doctor: Doctor) -> None:
        doctor.environment.setenv("WRC_PUBLIC_URL", "https://wrc.example.com")
        doctor.fails("webhook", "and this service is at https://wrc.example.com/webhook")

    def test_a_service_that_does_not_run(self, doctor: Doctor) -> None:
        doctor.environment.delenv("WRC_PUBLIC_URL")
        doctor.app.webhook_url = f"http://127.0.0.1:{free_port()}/webhook"
        doctor.github.world.webhooks.settle()
        doctor.github.world.webhooks.log.clear()
        doctor.fails("reachability", "cannot be reached from here", "Start the service")

    def test_a_service_that_only_github_reaches(self, doctor: Doctor) -> None:
        doctor.environment.delenv("WRC_PUBLIC_URL")
        doctor.app.webhook_url = f"http://127.0.0.1:{free_port()}/webhook"
        status, checks = doctor.told()
        assert status == 0
        assert checks["reachability"]["found"].endswith("but GitHub's last delivery arrived.")

    def test_a_service_with_another_secret(self, doctor: Doctor) -> None:
        doctor.environment.setenv("WRC_WEBHOOK_SECRET", "another secret, long enough")
        doctor.fails("reachability", "has another webhook secret", "WRC_WEBHOOK_SECRET")

    def test_something_else_at_the_address(self, doctor: Doctor) -> None:
        doctor.environment.delenv("WRC_PUBLIC_URL")
        with HTTPServer(("127.0.0.1", 0), Silent) as other:
            thread = threading.Thread(target=other.handle_request)
            thread.start()
            doctor.app.webhook_url = f"http://127.0.0.1:{other.server_port}/webhook"
            doctor.fails("reachability", "answered by something else (501)", "proxy")
            thread.join()

    def test_deliveries_that_are_refused(self, doctor: Doctor) -> None:
        doctor.app.webhook_secret = "GitHub's secret is another one"
        doctor.github.world.push(doctor.github.repository, "topic", {"README.md": "# More\n"})
        doctor.github.world.webhooks.settle()
        status, checks = doctor.told()
        assert status == 2
        assert "the newest was answered 403" in checks["deliveries"]["found"]
        assert "Set the webhook secret to WRC_WEBHOOK_SECRET" in checks["deliveries"]["remedy"]

    def test_nothing_delivered_yet(self, doctor: Doctor) -> None:
        doctor.github.idle()
        doctor.github.world.webhooks.settle()
        doctor.github.world.webhooks.log.clear()
        status, checks = doctor.told()
        assert (status, checks["deliveries"]["found"]) == (0, "GitHub has delivered nothing yet.")
