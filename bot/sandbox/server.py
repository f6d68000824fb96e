"""The sandbox on a loopback port, in a thread of its own."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType

import uvicorn
from starlette.types import ASGIApp

from bot.sandbox.app import create_app
from bot.sandbox.world import World

START_SECONDS = 10.0


def _is_news(record: logging.LogRecord) -> bool:
    """A connection that a fault drops is none."""
    return "without completing response" not in record.getMessage()


class SandboxServer:
    """`with SandboxServer(world) as url:` serves the world on `url` (also `world.url`) until the block ends.

    Port 0 takes a free one. `middleware` may wrap the application, to watch what passes.
    """

    def __init__(
        self, world: World, *, port: int = 0, middleware: Callable[[ASGIApp], ASGIApp] = lambda app: app
    ) -> None:
        self.world = world
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        world.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        app = middleware(create_app(world))
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            # Its date would be this machine's, and not the world's.
            date_header=False,
            timeout_graceful_shutdown=2,
        )
        logging.getLogger("uvicorn.error").addFilter(_is_news)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="sandbox-github", daemon=True
        )

    def __enter__(self) -> str:
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the sandbox did not start")
            time.sleep(0.01)
        return self.world.url

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(START_SECONDS)
        self.world.close_webhooks()
        self._socket.close()
