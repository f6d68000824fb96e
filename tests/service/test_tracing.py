"""Traces are sent where OpenTelemetry's variables say, and nowhere else."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bot import tracing
from bot.settings import Settings, SettingsError
from tests.service.running import ServiceProcess, free_port, wait_for


class Collector(HTTPServer):
    """Takes traces; `sent` are the paths and bodies."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sent: list[tuple[str, bytes]] = []

    @property
    def names(self) -> bytes:
        """Names stand in the protobuf as they are."""
        return b"".join(body for _, body in self.sent)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Collector)
        self.server.sent.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield collector
        collector.shutdown()
        thread.join()


def test_jobs_and_their_steps_are_spans(collector: Collector, settings: Settings, tmp_path: Path) -> None:
    environment = {
        "WRC_APP_ID": "1",
        "WRC_WEBHOOK_SECRET": settings.webhook_secret.get_secret_value(),
        "WRC_PRIVATE_KEY": settings.private_key_pem().replace("\n", "\\n"),
        "WRC_DATA_DIR": str(tmp_path / "data"),
        "WRC_API_URL": settings.api_url,
        "WRC_PORT": str(free_port()),
        "WRC_POLL_INTERVAL": "0.05",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }
    with ServiceProcess(environment, tmp_path) as service:
        wait_for(lambda: b"redeliver" in collector.names, "a span of the first look for what was missed")
        service.stop()
    assert {path for path, _ in collector.sent} == {"/v1/traces"}
    for name in (b"wrc-bot", b"redeliver", b"recover:start"):
        assert name in collector.names
    for secret in (environment["WRC_WEBHOOK_SECRET"].encode(), b"PRIVATE KEY", b"eyJ"):
        assert secret not in collector.names


def test_nothing_is_traced_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    assert not tracing.is_traced()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    assert tracing.is_traced()
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert not tracing.is_traced()


def test_a_missing_extra_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(SettingsError, match="with its extra 'otel'"):
        tracing.start()
