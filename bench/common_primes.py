"""How dear a new key is: batch GCD against 100,000 moduli, in batches of 100, and whether planted primes are found.

    .venv/bin/python bench/common_primes.py [--keys 100000] [--batch 100] [--batches 20] [--shared 40]

Moduli are stand-ins of 2048 bits made by seed: odd numbers without prime factors below 720, for making 200,000 primes
would take hours and shows nothing more. Planted ones are products of real primes, one of which stands in an old modulus
and in a new one. All of it runs against a store, as in `certspan audit`: rows are read and written.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import resource
import sys
import time
from typing import TYPE_CHECKING

import gmpy2
from gmpy2 import mpz

from analytics.derive import keys_shared
from analytics.derive.keys import KEY_COLUMNS
from analytics.derive.rows import write
from analytics.store import temporary_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analytics.store import Store

BITS = 2048
SEED = 20261125
LIMIT_MS = 10
_SMALL = gmpy2.primorial(720)


def stand_in(source: random.Random) -> mpz:
    """Give an odd number of 2048 bits that no prime below 720 divides."""
    value = mpz(source.getrandbits(BITS) | 1 << (BITS - 1))
    return value - value % (2 * _SMALL) + 1


def prime(source: random.Random) -> mpz:
    """Give a prime of 1024 bits."""
    return gmpy2.next_prime(mpz(source.getrandbits(1024) | 3 << 1022))


def planted(source: random.Random, count: int) -> Iterator[tuple[mpz, mpz]]:
    """Give pairs of moduli that have a prime in common."""
    for _ in range(count):
        common = prime(source)
        yield common * prime(source), common * prime(source)


def put(store: Store, moduli: Sequence[mpz]) -> None:
    """Write keys as if they had been checked."""
    rows: list[tuple[object, ...]] = []
    for modulus in moduli:
        octets = int(modulus).to_bytes(BITS // 8 + 1, "big").lstrip(b"\0")
        digest = hashlib.sha256(octets).digest()
        rows.append((digest, 1, digest, octets, digest, [], None, None, None))
    write(store, "keys", KEY_COLUMNS, rows)


def measure(keys: int, batch: int, batches: int, shared: int) -> bool:
    """Print what a key costs; tell whether all was found within the limit."""
    source = random.Random(SEED)
    pairs = list(planted(source, shared))
    old = [first for first, _ in pairs] + [stand_in(source) for _ in range(keys - shared)]
    new = [second for _, second in pairs] + [stand_in(source) for _ in range(batch * batches - shared)]
    source.shuffle(old)
    source.shuffle(new)
    with temporary_store() as store:
        for at in range(0, keys, 10_000):
            put(store, old[at : at + 10_000])
        start = time.monotonic()
        keys_shared.derive(store)
        first = time.monotonic() - start
        print(f"first run, {keys:,} keys: {first:.1f} s, {1000 * first / keys:.2f} ms a key")
        took, cpu = [], 0.0
        for at in range(0, len(new), batch):
            put(store, new[at : at + batch])
            start, before = time.monotonic(), time.process_time()
            keys_shared.derive(store)
            took.append(time.monotonic() - start)
            cpu += time.process_time() - before
        [(found,)] = store.query("SELECT countIf(shared > 0) FROM key_factors FINAL")
    took.sort()
    each = 1000 * took[len(took) // 2] / batch
    print(f"batches of {batch}: {each:.2f} ms a key (median), worst {1000 * took[-1] / batch:.2f} ms", end="; ")
    print(f"processor {1000 * cpu / len(new):.2f} ms a key")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"factored: {found} of {2 * shared} planted; memory {memory} MB, the store's engine included")
    return found == 2 * shared and each <= LIMIT_MS


def main() -> int:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("keys", 100_000), ("batch", 100), ("batches", 20), ("shared", 40)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    return 0 if measure(given.keys, given.batch, given.batches, given.shared) else 1


if __name__ == "__main__":
    sys.exit(main())
