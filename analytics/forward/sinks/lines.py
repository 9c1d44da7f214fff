"""Syslog (UDP, TCP, TLS) and files: messages as lines."""

from __future__ import annotations

import os
import select
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.forward.formats import FORMATS, syslog
from analytics.forward.sinks import SinkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.forward.message import Message
    from analytics.forward.settings import SinkSettings

_SECONDS = 10.0
_LONGEST_DATAGRAM = 65_000
_SETTLE_SECONDS = 0.05
_PRIVATE_MODE = 0o600


class Syslog:
    """A syslog server: RFC 5424 over UDP (RFC 5426), TCP counted in octets (RFC 6587) or TLS (RFC 5425)."""

    def __init__(self, settings: SinkSettings) -> None:
        self._settings = settings
        self._write = FORMATS[settings.format]
        self._to: socket.socket | None = None

    def send(self, messages: Sequence[Message]) -> dict[int, str]:
        """Tell all; a server that closed the connection meanwhile may have read none of it, and gets all again."""
        refused: dict[int, str] = {}
        try:
            to = self._connected()
            for place, message in enumerate(messages):
                line = self._line(message)
                if self._settings.scheme != "udp":
                    to.sendall(f"{len(line)} ".encode() + line)
                elif len(line) <= _LONGEST_DATAGRAM:
                    to.send(line)
                else:
                    refused[place] = f"{len(line)} bytes do not fit into a datagram; use tcp or tls"
            if self._settings.scheme != "udp":
                self._check_open(to)
        except (OSError, ssl.SSLError) as error:
            self.close()
            raise SinkError(f"{self._settings.shown}: {_reason(error)}") from error
        return refused

    def close(self) -> None:
        """Close the connection."""
        to, self._to = self._to, None
        if to is not None:
            with suppress(OSError):
                to.close()

    def _line(self, message: Message) -> bytes:
        if self._settings.format == "rfc5424":
            return syslog.write(message, self._settings.facility)
        return syslog.framed(message, self._write(message), self._settings.facility)

    def _connected(self) -> socket.socket:
        if self._to is not None:
            return self._to
        host, port = self._settings.host_and_port()
        if self._settings.scheme == "udp":
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            self._to = socket.socket(family, kind, protocol)
            self._to.connect(address)
            return self._to
        plain = socket.create_connection((host, port), _SECONDS)
        if self._settings.scheme == "tls":
            try:
                plain = self._settings.tls().wrap_socket(plain, server_hostname=host)
            except BaseException:
                plain.close()
                raise
        self._to = plain
        return plain

    @staticmethod
    def _check_open(to: socket.socket) -> None:
        """Raise if the other side has closed: what was sent into a closed connection is lost without a word."""
        readable, _, _ = select.select([to], [], [], _SETTLE_SECONDS)
        if not readable:
            return
        to.settimeout(_SETTLE_SECONDS)
        try:
            if to.recv(1024) == b"":
                raise ConnectionResetError("the server closed the connection")
        except (TimeoutError, ssl.SSLWantReadError):
            pass
        finally:
            to.settimeout(_SECONDS)


class File:
    """A file of lines, begun anew when it is large: NAME, NAME.1 (the one before) ... NAME.<keep>."""

    def __init__(self, settings: SinkSettings) -> None:
        self._path = Path(settings.address.removeprefix("file://"))
        self._write = FORMATS[settings.format]
        self._most = settings.rotate_bytes
        self._keep = settings.keep

    def send(self, messages: Sequence[Message]) -> dict[int, str]:
        """Write all lines and sync them."""
        data = b"".join(self._write(message) + b"\n" for message in messages)
        try:
            self._rotate(len(data))
            with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _PRIVATE_MODE), "ab") as file:
                start = file.seek(0, os.SEEK_END)
                try:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    with suppress(OSError):
                        os.truncate(self._path, start)  # no half line stays
                    raise
        except OSError as error:
            raise SinkError(f"{self._path}: {error.strerror}") from error
        return {}

    def close(self) -> None:
        """Nothing is held open."""

    def _rotate(self, coming: int) -> None:
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            return
        if size == 0 or size + coming <= self._most:
            return
        for number in range(self._keep, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            newer = self._path if number == 1 else self._path.with_name(f"{self._path.name}.{number - 1}")
            if newer.exists():
                newer.replace(older)
        if self._keep == 0:
            self._path.unlink()


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message}); `ca` names the authority"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)) or type(error).__name__
