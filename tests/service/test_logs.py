"""The log's lines: JSON, with the words that bind them to a delivery, and never a secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.app import configure_logging
from bot.logs import MASK

WEBHOOK_SECRET = "correct horse battery staple"
KEY_BODY = "MIIEpAIBAAKCAQEAthisisnokey"
KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_BODY}\n-----END RSA PRIVATE KEY-----"
TOKEN = "ghs_" + "a1B2" * 9
SECRETS = [WEBHOOK_SECRET, KEY, TOKEN, "github_pat_" + "a1B2" * 9, "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOjF9.c2ln"]


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root, dbos = logging.getLogger(), logging.getLogger("dbos")
    before = (root.handlers[:], root.level, dbos.handlers[:], dbos.propagate, logging.getLogger("httpx").level)
    level = dbos.level
    dbos.setLevel(logging.CRITICAL)  # as a service that has stopped leaves it
    yield
    root.handlers[:], dbos.handlers[:] = before[0], before[2]
    root.setLevel(before[1])
    dbos.propagate = before[3]
    dbos.setLevel(level)
    logging.getLogger("httpx").setLevel(before[4])
    structlog.reset_defaults()


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_masked_wherever_it_stands(secret: str, capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging([WEBHOOK_SECRET])
    log = structlog.get_logger("test")
    log.info(f"said {secret} here", plain=secret, deep={"list": [secret]}, thing=ValueError(secret))
    logging.getLogger("library").warning("got %s", secret)
    try:
        raise ValueError(f"refused {secret}")
    except ValueError:
        log.exception("failed")
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == [f"said {MASK} here", f"got {MASK}", "failed"]
    told = json.dumps(lines)
    assert json.dumps(secret)[1:-1] not in told
    assert KEY_BODY not in told
    assert f"refused {MASK}" in lines[2]["exception"]


def test_it_is_configured_again_after_the_set_up_and_a_library_says_each_thing_once(
    capfd: pytest.CaptureFixture[str],
) -> None:
    configure_logging()
    configure_logging([WEBHOOK_SECRET])
    logging.getLogger("dbos").warning("the database has %s", WEBHOOK_SECRET)
    [line] = capfd.readouterr().err.splitlines()
    assert json.loads(line)["event"] == f"the database has {MASK}"


def test_a_field_named_as_a_secret_is_masked_and_the_rest_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    structlog.get_logger("test").info("seen", webhook_secret="short", delivery="d-1", pull_request=7, sha="0" * 40)
    line = json.loads(capfd.readouterr().err)
    assert line["webhook_secret"] == MASK
    assert (line["delivery"], line["pull_request"], line["sha"]) == ("d-1", 7, "0" * 40)
