"""The fields of recorded handshake messages that differ from one connection to the next."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from authority import NAME

if TYPE_CHECKING:
    from random import Random

Field = tuple[int, int, int]
"""Start, end, and what goes there."""
FRESH, SESSION, HOST = 0, 1, 2
"""Random bytes; the session id, which the server may repeat; the server's name."""

_CLIENT_HELLO, _SERVER_HELLO, _TICKET = 1, 2, 4
_SERVER_KEYS, _VERIFY, _CLIENT_KEYS = 12, 15, 16
_RANDOM = (6, 38)
_SESSION_TICKET, _SERVER_NAME, _KEY_SHARE = 35, 0, 51
_ECDSA_SIGNATURE = 71
"""Bytes given to signatures whose true length depends on chance."""
_RSA_SIGNATURE = 256


def _u16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")


def _framed(message: bytes) -> bytes:
    """Correct the length in a message's header."""
    return message[:1] + (len(message) - 4).to_bytes(3, "big") + message[4:]


def of_hello(message: bytes) -> tuple[bytes, list[Field]]:
    """Give a ClientHello and its fields."""
    fields, at = _beginning(message)
    at += 2 + _u16(message, at)
    at += 1 + message[at]
    return message, fields + _of_extensions(message, at, server=False)


def _beginning(message: bytes) -> tuple[list[Field], int]:
    """Give the fields of a hello's beginning, and where they end."""
    start = _RANDOM[1] + 1
    end = start + message[start - 1]
    fields = [(*_RANDOM, FRESH)]
    if end > start:
        fields.append((start, end, SESSION))
    return fields, end


def _of_extensions(message: bytes, at: int, *, server: bool) -> list[Field]:
    fields: list[Field] = []
    at += 2
    while at < len(message):
        kind, start = _u16(message, at), at + 4
        end = start + _u16(message, at + 2)
        if kind == _SERVER_NAME and end > start:
            fields.append((end - len(NAME % 0), end, HOST))
        elif kind == _SESSION_TICKET:
            fields.append((start, end, FRESH))
        elif kind == _KEY_SHARE and server:
            fields.append((start + 4, end, FRESH))
        elif kind == _KEY_SHARE:
            share = start + 2
            while share < end:
                length = _u16(message, share + 2)
                fields.append((share + 4, share + 4 + length, FRESH))
                share += 4 + length
        at = end
    return fields


def of_message(message: bytes) -> tuple[bytes, list[Field]]:
    """Give any other message, signatures brought to one length, and its fields."""
    kind = message[0]
    if kind == _SERVER_HELLO:
        fields, at = _beginning(message)
        return message, fields + _of_extensions(message, at + 3, server=True)
    if kind == _TICKET:
        return message, [(10, len(message), FRESH)]
    if kind == _CLIENT_KEYS:
        # A point behind one byte of length, or a secret behind two.
        start = 5 if message[4] == len(message) - 5 else 6
        return message, [(start, len(message), FRESH)]
    if kind == _SERVER_KEYS:
        point = 8 + message[7]
        message, fields = _signed(message, point)
        return message, [(8, point, FRESH), *fields]
    if kind == _VERIFY:
        return _signed(message, 4)
    return message, []


def _signed(message: bytes, at: int) -> tuple[bytes, list[Field]]:
    """Give a message whose signature, with its algorithm, begins at `at`."""
    start = at + 4
    length = _u16(message, at + 2)
    if length != _RSA_SIGNATURE:
        length = _ECDSA_SIGNATURE
    message = message[: at + 2] + length.to_bytes(2, "big") + bytes(length)
    return _framed(message), [(start, start + length, FRESH)]


def as_browsers_do(record: bytes, rng: Random) -> bytes:
    """Give a ClientHello's record with its extensions in any order, and meaningless values among them (RFC 8701)."""
    session_end = 44 + record[43]
    suites_end = session_end + 2 + _u16(record, session_end)
    at = suites_end + 1 + record[suites_end] + 2
    extensions = []
    while at < len(record):
        end = at + 4 + _u16(record, at + 2)
        extensions.append(record[at:end])
        at = end
    rng.shuffle(extensions)
    first, second, suite = (0x0A0A + 0x1010 * number for number in rng.sample(range(16), 3))
    tail = b"".join([struct.pack(">HH", first, 0), *extensions, struct.pack(">HHB", second, 1, 0)])
    suites = struct.pack(">H", suite) + record[session_end + 2 : suites_end]
    body = b"".join(
        [
            record[9:session_end],
            struct.pack(">H", len(suites)) + suites,
            record[suites_end : suites_end + 1 + record[suites_end]],
            struct.pack(">H", len(tail)) + tail,
        ]
    )
    message = record[5:6] + len(body).to_bytes(3, "big") + body
    return record[:3] + struct.pack(">H", len(message)) + message
