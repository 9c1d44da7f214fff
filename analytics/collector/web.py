"""The collector's listener: `/metrics` for Prometheus, `/healthz` and `/readyz` for whoever watches processes."""

from __future__ import annotations

import http.server
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from analytics.service.http import QuietServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.collector.metrics import Metrics

_PLAIN = "text/plain; charset=utf-8"
_SECONDS = 10


class Listener:
    """Answers until it is closed."""

    def __init__(self, host: str, port: int, metrics: Metrics, is_alive: Callable[[], bool]) -> None:
        """OSError if the address cannot be had; `port` 0: any that is free."""
        registry = CollectorRegistry()
        registry.register(metrics)

        def answer(path: str) -> tuple[int, str, bytes]:
            if path == "/metrics":
                return 200, CONTENT_TYPE_LATEST, generate_latest(registry)
            if path == "/healthz":
                alive = is_alive()
                return (200 if alive else 503), _PLAIN, b"alive\n" if alive else b"stuck\n"
            if path == "/readyz":
                ready = metrics.is_ready
                return (200 if ready else 503), _PLAIN, b"ready\n" if ready else b"the store does not answer\n"
            return 404, _PLAIN, b"/metrics, /healthz, /readyz\n"

        class Handler(_Handler):
            tell = staticmethod(answer)

        self._server = QuietServer(host, port, Handler)
        self.port = self._server.port

    def close(self) -> None:
        """Answer no more."""
        self._server.close()


class _Handler(http.server.BaseHTTPRequestHandler):
    server_version = "certspan"
    sys_version = ""
    timeout = _SECONDS
    tell: Callable[[str], tuple[int, str, bytes]]

    def log_message(self, *_: object) -> None:
        """Write nothing: the service has its own log."""

    def do_GET(self) -> None:
        status, kind, body = self.tell(self.path.partition("?")[0])
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
