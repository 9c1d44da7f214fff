"""Answers of a log of Certificate Transparency to get-entries (RFC 6962 4.6, entries as in 3.4)."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from typing import TYPE_CHECKING, Any

from analytics.importing.found import Found, Place, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_HEADER = 12
"""Version, leaf type, timestamp of eight bytes, entry type of two."""
_X509, _PRECERT = 0, 1


def entries(held: Sequence[Any]) -> Iterator[Found | Trouble]:
    """Give the certificate of each entry, or the precertificate that was submitted, and the chain it came with."""
    for number, entry in enumerate(held, 1):
        try:
            yield from _entry(_bytes(entry, "leaf_input"), _bytes(entry, "extra_data"))
        except (ValueError, IndexError, OverflowError) as error:
            yield Trouble(f"entry {number}", str(error) or "it is cut")


def _bytes(entry: Any, name: str) -> bytes:
    if not isinstance(entry, dict) or not isinstance(entry.get(name), str):
        raise ValueError(f"it has no {name}")  # noqa: TRY004  one kind of error for all that is wrong with a file
    try:
        return base64.b64decode(entry[name], validate=True)
    except binascii.Error as error:
        raise ValueError(f"its {name} is no base64") from error


def _entry(leaf: bytes, extra: bytes) -> Iterator[Found]:
    """Read a MerkleTreeLeaf: version, leaf type, timestamp, entry type, certificate or the hash of its issuer's key."""
    if len(leaf) < _HEADER or leaf[:2] != b"\0\0":
        raise ValueError("its leaf is not of version 1")
    place = Place(seen=_EPOCH + dt.timedelta(milliseconds=int.from_bytes(leaf[2:10])))
    kind = int.from_bytes(leaf[10:12])
    if kind == _X509:
        certificate, _ = _vector(leaf, _HEADER)
        chain = extra
    elif kind == _PRECERT:
        certificate, rest = _vector(extra, 0)
        chain = extra[rest:]
    else:
        raise ValueError(f"its entry is of type {kind}, which RFC 6962 does not know")
    yield Found(certificate, place)
    body, _ = _vector(chain, 0)
    position = start = 0
    while start < len(body):
        member, start = _vector(body, start)
        position += 1
        yield Found(member, place, position)


def _vector(data: bytes, start: int) -> tuple[bytes, int]:
    """Read what a length of three bytes is in front of, and tell where it ends."""
    stop = start + 3 + int.from_bytes(data[start : start + 3])
    if start + 3 > len(data) or stop > len(data):
        raise ValueError("it is cut")
    return data[start + 3 : stop], stop
