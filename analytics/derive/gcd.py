"""Primes that RSA moduli have in common, found by products and remainders (Bernstein's batch GCD), bit by bit.

All moduli seen so far stand in products of at most `CHUNK` each. A batch of new ones is held against each product in
turn: the product is cut into blocks, each is multiplied by its place value modulo the batch, and one division ends it;
that is half the work of dividing the product. Memory is one product and one batch, however many keys there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gmpy2 import gcd, mpz, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CHUNK: Final = 4096
"""Moduli of one stored product: 1 MB at 2048 bits."""
LEAST_BITS: Final = 128
"""Common factors that are shorter belong to corrupt moduli, which have the small factors of any random number."""
_BLOCK: Final = 4
"""Length of a block, in lengths of the batch: measured."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A modulus that is factored, and the moduli that it shares a prime with."""

    modulus: int
    p: int
    q: int
    partners: tuple[int, ...]


def product(numbers: Iterable[mpz]) -> mpz:
    """Multiply, by halves; 1 of nothing."""
    return tree([*numbers])[-1][0]


def tree(numbers: Sequence[mpz]) -> list[list[mpz]]:
    """Products of pairs, of pairs of pairs ..., up to the whole; the first row is the numbers."""
    rows = [list(numbers) or [mpz(1)]]
    while len(rows[-1]) > 1:
        row = rows[-1]
        rows.append([row[at] * row[at + 1] if at + 1 < len(row) else row[at] for at in range(0, len(row), 2)])
    return rows


class Batch:
    """New moduli, held against products of old ones."""

    def __init__(self, moduli: Sequence[mpz]) -> None:
        """`moduli` are distinct, above 1, and at least one."""
        self.moduli = moduli
        self._rows = tree(moduli)
        self.product = self._rows[-1][0]
        self._block = max(self.product.bit_length(), 64) * _BLOCK
        self._places = [mpz(1)]
        self._step = mpz(0)
        self._rest = mpz(1)

    def against(self, old: mpz) -> None:
        """Take a product of old moduli into account."""
        blocks = unpack(old, self._block)
        while len(self._places) < len(blocks):
            self._step = self._step or (mpz(1) << self._block) % self.product
            self._places.append(self._places[-1] * self._step % self.product)
        whole = sum((block * place for block, place in zip(blocks, self._places, strict=False)), mpz(0))
        self._rest = self._rest * (whole % self.product) % self.product

    def suspects(self) -> list[mpz]:
        """Give the new moduli that share more than a small factor with an old one or with each other."""
        against_old = self._remainders(self._rest, 1)
        squares = self._remainders(self.product, 2)
        found = []
        for modulus, rest, square in zip(self.moduli, against_old, squares, strict=True):
            common = max(gcd(rest, modulus), gcd(square // modulus, modulus))
            if common.bit_length() > LEAST_BITS:
                found.append(modulus)
        return found

    def _remainders(self, value: mpz, power: int) -> list[mpz]:
        """Give `value` modulo each modulus to this power."""
        rests = [value]
        for row in reversed(self._rows):
            rests = (
                [rests[at // 2] % (node**power) for at, node in enumerate(row)]
                if len(row) > 1
                else [rests[0] % (row[0] ** power)]
            )
        return rests


def related(suspects: Sequence[mpz], moduli: Iterable[mpz]) -> Iterator[mpz]:
    """Give those of `moduli` that share more than a small factor with a suspect, the suspects themselves too."""
    whole = product(suspects)
    for modulus in moduli:
        if gcd(whole % modulus, modulus).bit_length() > LEAST_BITS:
            yield modulus


def factor(moduli: Sequence[mpz]) -> list[Shared]:
    """Split distinct moduli by what they have in common; those that share nothing with another are left out."""
    whole = product(moduli)
    split: dict[mpz, tuple[mpz, mpz]] = {}
    for modulus in moduli:
        p = gcd(whole // modulus % modulus, modulus)
        if p == modulus:  # both its primes are shared, or more than that: look at one other at a time
            p = next(
                (one for other in moduli if (one := gcd(other, modulus)).bit_length() > LEAST_BITS and one < modulus), p
            )
        if p.bit_length() > LEAST_BITS and p < modulus:
            split[modulus] = min(p, modulus // p), max(p, modulus // p)
    holders: dict[mpz, list[mpz]] = {}
    for modulus, pair in split.items():
        for prime in set(pair):
            holders.setdefault(prime, []).append(modulus)
    return [
        Shared(
            int(modulus), int(p), int(q), tuple(sorted({int(n) for r in (p, q) for n in holders[r]} - {int(modulus)}))
        )
        for modulus, (p, q) in split.items()
    ]
