"""Certificates by themselves: PEM (RFC 7468), DER, PKCS #7 (RFC 2315, RFC 5652), in one file or many in a row."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from analytics.importing.found import Found, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,64})-----(.*?)-----END \1-----", re.DOTALL)
_CERTIFICATES = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE"})
_PKCS7 = frozenset({b"PKCS7", b"CMS", b"PKCS #7 SIGNED DATA"})
SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
"""OID of SignedData, encoded: what a PKCS #7 file begins with, after its first length."""
_SEQUENCE, _FIRST_CONTEXT = 0x30, 0xA0


def pem(data: bytes) -> Iterator[Found | Trouble]:
    """Give the certificates among PEM blocks; keys, requests and the like are passed over."""
    number = 0
    for block in _BLOCK.finditer(data):
        if block[1] not in _CERTIFICATES | _PKCS7:
            continue
        number += 1
        try:
            der = base64.b64decode(b"".join(block[2].split()), validate=True)
        except binascii.Error:
            yield Trouble(f"certificate {number}", "what stands between its lines is no base64")
            continue
        if block[1] in _PKCS7:
            yield from pkcs7(der)
        else:
            yield from _trusted(der, number) if block[1].startswith(b"TRUSTED") else [Found(der)]


def der(data: bytes) -> Iterator[Found | Trouble]:
    """Give the certificates of a DER file, which may be several in a row, or a PKCS #7 one."""
    if SIGNED_DATA in data[:24]:
        yield from pkcs7(data)
        return
    place = 0
    while place < len(data):
        stop = _end(data, place)
        if stop is None or data[place] != _SEQUENCE:
            yield Trouble(f"byte {place}", "no certificate begins here, or it is cut")
            return
        yield Found(data[place:stop])
        place = stop


def pkcs7(data: bytes) -> Iterator[Found | Trouble]:
    """Give the certificates of SignedData, as they lie there: the set of RFC 5652 5.1, `certificates [0] IMPLICIT`.

    ContentInfo ::= SEQUENCE { contentType, [0] SEQUENCE { version, digestAlgorithms, encapContentInfo, [0] ... } }
    """
    try:
        content = _inside(data, 0, len(data))[1]
        signed = _inside(data, *_open(data, *content))
        held = next(one for one in signed[3:] if data[one[0]] == _FIRST_CONTEXT)
        members = _inside(data, *held)
    except (IndexError, StopIteration, ValueError):
        yield Trouble("the PKCS #7 structure", "it holds no certificates, or is malformed (DER is read, not BER)")
        return
    for start, stop in members:
        if data[start] == _SEQUENCE:  # other choices are attribute certificates and older forms
            yield Found(data[start:stop])


def _trusted(data: bytes, number: int) -> Iterator[Found | Trouble]:
    """OpenSSL's own form: a certificate, then what it is trusted for."""
    stop = _end(data, 0)
    if stop is None:
        yield Trouble(f"certificate {number}", "it is cut")
    else:
        yield Found(data[:stop])


def _open(data: bytes, start: int, stop: int) -> tuple[int, int]:
    """Where the only element inside of this one lies."""
    [inner] = _inside(data, start, stop)
    return inner


def _inside(data: bytes, start: int, stop: int) -> list[tuple[int, int]]:
    """Where each element inside of this one starts and ends. ValueError: a length that does not fit."""
    place = _content(data, start)
    found = []
    while place < stop:
        end = _end(data, place)
        if end is None or end > stop:
            raise ValueError("a length does not fit")
        found.append((place, end))
        place = end
    return found


def _content(data: bytes, start: int) -> int:
    first = data[start + 1]
    return start + 2 + (first & 0x7F if first & 0x80 else 0)


def _end(data: bytes, start: int) -> int | None:
    """Where the element that begins here ends; None: beyond the data, or in a form that is not DER's."""
    if start + 2 > len(data):
        return None
    first = data[start + 1]
    if first < 0x80:  # noqa: PLR2004  X.690 8.1.3.4
        stop = start + 2 + first
    else:
        count = first & 0x7F
        if not 1 <= count <= 4 or start + 2 + count > len(data):  # noqa: PLR2004
            return None
        stop = start + 2 + count + int.from_bytes(data[start + 2 : start + 2 + count])
    return stop if stop <= len(data) else None
