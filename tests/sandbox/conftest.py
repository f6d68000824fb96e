"""A served sandbox with one App, one repository and one open pull request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.sandbox.server import SandboxServer
from bot.sandbox.state import App, Installation, PullRequest, Repository
from bot.sandbox.world import World
from tests.sandbox.openapi import OpenApiRecorder

FILES = {
    "README.md": "# Templates\n",
    "web/template.tf": "".join(f"line {number}\n" for number in range(1, 41)),
    "web/startup.sh": "#!/bin/bash\nset +e\necho ready\n",
}
CHANGED = FILES["web/template.tf"].replace("line 10\n", "line ten\nline ten and a half\n").replace("line 30\n", "")
"""Two hunks: lines 7 to 14 of the new file (10 and 11 are new), and 28 to 33 (old line 30 is gone)."""


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: rsa.RSAPrivateKey) -> str:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, spki).decode()


class Sandbox:
    """What a test holds: the world, what is in it, and clients of its API."""

    def __init__(self, world: World, key: rsa.RSAPrivateKey) -> None:
        self.world = world
        self.key = key
        self.app: App = world.register_app(public_pem(key), webhook_secret="s3cret")
        world.user("acme", "Organization")
        self.repository: Repository = world.create_repository("acme", "templates", FILES)
        self.installation: Installation = world.install(self.app, "acme")
        world.push(self.repository, "change", {"web/template.tf": CHANGED}, "Change two places", author="mona")
        self.pull: PullRequest = world.open_pull_request(self.repository, "change", author="mona")

    def jwt(self, **claims: object) -> str:
        now = int(self.world.clock().timestamp())
        times = {"iat": now - 30, "exp": now + 9 * 60}
        return jwt.encode({**times, "iss": str(self.app.id), **claims}, private_pem(self.key), algorithm="RS256")

    def client(self, credential: str) -> httpx.Client:
        return httpx.Client(
            base_url=self.world.api_url, headers={"Authorization": f"Bearer {credential}"}, trust_env=False
        )

    def token(self, **narrowing: object) -> str:
        with self.client(self.jwt()) as client:
            answer = client.post(f"/app/installations/{self.installation.id}/access_tokens", json=narrowing)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    @property
    def path(self) -> str:
        return f"/repos/{self.repository.full_name}"


@pytest.fixture
def recorder() -> OpenApiRecorder:
    return OpenApiRecorder()


@pytest.fixture
def sandbox(tmp_path: Path, key: rsa.RSAPrivateKey, recorder: OpenApiRecorder) -> Iterator[Sandbox]:
    world = World(tmp_path)
    with SandboxServer(world, middleware=recorder.wrap):
        yield Sandbox(world, key)
    assert recorder.response_violations == []


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client with an installation token."""
    with sandbox.client(sandbox.token()) as client:
        yield client


@pytest.fixture
def app_api(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client that is the App itself."""
    with sandbox.client(sandbox.jwt()) as client:
        yield client
