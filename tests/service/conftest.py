"""Fixtures of the service's tests: a key pair, settings for a loopback GitHub, signed deliveries."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.settings import Settings
from tests.service.postgres import Postgres
from tests.service.running import WAIT_SECONDS, RunningService, free_port, seed

if TYPE_CHECKING:
    from tests.service.github import GitHub

SECRET = "the webhook secret of the tests"


@pytest.fixture(autouse=True, scope="session")
def _logs() -> None:
    """Events go to the standard library's loggers, where pytest catches them; the service logs in threads."""
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.stdlib.render_to_log_kwargs],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


@pytest.fixture(autouse=True, scope="session")
def _quick(tmp_path_factory: pytest.TempPathFactory, private_pem: str) -> Iterator[None]:
    """What takes its time in a service that lives for months, and would in each of these tests."""
    settings = Settings.model_validate(
        {
            "app_id": 1,
            "webhook_secret": SECRET,
            "private_key": private_pem,
            "data_dir": tmp_path_factory.mktemp("seed"),
            "api_url": f"http://127.0.0.1:{free_port()}",
            "port": free_port(),
            "role": "all",
        }
    )
    with RunningService(settings):
        pass
    database = settings.data_dir / "wrc.sqlite"
    with closing(sqlite3.connect(database)) as connection, connection:
        # Nothing that it had begun is to be finished by others.
        for table in ("workflow_status", "operation_outputs", "wrc_members"):
            connection.execute(f"DELETE FROM {table}")
    seed.database = database.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        # The process goes on here: what an earlier service still closed would be the jobs of the next.
        patch.setattr("bot.app.MAX_CLOSING_SECONDS", WAIT_SECONDS)
        patch.setattr("bot.service.workflows.NEXT_LOOK", 0.1)
        patch.setattr("bot.service.work.OLD_HEAD_DELAY", timedelta(seconds=0.1))
        yield


@pytest.fixture(scope="session")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def private_pem(private_key: rsa.RSAPrivateKey) -> str:
    return private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


@pytest.fixture(scope="session")
def public_pem(private_key: rsa.RSAPrivateKey) -> str:
    return (
        private_key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.close()


@pytest.fixture
def settings(tmp_path: Path, private_pem: str) -> Settings:
    """Settings of a service whose GitHub cannot be reached."""
    return Settings.model_validate(
        {
            "app_id": 1,
            "webhook_secret": SECRET,
            "private_key": private_pem,
            "data_dir": tmp_path / "data",
            "api_url": f"http://127.0.0.1:{free_port()}",
            "port": free_port(),
            "poll_interval": 0.05,
        }
    )


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def delivery_headers(body: bytes, event: str, guid: str, secret: str = SECRET) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": guid,
        "X-Hub-Signature-256": signature(body, secret),
    }


def deliver(url: str, event: str, guid: str, payload: object, secret: str = SECRET) -> httpx.Response:
    """Send a signed delivery as GitHub does."""
    body = json.dumps(payload).encode()
    return httpx.post(f"{url}/webhook", content=body, headers=delivery_headers(body, event, guid, secret))


@pytest.fixture
def github(hub: GitHub) -> Iterator[GitHub]:
    """The GitHub of the module, `hub`, with a repository of its own.

    At the end every request that we sent must be one that GitHub describes.
    """
    hub.renew()
    yield hub
    hub.idle()
    assert hub.violations() == []
