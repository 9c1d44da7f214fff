"""A ClickHouse server for tests: the product's own, over an embedded store, behind a proxy that fails as servers do."""

from __future__ import annotations

import http.client
import http.server
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from analytics.service.http import QuietServer

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

PASSWORD = "open sesame"  # noqa: S105  of the test's own server


class Faulty:
    """The proxy. `fault` is what the next requests meet; those before `after` inserts pass."""

    def __init__(self, behind: Engine, tls: ssl.SSLContext | None = None) -> None:
        self.fault: str | None = None
        """`500`, `503`, `hang`, `cut` (before it is handed on), `cut after` (when it is done), or None."""
        self.only = b""
        """Requests whose body or URL does not hold this pass."""
        self.met = 0
        self._behind = behind.port
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                outer.pass_on(self, "GET", b"")

            def do_POST(self) -> None:
                outer.pass_on(self, "POST", body_of(self))

        self._server = QuietServer("127.0.0.1", 0, Handler, tls=tls)
        self.port = self._server.port

    def close(self) -> None:
        """Answer no more."""
        self._server.close()

    def pass_on(self, request: http.server.BaseHTTPRequestHandler, method: str, body: bytes) -> None:
        """Hand a request on, or fail."""
        fault = self.fault if self.only in body + request.path.encode() else None
        if fault is not None:
            self.met += 1
        if fault in {"500", "503"}:
            request.send_response(int(fault))
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        if fault == "hang":
            time.sleep(3)
        if fault in {"hang", "cut"}:
            request.close_connection = True
            return
        status, headers, answer = self._ask(request, method, body)
        if fault == "cut after":
            request.close_connection = True
            return
        request.send_response(status)
        for name, value in headers:
            if name.lower() not in {"transfer-encoding", "connection", "server", "date"}:
                request.send_header(name, value)
        request.end_headers()
        request.wfile.write(answer)

    def _ask(
        self, request: http.server.BaseHTTPRequestHandler, method: str, body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in {"transfer-encoding", "content-length", "connection"}
        }
        connection = http.client.HTTPConnection("127.0.0.1", self._behind, timeout=60)
        try:
            connection.request(method, request.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


def body_of(request: http.server.BaseHTTPRequestHandler) -> bytes:
    if request.headers.get("Transfer-Encoding", "").lower() != "chunked":
        return request.rfile.read(int(request.headers.get("Content-Length") or 0))
    parts = []
    while length := int(request.rfile.readline(), 16):
        parts.append(request.rfile.read(length))
        request.rfile.readline()
    request.rfile.readline()
    return b"".join(parts)


_RUN = """
import sys
from pathlib import Path
from analytics.serving.server import StoreServer
server = StoreServer(Path(sys.argv[1]), key=sys.argv[2])
print(server.port, flush=True)
sys.stdin.read()
server.close()
"""


class Engine:
    """A server over an embedded store, in a process of its own: a process can have one store only."""

    def __init__(self, folder: Path) -> None:
        words = [sys.executable, "-c", _RUN, str(folder), PASSWORD]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def close(self) -> None:
        """Let it end."""
        self._process.communicate("")
