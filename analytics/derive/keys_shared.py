"""Batch GCD over the inventory: new moduli against all of the store, and who shares a prime with whom.

Products of the moduli seen so far are kept in the store, `gcd.CHUNK` moduli each, so that a new key costs the same
however often this runs. Should a run break between its two writes, its moduli stand in the products without a row and
are taken again: they are then found to divide the products, and looking closer shows that they share with nobody.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from analytics.derive.rows import write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gmpy2 import mpz

    from analytics.derive import gcd
    from analytics.store import Store

MAX_PARTNERS: Final = 100
"""Moduli named beside a factored one."""
_NEW: Final = """
SELECT DISTINCT modulus FROM keys FINAL
WHERE modulus IS NOT NULL AND assumeNotNull(modulus_sha256) NOT IN (SELECT modulus_sha256 FROM key_factors)
ORDER BY modulus LIMIT {batch:UInt32}
"""
_CHUNKS: Final = "SELECT chunk, max(moduli) FROM key_products GROUP BY chunk ORDER BY chunk"
_PRODUCT: Final = "SELECT product FROM key_products FINAL WHERE chunk = {chunk:Int64}"
_OF_CHUNK: Final = """
SELECT DISTINCT modulus FROM keys WHERE modulus IS NOT NULL AND assumeNotNull(modulus_sha256) IN (
    SELECT modulus_sha256 FROM key_factors WHERE chunk = {chunk:Int64})
"""
_HELD: Final = """
SELECT lower(hex(modulus_sha256)), chunk, shared, partners FROM key_factors FINAL
WHERE modulus_sha256 IN (SELECT toFixedString(unhex(arrayJoin({wanted:Array(String)})), 32))
"""
_COLUMNS: Final = (
    ("modulus_sha256", "fixed_32"),
    ("chunk", "int64"),
    ("shared", "int64"),
    ("factor_p", "string"),
    ("factor_q", "string"),
    ("partners", "list_string"),
)
_PRODUCT_COLUMNS: Final = (("chunk", "int64"), ("moduli", "int64"), ("product", "binary"))


def derive(store: Store) -> None:
    """Hold every modulus that has not been looked at against all others. StoreError: the store failed."""
    chunks = [(chunk, count) for chunk, count in store.query(_CHUNKS)]
    full = True
    while full:
        room = _room(chunks)
        new = [_number(modulus) for (modulus,) in store.query(_NEW, {"batch": room}, binary=True)]
        full = len(new) == room
        if new:
            chunks = _take(store, new, chunks)


def _room(chunks: Sequence[tuple[int, int]]) -> int:
    """Tell how many moduli the last product still has room for, or a new one has."""
    from analytics.derive.gcd import CHUNK  # noqa: PLC0415  where nothing is new, little is imported

    return CHUNK - (chunks[-1][1] % CHUNK if chunks else 0)


def _take(store: Store, new: Sequence[mpz], chunks: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Hold one batch against all products, put it into the last one, and write down who shares with whom."""
    from analytics.derive import gcd  # noqa: PLC0415  as above

    batch = gcd.Batch(new)
    last = None
    for chunk, _ in chunks:
        last = _product(store, chunk)
        batch.against(last)
    suspects = batch.suspects()
    place, count = chunks[-1] if chunks and chunks[-1][1] < gcd.CHUNK else (len(chunks), 0)
    whole = batch.product if last is None or not count else last * batch.product
    write(store, "key_products", _PRODUCT_COLUMNS, [(place, count + len(new), _octets(whole))])
    rows: dict[str, list[Any]] = {_name(modulus): [_digest(modulus), place, 0, None, None, []] for modulus in new}
    if suspects:
        related = [*gcd.related(suspects, new), *_related(store, suspects, chunks)]
        rows |= _shared(store, gcd.factor(list(dict.fromkeys(related))), dict.fromkeys(rows, place))
    write(store, "key_factors", _COLUMNS, list(rows.values()))
    return [*chunks[: len(chunks) - bool(count)], (place, count + len(new))]


def _related(store: Store, suspects: Sequence[mpz], chunks: Sequence[tuple[int, int]]) -> Iterator[mpz]:
    """Give the old moduli that share a prime with a suspect; only products that do are looked into."""
    from analytics.derive import gcd  # noqa: PLC0415  as above

    whole = gcd.product(suspects)
    for chunk, _ in chunks:
        if any(gcd.related([_product(store, chunk) % whole], [whole])):
            rows = store.query(_OF_CHUNK, {"chunk": chunk}, binary=True)
            yield from gcd.related(suspects, (_number(modulus) for (modulus,) in rows))


def _shared(store: Store, found: Sequence[gcd.Shared], places: dict[str, int]) -> dict[str, list[Any]]:
    """Make rows of all that share; `places` are the products of the new ones. Old ones keep their earlier partners."""
    wanted = [name for one in found if (name := _name(one.modulus)) not in places]
    rows_held = store.query(_HELD, {"wanted": wanted}) if wanted else []
    held = {name: (chunk, shared, partners) for name, chunk, shared, partners in rows_held}
    rows: dict[str, list[Any]] = {}
    for one in found:
        name = _name(one.modulus)
        partners = [_name(other) for other in one.partners]
        place, shared, earlier = held.get(name, (places.get(name, 0), 0, []))
        more = [other for other in partners if other not in earlier and (other in places or name in places)]
        told = [*earlier, *more][:MAX_PARTNERS]
        rows[name] = [bytes.fromhex(name), place, shared + len(more), f"{one.p:x}", f"{one.q:x}", told]
    return rows


def _product(store: Store, chunk: int) -> mpz:
    [(product,)] = store.query(_PRODUCT, {"chunk": chunk}, binary=True)
    return _number(product)


def _number(octets: bytes) -> mpz:
    from gmpy2 import mpz  # noqa: PLC0415  as above

    return mpz.from_bytes(octets, byteorder="big")


def _octets(value: mpz | int) -> bytes:
    return int(value).to_bytes((value.bit_length() + 7) // 8, "big")


def _digest(modulus: mpz | int) -> bytes:
    return hashlib.sha256(_octets(modulus)).digest()


def _name(modulus: mpz | int) -> str:
    return _digest(modulus).hex()
