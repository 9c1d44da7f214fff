"""Trust anchors: Mozilla's roots, the system's, the user's own CAs, and those of vendors the user accepts."""

from __future__ import annotations

import hashlib
import re
import ssl
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import certifi

from sensor.certificate_link import Link, read_link

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from analytics.derive.settings import Settings

MAX_BYTES: Final = 64 << 20
"""Of one file of certificates."""
SUFFIXES: Final = frozenset({".pem", ".crt", ".cer", ".der"})
"""Files of a folder that are read; one that is named by itself may be called anything."""
_PEM = re.compile(
    rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----(.*?)-----END (?:TRUSTED |X509 )?CERTIFICATE-----", re.DOTALL
)
_BEGIN: Final = b"-----BEGIN "


class AnchorError(Exception):
    """A trust folder or file that cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """One CA that is trusted, and by whose word."""

    der: bytes
    link: Link
    kind: str
    """`public`, `corporate` or `vendor`."""
    source: str
    """For people: `Mozilla's list`, or the file it stands in."""


def anchors(settings: Settings) -> tuple[Anchor, ...]:
    """Give all anchors; a name and key that several lists have counts for the first: public, corporate, vendor."""
    found = [*_mozilla(), *(_system() if settings.system_roots else ())]
    found += _given(settings.corporate, "corporate")
    found += _given(settings.vendors, "vendor")
    return tuple(found)


def fingerprint(found: Iterable[Anchor]) -> str:
    """Name a set of anchors; it changes when what they decide may."""
    lines = sorted(f"{anchor.kind} {hashlib.sha256(anchor.der).hexdigest()} {anchor.source}" for anchor in found)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@lru_cache(maxsize=1)
def _mozilla() -> tuple[Anchor, ...]:
    return tuple(_read(Path(certifi.where()), "public", "Mozilla's list"))


def _system() -> Iterator[Anchor]:
    paths = ssl.get_default_verify_paths()
    if paths.cafile is None:
        raise AnchorError("the roots of this system: OpenSSL knows no file of them here; leave the option out")
    yield from _read(Path(paths.cafile), "public", "the system's list")


def _given(places: Iterable[Path], kind: str) -> Iterator[Anchor]:
    for place in places:
        files = [place]
        try:
            if place.is_dir():
                files = sorted(one for one in place.iterdir() if one.suffix.lower() in SUFFIXES and one.is_file())
        except OSError as error:
            raise AnchorError(f"{place}: {error.strerror}") from error
        if not files:
            raise AnchorError(f"{place}: no certificate in this folder (files *.pem, *.crt, *.cer, *.der)")
        for file in files:
            yield from _read(file, kind, str(file))


def _read(path: Path, kind: str, source: str) -> Iterator[Anchor]:
    """Read the certificates of one file, PEM or DER."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise AnchorError(f"{path}: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise AnchorError(f"{path}: larger than {MAX_BYTES >> 20} MB; a file of certificates is expected")
    count = 0
    for der in _certificates(path, data):
        count += 1
        link = read_link(der)
        if link is None:
            raise AnchorError(f"{path}: certificate {count} cannot be read: it is no X.509 certificate in DER")
        yield Anchor(der, link, kind, source)
    if not count:
        raise AnchorError(f"{path}: no certificate in it (PEM or DER is expected)")


def _certificates(path: Path, data: bytes) -> Iterator[bytes]:
    if _BEGIN not in data:
        if data:
            yield data
        return
    if data.count(b"-----BEGIN") - data.count(b"-----END"):
        raise AnchorError(f"{path}: a PEM block has no end: the file is cut")
    for number, block in enumerate(_PEM.findall(data), 1):
        try:
            yield b64decode(b"".join(block.split()), validate=True)
        except (Base64Error, ValueError) as error:
            raise AnchorError(f"{path}: certificate {number} is no base64: {error}") from error
