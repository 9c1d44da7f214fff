"""How fast certificates of many CAs get facts and chains: made here, loaded, derived, then a thousand more.

.venv/bin/python bench/graph.py [--certificates 20000] [--cas 200]
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import replace
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from analytics.derive import graph
from analytics.derive.settings import Settings
from analytics.forge.certificates import forge_certificate
from analytics.store import Store, temporary_store
from rules.rule import CertificateRecipe
from sensor._rust import encode_arrow
from sensor.certificate import certificate_rows, read_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BATCH = 2_000


def _authorities(count: int) -> Iterator[tuple[CertificateRecipe, bytes]]:
    """Give one root in ten, the others below it; every other one has an RSA key."""
    root = CertificateRecipe(name="root-0", key="rsa2048", is_ca=True)
    for number in range(count):
        if number % 10 == 0:
            root = CertificateRecipe(name=f"root-{number}", key="rsa2048", is_ca=True)
            yield root, forge_certificate(root, root)
            continue
        key = "p256" if number % 2 else "rsa2048"
        recipe = CertificateRecipe(name=f"ca-{number}", issuer=root.name, key=key, is_ca=True)
        yield recipe, forge_certificate(recipe, root)


def _leaves(start: int, count: int, cas: Sequence[CertificateRecipe]) -> list[bytes]:
    """Give leaves with one key among them: a recipe's name makes the key, its subject and ends make the certificate."""
    leaf = CertificateRecipe(name="device")
    made = []
    for number in range(start, start + count):
        ca = cas[number % len(cas)]
        one = replace(leaf, issuer=ca.name, subject=f"CN=device-{number}", sans=(f"dns:device-{number}.example",))
        made.append(forge_certificate(one, ca))
    return made


def _put(store: Store, certificates: Sequence[bytes]) -> float:
    """Load certificates; seconds that reading their facts took."""
    begun = process_time()
    read = [(read_certificate(one), one) for one in certificates]
    spent = process_time() - begun
    for at in range(0, len(read), _BATCH):
        block = encode_arrow(certificate_rows(read[at : at + _BATCH]))
        store.insert_arrow("certificates_in", block, hashlib.sha256(block).hexdigest())
    return spent


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--certificates", type=int, default=20_000)
    parser.add_argument("--cas", type=int, default=200)
    options = parser.parse_args()
    authorities = list(_authorities(options.cas))
    cas = [recipe for recipe, _ in authorities]
    leaves = _leaves(0, options.certificates, cas)
    more = _leaves(options.certificates, 1_000, cas)
    with temporary_store() as store:
        facts = _put(store, [*(der for _, der in authorities), *leaves])
        spent, whole = process_time(), perf_counter()
        graph.derive(store, Settings())
        spent, whole = process_time() - spent, perf_counter() - whole
        _put(store, more)
        again = perf_counter()
        graph.derive(store, Settings())
        again = perf_counter() - again
        ((verified,),) = store.query("SELECT count() FROM paths FINAL WHERE signer = 'verified' AND NOT path_open")
    count = options.certificates
    wanted = count + len(more) + sum(ca.issuer is not None for ca in cas)
    if verified != wanted:
        raise SystemExit(f"{verified} of {wanted} chains were found")
    print(f"facts          {count / facts:>9,.0f} certificates/s of processor time")
    print(f"chains         {count / spent:>9,.0f} certificates/s of processor time, {count / whole:,.0f} by the clock")
    print(f"facts + chains {count / (facts + spent):>9,.0f} certificates/s of processor time")
    print(f"1,000 more     {again:>9.2f} s")


if __name__ == "__main__":
    main()
