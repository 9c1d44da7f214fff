"""Lists of keys whose private half is known (Debian's of 2008, keys out of firmware, leaked ones), given by the user.

Two forms, told by content. *badkeys*: records of 16 bytes in order, 15 of a cut SHA-256 over the key's number and one
that names the list it came from (names in `badkeysdata.json` beside it). *Text*: a hash a line, then what to call the
key; 64 hexadecimal digits are the SHA-256 of the SubjectPublicKeyInfo or of the key's number, 20 are those of Debian's
`openssl-blacklist`: the end of the SHA-1 of what `openssl rsa -modulus` prints. `#` begins a comment.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_RECORD: Final = 16
_CUT: Final = 15
MAX_TEXT: Final = 64 << 20
"""Bytes of a list in text, which is held in memory; a longer one belongs into the form of badkeys."""
_LINE: Final = re.compile(r"([0-9A-Fa-f]{64}|[0-9A-Fa-f]{20})(?:\s+(\S.*))?")
_TEXT: Final = frozenset(b"\t\n\r" + bytes(range(32, 127)))
_HEAD: Final = 4096
MAX_NAME: Final = 200
"""Characters of what a list calls a key."""


class BlocklistError(ValueError):
    """A list that cannot be used; the message says which, where and why."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What lists can name a key by; None: its number could not be read."""

    spki_sha256: bytes
    number_sha256: bytes | None
    modulus: bytes | None
    """RSA only."""

    def debian(self) -> str | None:
        """Give the hash of Debian's lists."""
        if self.modulus is None:
            return None
        said = f"Modulus={self.modulus.hex().upper()}\n".encode()
        return hashlib.sha1(said, usedforsecurity=False).hexdigest()[20:]


class _List(Protocol):
    needs_number: bool

    def find(self, wanted: Wanted) -> str | None: ...


class Blocklists:
    """All lists of a run as one."""

    def __init__(self, lists: Sequence[_List], digest: str) -> None:
        self._lists = lists
        self.digest = digest
        """Names what the lists hold; "" when there is none."""

    def find(self, wanted: Wanted) -> tuple[bool | None, str | None]:
        """Tell whether a key is known, and as what. (None, None): it has no number that a list could be asked for."""
        for one in self._lists:
            if (name := one.find(wanted)) is not None:
                return True, name[:MAX_NAME]
        if wanted.number_sha256 is None and any(one.needs_number for one in self._lists):
            return None, None
        return False, None


def load(paths: Sequence[Path]) -> Blocklists:
    """Open all lists. BlocklistError: one cannot be used."""
    digests: set[str] = set()
    lists: list[_List] = []
    for path in paths:
        try:
            digest, made = _load(path)
        except OSError as error:
            raise BlocklistError(f"{path}: {error.strerror or error}") from error
        lists.append(made)
        digests.add(digest)
    whole = hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest() if digests else ""
    return Blocklists(lists, whole)


def _load(path: Path) -> tuple[str, _List]:
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if not head:
            raise BlocklistError(f"{path}: is empty")
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        if _TEXT.issuperset(head):
            if path.stat().st_size > MAX_TEXT:
                raise BlocklistError(f"{path}: a list in text of more than {MAX_TEXT >> 20} MiB; use badkeys' form")
            return digest, _TextList(path)
        return digest, _BadkeysList(path, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


class _TextList:
    def __init__(self, path: Path) -> None:
        self._names: dict[str, str] = {}
        try:
            lines = path.read_text("utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise BlocklistError(
                f"{path}: byte {error.start} is no text, and the list is not in badkeys' form"
            ) from error
        for number, line in enumerate(lines, 1):
            stripped = line.partition("#")[0].strip()
            if not stripped:
                continue
            match = _LINE.fullmatch(stripped)
            if match is None:
                raise BlocklistError(
                    f"{path}: line {number}: no hash of 64 hexadecimal digits (SHA-256 of a SubjectPublicKeyInfo "
                    "or modulus) or of 20 (Debian's openssl-blacklist)"
                )
            self._names[match[1].lower()] = match[2] or path.name
        if not self._names:
            raise BlocklistError(f"{path}: holds no hash")
        self.needs_number = True  # a hash does not say of what it is

    def find(self, wanted: Wanted) -> str | None:
        number = wanted.number_sha256
        hashes = (wanted.spki_sha256.hex(), number.hex() if number else None, wanted.debian())
        return next((self._names[one] for one in hashes if one in self._names), None)


class _BadkeysList:
    needs_number = True

    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self._data = data
        self._names = _names(path)
        self._path = path
        if len(data) % _RECORD:
            raise BlocklistError(
                f"{path}: neither text nor a blocklist of badkeys: {len(data)} bytes are no records of {_RECORD}"
            )
        last = b""
        for at in range(0, len(data), _RECORD):
            record = data[at : at + _RECORD]
            if record < last:
                raise BlocklistError(f"{path}: record {at // _RECORD + 1} is out of order; no blocklist of badkeys")
            last = record

    def find(self, wanted: Wanted) -> str | None:
        if wanted.number_sha256 is None:
            return None
        cut = wanted.number_sha256[:_CUT]
        low, high = 0, len(self._data) // _RECORD
        while low < high:
            middle = (low + high) // 2
            record = self._data[middle * _RECORD : (middle + 1) * _RECORD]
            if record[:_CUT] == cut:
                return self._names.get(record[_CUT], f"{self._path.name}, list {record[_CUT]}")
            low, high = (middle + 1, high) if record[:_CUT] < cut else (low, middle)
        return None


def _names(path: Path) -> Mapping[int, str]:
    """Read what badkeys calls its lists, if that is there."""
    beside = path.with_name("badkeysdata.json")
    if not beside.exists():
        return {}
    try:
        return {int(one["id"]): str(one["name"]) for one in json.loads(beside.read_text("utf-8"))["blocklists"]}
    except (ValueError, KeyError, TypeError) as error:
        raise BlocklistError(f"{beside}: not as badkeys writes it ({error})") from error
