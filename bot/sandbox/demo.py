"""`wrc demo`: a sample repository and pull request through the whole service, on this machine alone.

The sandbox GitHub and the service run on loopback ports, the service as a process of its own, exactly as `wrc serve`
runs it. The pull request is opened, GitHub's signed webhook goes out, and what the service posts is shown.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from rich.console import Console
from rich.markdown import Markdown
from rich.panel import Panel

from bot.sandbox.server import SandboxServer
from bot.sandbox.state import App, CheckRun, PullRequest, Repository
from bot.sandbox.world import World

START_SECONDS = 30.0
REVIEW_SECONDS = 60.0
TEMPLATE = "user-defined-web/template.tf"
TITLE = "Share the host's Docker daemon, open port 8080"

_MOUNT = """
  volumes {
    container_path = "/var/run/docker.sock"
    host_path      = "${local.run}/docker.sock"
  }

  ports {
    internal = 80
    external = 8080
  }
"""
_BEST_EFFORT = "    # Every step may fail without ending the boot.\n    set +e\n"
_LAST_MOUNT = '    target = "/var/lib/docker"\n  }\n'

EDITS = (
    ('  home  = "/home/coder"\n', '  home  = "/home/coder"\n  run   = "/var/run"\n'),
    (_BEST_EFFORT, "    set -euo pipefail\n"),
    ("  stop_timeout          = 180\n", "  stop_timeout          = 60\n"),
    (_LAST_MOUNT, _LAST_MOUNT + _MOUNT),
)
"""What the sample pull request changes in the template: each text and what replaces it."""


class DemoError(Exception):
    """The demo could not be shown; one sentence says why."""


def run() -> int:
    """Run the demo and print what a reviewer sees. In a terminal it stays until Ctrl-C, so that the pages can be read.

    Returns an exit status: 0 when the review was posted, 2 when it was not.
    """
    console = Console()
    try:
        with tempfile.TemporaryDirectory(prefix="wrc-demo-") as folder:
            _show_review(console, Path(folder))
    except DemoError as error:
        print(f"wrc: {error}", file=sys.stderr)  # noqa: T201 (a person reads this)
        return 2
    except KeyboardInterrupt:
        console.print()
    return 0


def _show_review(console: Console, folder: Path) -> None:
    world = World(folder / "github")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    port, secret = _free_port(), secrets.token_urlsafe(24)
    with SandboxServer(world) as url:
        app = world.register_app(
            _public_pem(key),
            slug="wrc-bot",
            owner="you",
            webhook_url=f"http://127.0.0.1:{port}/webhook",
            webhook_secret=secret,
        )
        repository = world.create_repository("you", "workspace-templates", sample())
        world.install(app, "you")
        with _service(folder, world.api_url, app, key, secret, port) as log:
            console.print(f"A GitHub of our own listens on {url}, the service on http://127.0.0.1:{port}.")
            pull = _open_pull_request(world, repository)
            console.print(f'Pull request #{pull.number}, "{pull.title}", is open; its signed webhook is sent.\n')
            check_run = _wait_for_review(repository, pull, log)
            _print_review(console, world, repository, pull, check_run)
            if sys.stdout.isatty():
                console.print("Press Ctrl-C to stop.")
                while True:
                    time.sleep(3600)


def sample() -> dict[str, str]:
    """The sample repository: path to text."""
    return dict(_texts(files("bot.sandbox").joinpath("sample"), ""))


def _texts(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _texts(entry, f"{path}/")
        else:
            yield path, entry.read_text("utf-8")


def changed(files: Mapping[str, str]) -> str:
    """The template as the sample pull request leaves it."""
    text = files[TEMPLATE]
    for old, new in EDITS:
        text = text.replace(old, new)
    return text


def _open_pull_request(world: World, repository: Repository) -> PullRequest:
    world.push(repository, "share-docker", {TEMPLATE: changed(sample())}, TITLE, author="newcomer")
    return world.open_pull_request(repository, "share-docker", title=TITLE, author="newcomer")


def _wait_for_review(repository: Repository, pull: PullRequest, log: Path) -> CheckRun:
    deadline = time.monotonic() + REVIEW_SECONDS
    while time.monotonic() < deadline:
        for check_run in list(repository.check_runs.values()):
            if check_run.status == "completed" and check_run.suite.head_sha == pull.head_sha:
                return check_run
        time.sleep(0.05)
    raise DemoError(f"no review within {REVIEW_SECONDS:.0f} s; the service said:\n{_last_lines(log)}")


def _print_review(
    console: Console, world: World, repository: Repository, pull: PullRequest, check_run: CheckRun
) -> None:
    for review in repository.reviews.values():
        console.print(Panel(Markdown(review.body or "(no text)"), title=f"Review by {review.author.login}"))
    for comment in repository.review_comments.values():
        where = f"{comment.path}:{comment.anchor.line}" if comment.anchor else comment.path
        console.print(Panel(Markdown(comment.body), title=where, title_align="left"))
    title = f"Check run: {check_run.name} — {check_run.conclusion}"
    console.print(Panel(Markdown(check_run.summary or ""), title=title, title_align="left"))
    console.print(f"The pull request: {world.url}/{repository.full_name}/pull/{pull.number}")


@contextmanager
def _service(folder: Path, api_url: str, app: App, key: rsa.RSAPrivateKey, secret: str, port: int) -> Iterator[Path]:
    """The service as a process of its own, stopped at the end; yields its log."""
    log = folder / "service.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WRC_")}
    environment |= {
        "WRC_APP_ID": str(app.id),
        "WRC_PRIVATE_KEY": _private_pem(key),
        "WRC_WEBHOOK_SECRET": secret,
        "WRC_API_URL": api_url,
        "WRC_DATA_DIR": str(folder / "data"),
        "WRC_PORT": str(port),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "serve"], env=environment, cwd=folder, stdout=output, stderr=output
        )
    try:
        _wait_until_up(process, port, log)
        yield log
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_up(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=1).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise DemoError(f"the service did not start; it said:\n{_last_lines(log)}")


def _last_lines(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-10:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


def _public_pem(key: rsa.RSAPrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
