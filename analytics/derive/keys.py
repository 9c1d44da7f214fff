"""Keys: each is checked by itself once, looked up in the user's blocklists, and held against all other moduli.

Everything is done for what is new since the last time: new keys, or all of them when the checks change (`VERSION`) or
the lists do. A key without a row is unknown.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from analytics.derive import blocklist, keys_shared
from analytics.derive.keys_numbers import MAX_BITS, Numbers, read_numbers
from analytics.derive.rows import write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics.derive.settings import Settings
    from analytics.store import Store

VERSION: Final = 1
"""Rises when the checks say something else of the same key."""
BATCH: Final = 2_000
"""Keys worked on at a time."""

_NEW: Final = """
SELECT assumeNotNull(spki_sha256) AS spki, lower(hex(min(sha256))) FROM certificates
WHERE spki_sha256 IS NOT NULL
    AND assumeNotNull(spki_sha256) NOT IN (SELECT spki_sha256 FROM keys WHERE keys_version = {version:Int64})
GROUP BY spki ORDER BY spki LIMIT {batch:UInt32}
"""
_DER: Final = """
SELECT lower(hex(sha256)), der FROM certificate_der
WHERE sha256 IN (SELECT toFixedString(unhex(arrayJoin({wanted:Array(String)})), 32))
"""
_NOT_LOOKED_UP: Final = """
SELECT spki_sha256, number_sha256, modulus FROM keys FINAL
WHERE spki_sha256 NOT IN (SELECT spki_sha256 FROM key_lookups FINAL WHERE lists = {lists:String})
ORDER BY spki_sha256 LIMIT {batch:UInt32}
"""
_LOOKS: Final = "SELECT ifNull(max(looked), 0) FROM key_lookups"
KEY_COLUMNS: Final = (
    ("spki_sha256", "fixed_32"),
    ("keys_version", "int64"),
    ("number_sha256", "fixed_32"),
    ("modulus", "binary"),
    ("modulus_sha256", "fixed_32"),
    ("weaknesses", "list_string"),
    ("unchecked", "string"),
    ("factor_p", "string"),
    ("factor_q", "string"),
)
_LOOKUP_COLUMNS: Final = (
    ("spki_sha256", "fixed_32"),
    ("lists", "string"),
    ("looked", "int64"),
    ("known", "bool"),
    ("known_as", "string"),
)
_Row = tuple[Any, ...]


def derive(store: Store, settings: Settings) -> None:
    """Bring all that is said of keys up to date. StoreError, or BlocklistError: a list cannot be used."""
    lists = blocklist.load(settings.blocklists)
    for rows in _checked(store):
        write(store, "keys", KEY_COLUMNS, rows)
    if lists.digest:
        _look_up(store, lists)
    keys_shared.derive(store)


def _checked(store: Store) -> Iterator[list[_Row]]:
    """Give rows of keys that have none of this version, batch by batch; each must be written before the next."""
    while new := store.query(_NEW, {"version": VERSION, "batch": BATCH}, binary=True):
        wanted = [certificate.decode() for _, certificate in new]
        ders = dict(store.query(_DER, {"wanted": wanted}, binary=True))
        yield [_row(spki, ders.get(certificate)) for spki, certificate in new]


def _row(spki: bytes, certificate: bytes | None) -> _Row:
    """Check one key."""
    from analytics.derive.keys_checks import check  # noqa: PLC0415  where nothing is new, nothing is imported

    found = "its certificate is not in the store" if certificate is None else read_numbers(certificate)
    if not isinstance(found, Numbers):
        return (spki, VERSION, None, None, None, [], found, None, None)
    said = check(found)
    p, q = said.factors or (None, None)
    modulus = _modulus(found)
    return (
        spki,
        VERSION,
        found.number_sha256,
        modulus,
        None if modulus is None else hashlib.sha256(modulus).digest(),
        list(said.weaknesses),
        said.unchecked,
        None if p is None else f"{p:x}",
        None if q is None else f"{q:x}",
    )


def _modulus(numbers: Numbers) -> bytes | None:
    usable = numbers.algorithm == "RSA" and (numbers.modulus or 0).bit_length() <= MAX_BITS
    return numbers.number if usable and numbers.number else None


def _look_up(store: Store, lists: blocklist.Blocklists) -> None:
    """Ask the lists for every key that these very lists have not been asked for."""
    [(last,)] = store.query(_LOOKS)
    while new := store.query(_NOT_LOOKED_UP, {"lists": lists.digest, "batch": BATCH}, binary=True):
        rows = []
        for spki, number, modulus in new:
            known, name = lists.find(blocklist.Wanted(spki, number, modulus))
            rows.append((spki, lists.digest, last + 1, known, name))
        write(store, "key_lookups", _LOOKUP_COLUMNS, rows)
