"""A file of any known form, told by its content: PEM, DER, PKCS #7, JSON, JSON lines, CSV."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from analytics.importing import bundle, records
from analytics.importing.found import ImportFileError
from analytics.report.text import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.importing.found import Found, Trouble

LARGEST = 512 << 20
"""Bytes of one file: it is in memory while it is read."""
_DER = b"\x30"
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def load(path: str) -> bytes:
    """Give the bytes of a file. ImportFileError: it cannot be read, or is too large."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise ImportFileError(str(error.strerror or error)) from error
    if len(data) > LARGEST:
        raise ImportFileError(f"larger than {size(LARGEST)}: split it")
    return data


def read(data: bytes) -> Iterator[Found | Trouble]:
    """Give what a file holds, and what of it could not be taken. ImportFileError: nothing can be made of it."""
    if not data.strip():
        raise ImportFileError("the file is empty")
    if data[:1] == _DER:
        yield from bundle.der(data)
        return
    text = _text(data)
    if text.lstrip()[:1] in ("{", "["):
        yield from records.from_json(text)
    elif b"-----BEGIN" in data and text.lstrip().startswith(("-----BEGIN", "#", "subject", "Bag", "Certificate")):
        yield from _some(bundle.pem(data))
    elif "," in text or ";" in text or "\t" in text:
        yield from records.from_csv(text)
    elif b"-----BEGIN" in data:
        yield from _some(bundle.pem(data))
    else:
        raise ImportFileError("neither PEM, DER, PKCS #7, JSON nor CSV")


def _some(found: Iterator[Found | Trouble]) -> Iterator[Found | Trouble]:
    """Pass on what there is; nothing at all is an error."""
    empty = True
    for one in found:
        empty = False
        yield one
    if empty:
        raise ImportFileError("no certificate stands in it")


def _text(data: bytes) -> str:
    encoding = next((name for mark, name in _BOMS.items() if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ImportFileError(f"neither DER nor text in {encoding} (byte {error.start})") from error
