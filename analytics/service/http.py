"""An HTTP server for a service: whoever goes away in mid-request is nobody's business, and no traceback is printed."""

from __future__ import annotations

import http.server
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl


class QuietServer(http.server.ThreadingHTTPServer):
    """A server that answers from a thread of its own until it is closed, and says nothing of connections that break."""

    daemon_threads = True

    def __init__(
        self,
        host: str,
        port: int,
        handler: type[http.server.BaseHTTPRequestHandler],
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """OSError if the address cannot be had; `port` 0: any that is free."""
        super().__init__((host, port), handler)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self._thread = threading.Thread(target=self.serve_forever, name="http server", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Give the port that it has."""
        return int(self.server_address[1])

    def close(self) -> None:
        """Answer no more."""
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a request go that could not be answered."""
