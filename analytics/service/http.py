"""An HTTP server for a service: whoever goes away in mid-request is nobody's business, and no traceback is printed."""

from __future__ import annotations

import http.server
from typing import Any


class QuietServer(http.server.ThreadingHTTPServer):
    """A server whose threads end with the process, and that says nothing of connections that break."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a request go that could not be answered."""
