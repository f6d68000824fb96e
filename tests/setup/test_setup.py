"""Setting up over HTTP: who gets in, what is asked of GitHub, what is kept, and what is said when it goes wrong."""

from __future__ import annotations

import json
import re
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx
import pytest
import yaml
from cryptography.fernet import Fernet
from pydantic import SecretStr

from bot.sandbox.world import World
from bot.service.setup.app import Setup, create_setup_app
from bot.service.setup.credentials import Credentials, DatabaseVault, FileVault, vault_of
from bot.service.setup.manifest import BadFieldError, load_manifest, registration
from bot.settings import Hosting, SettingsError
from tests.service.running import wait_for
from tests.setup.conftest import Unregistered

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def client(service: Unregistered) -> Iterator[httpx.Client]:
    """A browser that came in by the printed address."""
    with httpx.Client(base_url=service.url, follow_redirects=True) as browser:
        assert browser.get(service.address.replace("localhost", "127.0.0.1")).status_code == 200
        yield browser


def fields(world: World, service: Unregistered) -> dict[str, str]:
    return {"name": "wrc test", "owner": "octo", "github": world.url, "public_url": service.url}


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, page
    return unescape(found[1])


def begun(world: World, service: Unregistered, client: httpx.Client) -> tuple[str, str]:
    """The manifest's form as it is handed to GitHub: its address and its text."""
    page = client.post("/setup/register", data=fields(world, service)).text
    action = re.search(r'action="([^"]*)"', page)
    assert action is not None
    return unescape(action[1]), hidden(page, "manifest")


def callback(world: World, service: Unregistered, client: httpx.Client) -> str:
    """Where GitHub sends the browser back to once the App is made."""
    action, manifest = begun(world, service, client)
    page = httpx.post(action, data={"manifest": manifest}).text
    made = {name: hidden(page, name) for name in ("manifest", "state", "owner")}
    return httpx.post(f"{world.url}/settings/apps", data=made).headers["location"]


def test_nobody_gets_in_without_the_token_that_was_printed(service: Unregistered, world: World) -> None:
    for answer in (
        httpx.get(f"{service.url}/setup"),
        httpx.get(f"{service.url}/setup", params={"token": "wrong"}),
        httpx.post(f"{service.url}/setup/register", data=fields(world, service)),
        httpx.get(f"{service.url}/setup/callback", params={"code": "abc", "state": "def"}),
    ):
        assert answer.status_code == 403
        assert "This page is locked" in answer.text
        assert "set-cookie" not in answer.headers
    assert httpx.post(f"{service.url}/webhook").status_code == 503
    answer = httpx.get(f"{service.url}/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "There are no credentials yet: open /setup.")


def test_github_is_asked_for_what_app_yml_says(service: Unregistered, world: World, client: httpx.Client) -> None:
    action, manifest = begun(world, service, client)
    asked, written = json.loads(manifest), yaml.safe_load((ROOT / "app.yml").read_text())
    assert action.startswith(f"{world.url}/organizations/octo/settings/apps/new?state=")
    assert asked["name"] == "wrc test"
    assert asked["hook_attributes"] == {"url": f"{service.url}/webhook", "active": True}
    assert asked["redirect_url"] == f"{service.url}/setup/callback"
    for same in ("default_permissions", "default_events", "public", "description"):
        assert asked[same] == written[same]


def test_the_app_is_registered_kept_and_at_work(
    service: Unregistered, world: World, client: httpx.Client, tmp_path: Path
) -> None:
    back = callback(world, service, client)
    answer = client.get(back, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{world.url}/apps/wrc-test/installations/new"
    kept = tmp_path / "service" / "data" / "app.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    wait_for(lambda: service.status == "ok", "the service with its credentials")
    assert client.get("/setup").status_code == 404
    log = service.log.read_text()
    [app] = world.apps.values()
    assert app.webhook_secret not in log
    assert "PRIVATE KEY" not in log
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_an_answer_counts_once_and_only_here(service: Unregistered, world: World, client: httpx.Client) -> None:
    back = callback(world, service, client)
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    forged = client.get("/setup/callback", params={**query, "state": "made-up"})
    assert forged.status_code == 400
    assert "belongs to no registration" in forged.text
    late = client.get("/setup/callback", params={**query, "code": "0" * 40})
    assert late.status_code == 502
    assert "an hour old, or was used before" in late.text
    assert client.get(back).status_code == 400, "the state was used"
    assert not world.apps or service.status == "setup"


def test_a_github_that_cannot_be_reached_is_told(service: Unregistered, world: World, client: httpx.Client) -> None:
    wrong = fields(world, service) | {"github": "http://127.0.0.1:9"}
    page = client.post("/setup/register", data=wrong).text
    action = re.search(r"state=([^\"]+)", page)
    assert action is not None
    answer = client.get("/setup/callback", params={"code": "abc", "state": action[1]})
    assert answer.status_code == 502
    assert "http://127.0.0.1:9/api/v3 cannot be reached" in answer.text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", " ", "1 to 34 characters"),
        ("name", "x" * 35, "1 to 34 characters"),
        ("owner", "a/b", "organisation must be its name"),
        ("github", "github.com", "address of GitHub must begin with https://"),
        ("github", "https://user@github.com", "address of GitHub must begin"),
        ("public_url", "javascript:alert(1)", "address of this server must begin"),
        ("public_url", "https://example.com/?x=1", "nothing after the host but a path"),
    ],
)
def test_a_field_that_cannot_be_right_is_told(field: str, value: str, words: str) -> None:
    good: dict[str, Any] = {
        "name": "wrc",
        "owner": "",
        "github": "https://github.com",
        "public_url": "https://wrc.example.com/",
    }
    with pytest.raises(BadFieldError, match=words):
        registration(**{**good, field: value})
    registered = registration(**good)
    assert registered.action("s") == "https://github.com/settings/apps/new?state=s"
    assert registered.api_url == "https://api.github.com"
    assert json.loads(registered.manifest())["hook_attributes"]["url"] == "https://wrc.example.com/webhook"


def test_the_form_is_filled_in_again(service: Unregistered, world: World, client: httpx.Client) -> None:
    answer = client.post("/setup/register", data=fields(world, service) | {"owner": 'a"><b'})
    assert answer.status_code == 400
    assert 'value="a&quot;&gt;&lt;b"' in answer.text
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    assert client.post("/setup/register", content=b"name=" + b"x" * 20_000).status_code == 400


CREDENTIALS = Credentials(
    app_id=7,
    slug="wrc",
    html_url="https://github.com/apps/wrc",
    api_url="https://api.github.com",
    private_key=SecretStr("the key"),
    webhook_secret=SecretStr("the secret"),
)


def test_credentials_in_the_database_are_encrypted(tmp_path: Path) -> None:
    file = tmp_path / "wrc.sqlite"
    key = SecretStr(Fernet.generate_key().decode())
    vault = DatabaseVault(f"sqlite:///{file}", key)
    assert vault.load() is None
    vault.keep(CREDENTIALS)
    vault.keep(CREDENTIALS)
    assert DatabaseVault(f"sqlite:///{file}", key).load() == CREDENTIALS
    assert b"the key" not in file.read_bytes()
    other = DatabaseVault(f"sqlite:///{file}", SecretStr(Fernet.generate_key().decode()))
    with pytest.raises(SettingsError, match="WRC_CREDENTIALS_KEY is not the key"):
        other.load()


def test_a_look_for_credentials_writes_nothing(tmp_path: Path) -> None:
    """`wrc doctor` of a newer version may look while an older one works."""
    key = SecretStr(Fernet.generate_key().decode())
    assert DatabaseVault(f"sqlite:///{tmp_path}/none.sqlite", key).load() is None
    assert list(tmp_path.iterdir()) == []
    old = tmp_path / "old.sqlite"
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("CREATE TABLE wrc_schema (version INTEGER NOT NULL)")
    before = old.read_bytes()
    assert DatabaseVault(f"sqlite:///{old}", key).load() is None
    assert old.read_bytes() == before


def test_where_credentials_are_kept(tmp_path: Path) -> None:
    assert isinstance(vault_of(Hosting(data_dir=tmp_path)), FileVault)
    key = SecretStr(Fernet.generate_key().decode())
    assert isinstance(vault_of(Hosting(data_dir=tmp_path, credentials_key=key)), DatabaseVault)
    with pytest.raises(SettingsError, match="must be a Fernet key"):
        vault_of(Hosting(data_dir=tmp_path, credentials_key=SecretStr("short")))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "app.json").write_text("{")
    with pytest.raises(SettingsError, match=r"app\.json: is damaged"):
        FileVault(tmp_path / "app.json").load()


def test_app_yml_is_a_manifest() -> None:
    assert load_manifest().default_permissions["issues"] == "read"


def test_to_write_contents_is_asked_for_only_where_threads_are_to_be_resolved(tmp_path: Path) -> None:
    async def register(setup: Setup) -> str:
        form = {"name": "wrc", "github": "https://github.com", "public_url": "https://wrc.example.com"}
        transport = httpx.ASGITransport(create_setup_app(setup))
        async with httpx.AsyncClient(transport=transport, base_url="http://setup") as browser:
            await browser.get("/setup", params={"token": setup.token})
            return (await browser.post("/setup/register", data=form)).text

    least = load_manifest().default_permissions
    assert least["contents"] == "read"
    for resolves, asked in ((False, least), (True, {**least, "contents": "write"})):
        hosting = Hosting(data_dir=tmp_path, resolve_threads=resolves)
        page = anyio.run(register, Setup(hosting, vault_of(hosting), done=lambda: None))
        assert json.loads(hidden(page, "manifest"))["default_permissions"] == asked
        assert ("contents: write" in page) is resolves
