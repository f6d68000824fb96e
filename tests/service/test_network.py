"""A GitHub that is reached only through a proxy, and whose certificate is signed by an authority of one's own."""

from __future__ import annotations

import datetime
import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.cli import run
from tests.service.conftest import SECRET
from tests.service.github import PRIVILEGED, GitHub
from tests.service.running import RunningService

HOST = "github.invalid"
"""No name server knows it, so whoever reaches it does so through the proxy."""

Address = tuple[str, int]


class Relay(socketserver.ThreadingTCPServer):
    """Passes bytes on to where `greet` says, once it has greeted the caller."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, greet: Callable[[socket.socket], tuple[socket.socket, Address] | None]) -> None:
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        self.greet = greet
        self.port = int(self.server_address[1])

    def finish_request(self, request: object, client_address: object) -> None:
        assert isinstance(request, socket.socket)
        with suppress(OSError):
            greeted = self.greet(request)
            if greeted is None:
                return
            caller, address = greeted
            with caller, socket.create_connection(address) as callee:
                back = threading.Thread(target=_pass_on, args=(callee, caller), daemon=True)
                back.start()
                _pass_on(caller, callee)
                back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def running(relay: Relay) -> Iterator[int]:
    """Its port, while it runs."""
    thread = threading.Thread(target=relay.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield relay.port
    finally:
        relay.shutdown()
        thread.join()
        relay.server_close()


def certificate(folder: Path) -> Path:
    """A certificate for `HOST` that signs itself, with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "github.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


def behind_tls(port: int, pem: Path) -> Relay:
    """TLS in front of a port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return Relay(lambda caller: (context.wrap_socket(caller, server_side=True), ("127.0.0.1", port)))


class Proxy(Relay):
    """An HTTP proxy that makes tunnels to one port, whatever name is asked for; `asked` are its callers' words."""

    def __init__(self, port: int, *, refuses: bool = False) -> None:
        super().__init__(self._tunnel)
        self._target = ("127.0.0.1", port)
        self._refuses = refuses
        self.asked: list[str] = []

    def _tunnel(self, caller: socket.socket) -> tuple[socket.socket, Address] | None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += caller.recv(4096)
        self.asked.append(head.partition(b"\r\n")[0].decode())
        if self._refuses:
            caller.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return None
        caller.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return caller, self._target


@pytest.fixture
def github(tmp_path: Path, public_pem: str, private_pem: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    """A GitHub that believes to be at `HOST`; the environment has the settings of a service for it."""
    github = GitHub(tmp_path, public_pem, private_pem)
    github.settings = github.settings.model_copy(update={"api_url": f"https://{HOST}"})
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "WRC_APP_ID": str(github.settings.app_id),
        "WRC_WEBHOOK_SECRET": SECRET,
        "WRC_PRIVATE_KEY": private_pem,
        "WRC_API_URL": github.settings.api_url,
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with github.server:
        yield github


def network_check(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    assert run(["doctor", "--format", "json"]) == 2
    [check] = [each for each in json.loads(capsys.readouterr().out)["checks"] if each["name"] == "network"]
    return {str(name): str(value) for name, value in check.items()}


def test_a_review_through_a_proxy_with_a_certificate_of_ones_own(
    github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path)
    sandbox = int(github.world.url.rpartition(":")[2])
    with ExitStack() as stack:
        tls = stack.enter_context(running(behind_tls(sandbox, pem)))
        proxy = Proxy(tls)
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{stack.enter_context(running(proxy))}")
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        github.world.url = f"https://{HOST}"
        stack.enter_context(RunningService(github.settings))
        pull = github.open_pull(PRIVILEGED)
        assert github.concluded(pull.head_sha).conclusion == "failure"
        github.idle()
    assert set(proxy.asked) == {f"CONNECT {HOST}:443 HTTP/1.1"}
    assert github.violations() == []


def test_an_authority_that_nobody_knows_is_told_with_the_way_out(
    github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox = int(github.world.url.rpartition(":")[2])
    with running(behind_tls(sandbox, certificate(tmp_path))) as tls, running(Proxy(tls)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
        check = network_check(capsys)
    assert check["outcome"] == "fail"
    assert "certificate" in check["found"]
    assert "SSL_CERT_FILE" in check["remedy"]


def test_a_proxy_that_refuses_is_told(
    github: GitHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(Proxy(1, refuses=True)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://someone:sesame@127.0.0.1:{proxy}")
        check = network_check(capsys)
    assert "407" in check["found"]
    assert "HTTPS_PROXY" in check["remedy"]
    assert "sesame" not in json.dumps(check)
