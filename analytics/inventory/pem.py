"""Certificates of the store as a folder of PEM files, one each: what other inventories read from."""

from __future__ import annotations

import base64
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.report import files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.store import Store

_DER = """
SELECT hex(sha256), hex(der) FROM certificate_der FINAL
WHERE has({wanted:Array(String)}, lower(hex(sha256))) ORDER BY sha256"""


def write(store: Store, folder: str, wanted: Sequence[str], per_file: int = 1) -> int:
    """Write the wanted certificates (SHA-256 in hexadecimal); how many were written.

    One a file, `SHA256.pem`; or `per_file` of them, `certificates-00001.pem` and so on, as importers with a limit want.
    A file that is there already is replaced, whole. OSError, StoreError.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    written = 0
    for number, start in enumerate(range(0, len(wanted), max(per_file, 1)), 1):
        names = wanted[start : start + per_file]
        found = store.query(_DER, {"wanted": list(names)})
        name = f"{names[0]}.pem" if per_file == 1 else f"certificates-{number:05}.pem"
        files.write(str(place / name), [pem(bytes.fromhex(der)) for _, der in found])
        written += len(found)
    return written


def pem(der: bytes) -> str:
    """Write a certificate as RFC 7468 says."""
    body = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
