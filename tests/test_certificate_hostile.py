"""Whatever the bytes: no exception, the right hash, rows that encode, text that is Unicode, and bounded work."""

from __future__ import annotations

import hashlib
import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from damage import (
    EXTENSIONS,
    SERIAL,
    SIGNATURE,
    SPKI,
    SUBJECT,
    TBS_ALGORITHM,
    common_name,
    extension,
    integer,
    length,
    oid,
    replace,
    sequence,
    tlv,
)
from hypothesis import example, given
from hypothesis import strategies as st
from made_certificates import plain, rich, spki

from sensor import _rust
from sensor.certificate import certificate_json, certificate_rows, read_certificate
from sensor.certificate_signature import MAX_MODULUS_BITS

MEGABYTE = 1_000_000
HOSTILE_TEXT = "\0\r\n\x1b[2J\u202e\ufeff<script>alert(1)</script>'\"`,+;\\=#\U0010ffff\u0085"


def check(der: bytes) -> None:
    """Hold everything that is promised of any bytes at all."""
    certificate = read_certificate(der)
    assert certificate.sha256 == hashlib.sha256(der).digest()
    assert certificate.der_length == len(der)
    assert [one for one in certificate.defects if one.code == "unreadable"] == []
    json.dumps(certificate_json(certificate), ensure_ascii=False).encode()
    assert _rust.encode_arrow(certificate_rows([(certificate, der)]))


@given(st.binary(max_size=400))
@example(b"")
@example(b"\x30")
@example(b"\x30\x80\x00\x00")
@example(b"\x30\x84\xff\xff\xff\xff")
@example(b"\x1f" + b"\xff" * 50)
def test_random_bytes(data: bytes) -> None:
    check(data)
    check(b"\x30" + length(len(data)) + data)


def test_cut_anywhere() -> None:
    for size in range(len(rich())):
        check(rich()[:size])


@given(st.data())
def test_flipped_bytes(data: st.DataObject) -> None:
    der = bytearray(rich())
    for _ in range(data.draw(st.integers(1, 3))):
        der[data.draw(st.integers(0, len(der) - 1))] ^= data.draw(st.integers(1, 255))
    check(bytes(der))


def test_each_byte_flipped() -> None:
    for at in range(len(plain())):
        for mask in (0x01, 0x80, 0xFF):
            der = bytearray(plain())
            der[at] ^= mask
            check(bytes(der))


@given(
    st.sampled_from([SERIAL, TBS_ALGORITHM, SUBJECT, SPKI, EXTENSIONS, (*EXTENSIONS, 0, 1), SIGNATURE, (0, 4, 1)]),
    st.binary(max_size=60),
    st.sampled_from([0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x17, 0x18, 0x1E, 0x30, 0x31, 0x80, 0xA0, 0xA3]),
)
def test_any_part_replaced_by_noise(path: tuple[int, ...], content: bytes, tag: int) -> None:
    check(replace(plain(), path, tlv(tag, content)))


@given(st.text(max_size=60))
@example(HOSTILE_TEXT)
def test_any_text_is_kept_as_it_is(text: str) -> None:
    der = replace(plain(), SUBJECT, common_name(tlv(0x0C, text.encode())))
    check(der)
    certificate = read_certificate(der)
    assert certificate.subject_attributes == (f"CN={text}",)
    assert json.loads(json.dumps(certificate_json(certificate)))["subject_attributes"] == [f"CN={text}"]


def _many_extensions(count: int) -> list[bytes]:
    return [extension(f"1.3.{9 + place}", tlv(0x05)) for place in range(count)]


def _san(*names: bytes) -> bytes:
    return replace(plain(), (*EXTENSIONS, 0, 1), tlv(0x04, sequence(*names)))


def _rsa(modulus: int, exponent: int) -> bytes:
    algorithm = sequence(oid("1.2.840.113549.1.1.11"), tlv(0x05))
    key = sequence(oid("1.2.840.113549.1.1.1"), tlv(0x05))
    der = replace(plain(), SPKI, sequence(key, tlv(0x03, b"\0", sequence(integer(modulus), integer(exponent)))))
    der = replace(replace(der, TBS_ALGORITHM, algorithm), (1,), algorithm)
    return replace(der, SIGNATURE, tlv(0x03, b"\0\x01" + bytes((modulus.bit_length() + 7) // 8 - 1)))


LARGE = {
    "100,000 extensions": lambda: replace(plain(), EXTENSIONS, sequence(*_many_extensions(100_000))),
    "100,000 times the same": lambda: replace(plain(), EXTENSIONS, sequence(extension("2.5.29.17", b"0\0") * 100_000)),
    "100,000 names": lambda: _san(*[tlv(0x82, b"%d.example" % place) for place in range(100_000)]),
    "9,999 broken names": lambda: _san(tlv(0x87, b"12345") * 9_999),
    "100,000 relative names": lambda: replace(plain(), SUBJECT, sequence(common_name(tlv(0x0C, b"x"))[2:] * 100_000)),
    "one name of a megabyte": lambda: replace(plain(), SUBJECT, common_name(tlv(0x0C, b"\xff\n" * (MEGABYTE // 2)))),
    "names in names": lambda: _san(*[tlv(0xA4, sequence(tlv(0x31, b"")))] * 9_999),
    "serial of a megabyte": lambda: replace(plain(), SERIAL, tlv(0x02, b"\x7f" * MEGABYTE)),
    "OID of a megabyte": lambda: replace(plain(), (*EXTENSIONS, 0, 0), tlv(0x06, b"\xff" * MEGABYTE + b"\x01")),
    "modulus of a megabyte": lambda: _rsa(1 << 8 * MEGABYTE, 65537),
    "exponent of a megabyte": lambda: _rsa((1 << 2047) + 1, (1 << 8 * MEGABYTE) + 1),
    "exponent as long as the modulus": lambda: _rsa((1 << MAX_MODULUS_BITS - 1) + 1, (1 << MAX_MODULUS_BITS - 2) + 1),
    "largest key verified": lambda: _rsa((1 << MAX_MODULUS_BITS - 1) + 1, (1 << 63) + 1),
    "deep nesting": lambda: replace(plain(), SUBJECT, tlv(0x30, b"\x30\x84\x00\x00\x00\x00" * 150_000)),
    "a megabyte of openings": lambda: b"\x30" * MEGABYTE,
    "a megabyte of indefinite openings": lambda: b"\x30\x80" * (MEGABYTE // 2),
    "a megabyte of tag": lambda: b"\x30\x83\x0f\x42\x40\x1f" + b"\xff" * MEGABYTE,
    "16 megabytes of zeros": lambda: bytes(16 * MEGABYTE),
}


@pytest.mark.parametrize("name", LARGE)
def test_work_is_bounded(name: str) -> None:
    der = LARGE[name]()
    start = time.process_time()
    read_certificate(der)
    assert time.process_time() - start < 2
    check(der)


def test_keys_beyond_the_limits_are_not_tried() -> None:
    assert read_certificate(_rsa((1 << MAX_MODULUS_BITS) + 1, 65537)).self_signed is None
    assert read_certificate(_rsa((1 << 2047) + 1, (1 << 64) + 1)).self_signed is None
    assert read_certificate(_rsa((1 << 2047) + 1, 65537)).self_signed is False


def test_facts_of_an_oversized_key_are_still_told() -> None:
    certificate = read_certificate(_rsa((1 << 20_000) + 1, 65537))
    assert (certificate.key_algorithm, certificate.key_bits, certificate.key_exponent) == ("RSA", 20_001, "65537")
    small = rsa.RSAPublicNumbers(3, (1 << 511) + 1).public_key()
    assert read_certificate(replace(plain(), SPKI, spki(small))).key_bits == 512
