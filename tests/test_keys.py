"""Keys: weaknesses of keys made here are found and named, blocklists are read, shared primes are all found."""

from __future__ import annotations

import hashlib
import json
import math
import random
from typing import TYPE_CHECKING

import pytest
from badkeys.rsakeys import sharedprimes
from gmpy2 import mpz, next_prime

from analytics.derive import gcd, keys_shared
from analytics.derive.blocklist import BlocklistError, Blocklists, Wanted, load
from analytics.derive.keys import KEY_COLUMNS
from analytics.derive.keys_checks import RSA_CHECKS, WEAKNESSES, check
from analytics.derive.keys_numbers import MAX_BITS, Numbers, read_numbers
from analytics.derive.rows import write
from analytics.forge.certificates import forge_chain
from analytics.forge.keys import RsaKey, forge_key
from analytics.store import temporary_store
from rules.rule import CertificateRecipe

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from analytics.store import Store

CA = CertificateRecipe(name="ca", is_ca=True)


def numbers(kind: str, name: str = "a") -> Numbers:
    """Read the numbers of a forged key out of a certificate."""
    found = read_numbers(forge_chain([CertificateRecipe(name=name, key=kind, issuer="ca"), CA])[0])
    assert isinstance(found, Numbers), found
    return found


@pytest.mark.parametrize(
    ("kind", "weaknesses"),
    [
        ("rsa1024", ()),
        ("rsa1024-close", ("close-primes",)),
        ("rsa1024-roca", ("roca",)),
        ("rsa1024-small", ("small-factor",)),
        ("rsa1024-corrupt", ("corrupt-modulus",)),
        ("rsa1024-wiener", ("small-private-exponent",)),
        ("rsa1024-e3", ()),
        ("rsa1024-e1", ()),
        ("p256", ()),
        ("k256", ()),
        ("p256-explicit", ()),
        ("p256-own", ("own-generator",)),
        ("ed25519", ()),
        ("dsa1024", ()),
    ],
)
def test_each_weakness_is_found_and_nothing_else(kind: str, weaknesses: tuple[str, ...]) -> None:
    said = check(numbers(kind))
    assert (said.weaknesses, said.unchecked) == (weaknesses, None)


def test_primes_that_a_check_found_are_those_the_key_was_made_of() -> None:
    key = numbers("rsa1024-close")
    said = check(key)
    assert said.factors is not None
    assert math.prod(said.factors) == key.modulus
    assert 1 < said.factors[0] < said.factors[1]


def test_numbers_are_those_that_the_key_was_made_with() -> None:
    made = forge_key("rsa1024", "a")
    assert isinstance(made, RsaKey)
    found = numbers("rsa1024")
    assert (found.modulus, found.exponent) == (made.n, 65537)
    assert found.number_sha256 == hashlib.sha256(made.n.to_bytes(128, "big")).digest()


def test_known_primes_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    modulus = numbers("rsa1024-shared").modulus
    p = math.gcd(modulus or 0, numbers("rsa1024-shared", "b").modulus or 0)
    monkeypatch.setitem(sharedprimes.__globals__["_moduli"], 1024, mpz(p) * next_prime(1 << 600))
    said = check(numbers("rsa1024-shared"))
    assert said.weaknesses == ("known-prime",)
    assert said.factors is not None
    assert p in said.factors


def test_a_sparse_prime_of_dsa() -> None:
    sparse = (1 << 1023) + 3  # nothing but its ends
    assert check(Numbers("DSA", b"y", sparse)).weaknesses == ("sparse-dsa",)
    assert check(Numbers("DSA", b"y", forge_key("rsa1024", "x").n)).weaknesses == ()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "key",
    [
        Numbers("RSA", None, 0, 3),
        Numbers("RSA", None, 5, 3),
        Numbers("RSA", None, 1 << MAX_BITS, 65537),
        Numbers("EC"),
        Numbers("EC", curve="explicit"),
        Numbers("EC", curve="explicit", explicit=(97, 5)),
        Numbers("DSA"),
        Numbers("1.2.3"),
    ],
    ids=range(8),
)
def test_what_cannot_be_checked_has_a_reason_and_is_not_clean(key: Numbers) -> None:
    assert check(key).unchecked


@pytest.mark.parametrize("n", [6, 7, 8, 9, 15, 2**61 - 1, (2**61 - 1) ** 2, 1 << 64, (1 << 2048) - 1], ids=range(9))
@pytest.mark.parametrize("e", [0, 1, 2, 2**70, 65537])
def test_odd_moduli_break_nothing(n: int, e: int) -> None:
    said = check(Numbers("RSA", b"x", n, e))
    assert set(said.weaknesses) <= set(WEAKNESSES)
    assert said.factors is None or math.prod(said.factors) == n


def test_a_check_that_breaks_leaves_the_key_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> bool:
        raise ZeroDivisionError

    from badkeys import checks  # noqa: PLC0415

    monkeypatch.setitem(checks.allchecks["roca"], "function", broken)
    assert check(numbers("rsa1024")).unchecked == "the check roca broke: ZeroDivisionError"


def test_blocklist_is_never_asked_of_badkeys() -> None:
    assert "blocklist" not in RSA_CHECKS  # it ends the process where its data is missing


# --- blocklists


def wanted(kind: str = "rsa1024", name: str = "a") -> Wanted:
    """Give what lists are asked for."""
    found = numbers(kind, name)
    spki = hashlib.sha256(forge_key(kind, name).spki).digest()
    return Wanted(spki, found.number_sha256, found.number if found.algorithm == "RSA" else None)


def listed(path: Path, content: bytes | str) -> Blocklists:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load([path])


def test_a_list_in_text_knows_keys_by_any_of_its_hashes(tmp_path: Path) -> None:
    made = forge_key("rsa1024", "a")
    assert isinstance(made, RsaKey)
    debian = hashlib.sha1(f"Modulus={made.n:X}\n".encode()).hexdigest()[20:]  # noqa: S324  as openssl-blacklist does
    number = hashlib.sha256(made.n.to_bytes(128, "big")).hexdigest()
    for content, name in (
        (f"# a comment\n\n{number.upper()}  key of a lamp # found in 2019\n", "key of a lamp"),
        (f"{hashlib.sha256(made.spki).hexdigest()}\n", "list.txt"),
        (f"{debian} debian", "debian"),
    ):
        lists = listed(tmp_path / "list.txt", content)
        assert lists.find(wanted()) == (True, name)
        assert lists.find(wanted(name="b")) == (False, None)
        assert lists.find(Wanted(b"\1" * 32, None, None)) == (None, None)


def test_a_list_of_badkeys(tmp_path: Path) -> None:
    source = random.Random(1)
    keys = {wanted("rsa1024"): 3, wanted("p256"): 9, wanted("ed25519"): 3}
    records = [key.number_sha256[:15] + bytes((number,)) for key, number in keys.items() if key.number_sha256]
    content = b"".join(sorted([*records, *(source.randbytes(16) for _ in range(500))]))
    lists = listed(tmp_path / "blocklist.dat", content)
    assert [lists.find(key) for key in keys] == [(True, f"blocklist.dat, list {number}") for number in keys.values()]
    assert lists.find(wanted("p384")) == (False, None)
    (tmp_path / "badkeysdata.json").write_text(json.dumps({"blocklists": [{"id": 3, "name": "debianweak"}]}))
    assert load([tmp_path / "blocklist.dat"]).find(wanted()) == (True, "debianweak")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"# nothing\n", "holds no hash"),
        (b"hello\n", "line 1: no hash"),
        (b"0" * 64 + b"\n" + b"0" * 63 + b"\n", "line 2: no hash"),
        (b"\x00" * 17, "neither text nor a blocklist of badkeys: 17 bytes"),
        (b"\xff" * 16 + b"\x00" * 16, "record 2 is out of order"),
        (b"0" * 64 + b" \n" * 4096 + b"\xff", "is no text"),
    ],
)
def test_a_list_that_cannot_be_used_says_why(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "list"
    with pytest.raises(BlocklistError, match=said) as error:
        listed(path, content)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(BlocklistError, match=str(path)):
            load([path])


# --- primes in common


def primes(count: int, bits: int = 256) -> list[mpz]:
    """Give distinct primes, the same each time."""
    source = random.Random(count)
    return [next_prime(mpz(source.getrandbits(bits) | 3 << (bits - 2))) for _ in range(count)]


P = primes(260)
ALONE = [P[2 * at] * P[2 * at + 1] for at in range(100)]
SHARING = [P[0] * P[250], P[4] * P[251], P[250] * P[251], P[252] * P[253], P[252] * P[254]]
"""With old moduli, with each other on both sides, and a pair."""
TRUTH = {
    int(SHARING[0]): 2,
    int(SHARING[1]): 2,
    int(SHARING[2]): 2,
    int(SHARING[3]): 1,
    int(SHARING[4]): 1,
    int(ALONE[0]): 1,
    int(ALONE[2]): 1,
}
"""Modulus -> with how many others it shares a prime."""


def test_batch_finds_exactly_those_that_share() -> None:
    batch = gcd.Batch([*ALONE[70:], *SHARING])
    for old in (ALONE[:30], ALONE[30:70]):
        batch.against(gcd.product(old))
    suspects = batch.suspects()
    assert sorted(suspects) == sorted(SHARING)
    found = gcd.factor(list(gcd.related(suspects, [*ALONE, *SHARING])))
    assert {one.modulus: len(one.partners) for one in found} == TRUTH
    assert all(one.p * one.q == one.modulus and 1 < one.p <= one.q for one in found)


def test_small_factors_in_common_are_no_shared_prime() -> None:
    assert gcd.Batch([P[0] * 3 * 65537, P[1] * 3 * 65537]).suspects() == []


def test_one_modulus_alone() -> None:
    assert gcd.Batch(ALONE[:1]).suspects() == []
    assert gcd.product([]) == 1


def put(store: Store, moduli: Sequence[mpz]) -> None:
    """Write rows of keys, as the checks do."""
    rows: list[tuple[object, ...]] = []
    for modulus in moduli:
        octets = int(modulus).to_bytes(64, "big").lstrip(b"\0")
        digest = hashlib.sha256(octets).digest()
        rows.append((digest, 1, digest, octets, digest, [], None, None, None))
    write(store, "keys", KEY_COLUMNS, rows)


@pytest.mark.parametrize("chunk", [7, 50, 4096])
def test_it_is_the_same_however_the_keys_come(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcd, "CHUNK", chunk)
    moduli = [*ALONE, *SHARING]
    random.Random(chunk).shuffle(moduli)
    with temporary_store() as store:
        for some in (moduli[:40], moduli[40:41], moduli[41:]):
            put(store, some)
            keys_shared.derive(store)
            keys_shared.derive(store)  # adds nothing
        if chunk == 50:
            store.command("ALTER TABLE key_factors DELETE WHERE shared = 0 SETTINGS mutations_sync = 2")
            keys_shared.derive(store)  # as after a run that broke between its writes
        rows = store.query("SELECT factor_p, factor_q, shared, length(partners) FROM key_factors FINAL")
        [(products, counted)] = store.query("SELECT count(), sum(moduli) FROM key_products FINAL")
    found = {int(p, 16) * int(q, 16): shared for p, q, shared, _ in rows if p}
    assert found == TRUTH
    assert all(shared == partners for _, _, shared, partners in rows)
    assert len(rows) == len(moduli)
    if chunk != 50:
        assert (products, counted) == (-(-len(moduli) // chunk), len(moduli))
