"""Receivers for tests of forwarding: small strict servers, and a real syslog-ng over UDP, TCP and TLS."""

from __future__ import annotations

import http.server
import json
import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mirror import until

from analytics.service.http import QuietServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Answer = tuple[int, Any]


class Receiver:
    """An HTTP server that hands each POST to a function and answers what that says."""

    def __init__(self, answer: Callable[[str, dict[str, str], bytes], Answer]) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.requests.append((self.path, headers, body))
                status, document = answer(self.path, headers, body)
                data = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = QuietServer("127.0.0.1", 0, Handler)
        self.url = f"http://127.0.0.1:{self._server.port}"

    def close(self) -> None:
        """Answer no more."""
        self._server.close()


class Elasticsearch:
    """The bulk interface of a data stream, as strict as it: pairs of lines, only `create`, ids once."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.status = 200
        self.refuse: Callable[[dict[str, Any]], bool] = lambda _: False

    def __call__(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Answer a request."""
        if self.status != 200:
            return self.status, {}
        assert path == "/_bulk"
        assert headers["content-type"] == "application/x-ndjson"
        assert body.endswith(b"\n")
        lines = body.split(b"\n")[:-1]
        assert len(lines) % 2 == 0
        items = []
        for action, line in zip(lines[::2], lines[1::2], strict=True):
            ((word, about),) = json.loads(action).items()
            assert word == "create"
            document = json.loads(line)
            assert "@timestamp" in document
            status = 201
            if self.refuse(document):
                status = 400
            elif about["_id"] in self.documents:
                status = 409
            else:
                self.documents[about["_id"]] = {"_index": about["_index"], **document}
            item = {"_id": about["_id"], "status": status}
            items.append({"create": item if status < 400 else {**item, "error": {"reason": "no"}}})
        return 200, {"took": 1, "errors": any(item["create"]["status"] >= 400 for item in items), "items": items}


class Splunk:
    """The HTTP Event Collector with acknowledgement: an answer with an ackId, true only at the second question."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.events: list[dict[str, Any]] = []
        self.asked: dict[int, int] = {}

    def __call__(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Answer a request."""
        if headers.get("authorization") != f"Splunk {self.token}":
            return 403, {"text": "Invalid token", "code": 4}
        if path.startswith("/services/collector/ack?channel="):
            (number,) = json.loads(body)["acks"]
            self.asked[number] = self.asked.get(number, 0) + 1
            return 200, {"acks": {str(number): self.asked[number] > 1}}
        assert path == "/services/collector/event"
        decoder, text, found = json.JSONDecoder(), body.decode(), []
        while text.strip():
            event, end = decoder.raw_decode(text.lstrip())
            text = text.lstrip()[end:]
            found.append(event)
        if any("spoilt" in json.dumps(event) for event in found):
            return 400, {"text": "Incorrect data format", "code": 5, "invalid-event-number": 0}
        self.events += found
        return 200, {"text": "Success", "code": 0, "ackId": len(self.events)}


@contextmanager
def syslog_ng(
    folder: Path, certificates: Path | None = None
) -> Iterator[tuple[dict[str, int], Callable[[], list[Any]]]]:
    """Run a syslog-ng; the ports of udp, tcp and tls, and what it has understood: one object a message."""
    ports = {kind: free_port() for kind in ("udp", "tcp", "tls")}
    out = folder / "received"
    sources = [f'syslog(ip("127.0.0.1") transport("{kind}") port({ports[kind]}));' for kind in ("udp", "tcp")]
    if certificates is not None:
        tls = f'key-file("{certificates}/key.pem") cert-file("{certificates}/cert.pem") peer-verify(optional-untrusted)'
        sources.append(f'syslog(ip("127.0.0.1") transport("tls") port({ports["tls"]}) tls({tls}));')
    config = folder / "syslog-ng.conf"
    template = '"$(format-json --scope rfc5424 --key .SDATA.* MESSAGE=$MESSAGE)\\n"'
    config.write_text(
        "@version: 3.38\noptions { keep-hostname(yes); log-msg-size(262144); stats-freq(0); };\n"
        f"source s {{ {' '.join(sources)} }};\n"
        f'destination d {{ file("{out}" template({template})); }};\n'
        "log { source(s); destination(d); flags(flow-control); };\n"
    )
    words = ["syslog-ng", "-F", "-f", str(config), "--no-caps"]
    words += ["-R", str(folder / "persist"), "-p", str(folder / "pid"), "-c", str(folder / "control")]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            until(lambda: process.poll() is not None or reachable(ports["tcp"]))
            assert process.poll() is None, process.communicate()
            yield ports, lambda: [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
        finally:
            process.terminate()
            process.communicate(timeout=20)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def reachable(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
