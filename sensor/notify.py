"""Tell the service manager how a service is, by sd_notify(3): one datagram to a socket of this machine."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def notify(*states: str) -> None:
    """Send states such as `READY=1`; without a service manager, or where it does not listen, nothing happens."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place.startswith(("/", "@")):
        return
    address = "\0" + place[1:] if place.startswith("@") else place
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to_manager:
        to_manager.sendto("\n".join(states).encode(), address)
