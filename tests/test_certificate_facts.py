"""Every fact of a good certificate is what its maker put in."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, x25519
from cryptography.hazmat.primitives.serialization import Encoding
from damage import SPKI, TBS, TBS_ALGORITHM, extension, insert, integer, oid, raw, replace, sequence, tlv
from made_certificates import (
    ISSUER,
    NOT_AFTER,
    NOT_BEFORE,
    SUBJECT,
    builder,
    ec_key,
    plain,
    rich,
    rsa_key,
    sign,
    spki,
)

from sensor.certificate import read_certificate

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

RICH_OIDS = (
    "2.5.29.17",
    "2.5.29.19",
    "2.5.29.15",
    "2.5.29.37",
    "2.5.29.14",
    "2.5.29.35",
    "2.5.29.32",
    "1.3.6.1.5.5.7.1.1",
    "2.5.29.31",
    "2.5.29.30",
    "1.3.6.1.4.1.311.21.7",
    "1.3.6.1.4.1.99999.9",
)
EXPECTED: dict[str, Any] = {
    "version": 3,
    "serial": "00e10203040506070809",
    "subject": "CN=door-1.example,OU=Access,O=Acme,C=DE",
    "issuer": "CN=Acme Device CA,O=Acme,C=DE",
    "subject_attributes": ("C=DE", "O=Acme", "OU=Access", "CN=door-1.example"),
    "issuer_attributes": ("C=DE", "O=Acme", "CN=Acme Device CA"),
    "sans": (
        "dns:door-1.example",
        "dns:*.doors.example",
        "ip:10.20.4.11",
        "ip:2001:db8::11",
        "email:ops@acme.example",
        "uri:urn:acme:door:1",
        "dirname:CN=door\\, one,O=Acme",
        "rid:1.3.6.1.4.1.99999.7",
        "othername:1.3.6.1.4.1.311.20.2.3:door@acme",
        "othername:1.3.6.1.5.5.7.8.4:#3003020107",
    ),
    "not_before": NOT_BEFORE,
    "not_after": NOT_AFTER,
    "key_algorithm": "EC",
    "key_bits": 256,
    "key_curve": "secp256r1",
    "key_exponent": None,
    "signature_algorithm": "ecdsa-with-SHA256",
    "signature_hash": "sha256",
    "tbs_signature_algorithm": "ecdsa-with-SHA256",
    "tbs_signature_hash": "sha256",
    "is_ca": False,
    "path_length": None,
    "key_usage": ("digitalSignature", "nonRepudiation", "keyAgreement", "decipherOnly"),
    "extended_key_usage": ("serverAuth", "clientAuth", "1.3.6.1.4.1.99999.8"),
    "subject_key_id": "00112233",
    "authority_key_id": "445566ff",
    "policies": ("2.23.140.1.2.2",),
    "ocsp_urls": ("http://ocsp.acme.example/", "http://ocsp2.acme.example/"),
    "ca_issuer_urls": ("http://pki.acme.example/ca.crt",),
    "crl_urls": ("http://crl.acme.example/1.crl", "ldap://crl/cn=x"),
    "sct_count": 0,
    "adcs_template": "1.3.6.1.4.1.311.21.8.1.2.3",
    "name_constraints": (
        "permitted:dns:acme.example",
        "permitted:ip:10.0.0.0/8",
        "excluded:ip:2001:db8::/33",
        "excluded:dirname:CN=Acme Device CA,O=Acme,C=DE",
    ),
    "extensions": RICH_OIDS,
    "critical_extensions": ("2.5.29.19", "2.5.29.15", "2.5.29.30"),
    "unknown_extensions": ("1.3.6.1.4.1.99999.9",),
    "self_issued": False,
    # Signed with its own key although the names differ: the signature decides.
    "self_signed": True,
    "defects": (),
}


@pytest.mark.parametrize("field", EXPECTED)
def test_every_fact_of_a_rich_certificate(field: str) -> None:
    assert getattr(read_certificate(rich()), field) == EXPECTED[field]


def test_hashes_and_length() -> None:
    der = rich()
    certificate = read_certificate(der)
    assert certificate.sha256 == hashlib.sha256(der).digest()
    assert certificate.sha1 == hashlib.sha1(der).digest()  # noqa: S324  tools ask by it
    assert certificate.der_length == len(der)
    assert certificate.spki_sha256 == hashlib.sha256(spki(ec_key().public_key())).digest()


def test_absent_extensions_are_empty_not_unknown() -> None:
    certificate = read_certificate(sign(builder()))
    lists = ("sans", "key_usage", "extended_key_usage", "policies", "ocsp_urls", "ca_issuer_urls", "crl_urls")
    more = ("name_constraints", "extensions", "critical_extensions", "unknown_extensions")
    assert {name: getattr(certificate, name) for name in lists + more} == dict.fromkeys(lists + more, ())
    assert (certificate.is_ca, certificate.path_length, certificate.sct_count) == (False, None, 0)
    assert (certificate.subject_key_id, certificate.authority_key_id, certificate.adcs_template) == (None, None, None)
    assert certificate.defects == ()


def test_basic_constraints_of_an_authority() -> None:
    certificate = read_certificate(plain())
    assert (certificate.is_ca, certificate.path_length) == (True, 3)


def test_embedded_timestamps_are_counted() -> None:
    items = [b"\x00" * 43, b"\x01" * 60, b"\x02" * 50]
    listed = b"".join(len(item).to_bytes(2, "big") + item for item in items)
    value = tlv(0x04, len(listed).to_bytes(2, "big") + listed)
    der = insert(plain(), (0, 7, 0, 0), extension("1.3.6.1.4.1.11129.2.4.2", value))
    assert read_certificate(der).sct_count == 3


def test_template_name_goes_before_its_oid() -> None:
    der = insert(rich(), (0, 7, 0, 0), extension("1.3.6.1.4.1.311.20.2", tlv(0x1E, "SubCA".encode("utf-16-be"))))
    assert read_certificate(der).adcs_template == "SubCA"


@pytest.mark.parametrize(
    ("curve", "name", "bits"),
    [
        (ec.SECP224R1, "secp224r1", 224),
        (ec.SECP256K1, "secp256k1", 256),
        (ec.SECP384R1, "secp384r1", 384),
        (ec.SECP521R1, "secp521r1", 521),
        (ec.BrainpoolP256R1, "brainpoolP256r1", 256),
        (ec.BrainpoolP384R1, "brainpoolP384r1", 384),
        (ec.BrainpoolP512R1, "brainpoolP512r1", 512),
    ],
)
def test_curves(curve: type[ec.EllipticCurve], name: str, bits: int) -> None:
    certificate = read_certificate(sign(builder(ec_key(curve).public_key()), ec_key(curve), hashes.SHA256()))
    assert (certificate.key_algorithm, certificate.key_curve, certificate.key_bits) == ("EC", name, bits)
    assert certificate.self_signed is True


@pytest.mark.parametrize("bits", [1024, 2048, 3072])
def test_rsa_keys(bits: int) -> None:
    certificate = read_certificate(sign(builder(rsa_key(bits).public_key()), rsa_key(bits), hashes.SHA384()))
    assert (certificate.key_algorithm, certificate.key_bits, certificate.key_exponent) == ("RSA", bits, "65537")
    assert (certificate.signature_algorithm, certificate.signature_hash) == ("sha384WithRSAEncryption", "sha384")
    assert (certificate.self_signed, certificate.self_issued) == (True, False)


@pytest.mark.parametrize(
    ("key", "name"),
    [(ed25519.Ed25519PrivateKey.generate(), "Ed25519"), (ed448.Ed448PrivateKey.generate(), "Ed448")],
)
def test_edwards_keys(key: CertificateIssuerPrivateKeyTypes, name: str) -> None:
    certificate = read_certificate(sign(builder(key.public_key()), key))
    assert (certificate.key_algorithm, certificate.key_bits, certificate.key_curve) == (name, None, None)
    assert (certificate.signature_algorithm, certificate.signature_hash) == (name, None)
    assert certificate.self_signed is True


def test_dsa_key() -> None:
    key = dsa.generate_private_key(1024)  # noqa: S505  what devices have
    certificate = read_certificate(sign(builder(key.public_key()), key, hashes.SHA256()))
    assert (certificate.key_algorithm, certificate.key_bits) == ("DSA", 1024)
    assert (certificate.signature_algorithm, certificate.signature_hash) == ("dsa-with-sha256", "sha256")
    assert certificate.self_signed is True


def test_a_key_that_cannot_sign() -> None:
    certificate = read_certificate(sign(builder(x25519.X25519PrivateKey.generate().public_key())))
    assert (certificate.key_algorithm, certificate.self_signed) == ("X25519", False)


def _resign(der: bytes, algorithm: bytes, key_bytes: bytes, signer: Callable[[bytes], bytes]) -> bytes:
    """Change key and algorithm, and sign by hand what the builder refuses to sign."""
    der = replace(replace(replace(der, TBS_ALGORITHM, algorithm), (1,), algorithm), SPKI, key_bytes)
    return replace(der, (2,), tlv(0x03, b"\0", signer(raw(der, *TBS))))


@pytest.mark.parametrize(
    ("dotted", "algorithm", "name", "digest"),
    [
        ("1.2.840.113549.1.1.4", hashes.MD5(), "md5WithRSAEncryption", "md5"),  # noqa: S303
        ("1.2.840.113549.1.1.5", hashes.SHA1(), "sha1WithRSAEncryption", "sha1"),  # noqa: S303
        ("1.3.14.3.2.29", hashes.SHA1(), "sha1WithRSASignature", "sha1"),  # noqa: S303
        ("1.2.840.113549.1.1.13", hashes.SHA512(), "sha512WithRSAEncryption", "sha512"),
    ],
)
def test_weak_hashes_are_verified_too(dotted: str, algorithm: hashes.HashAlgorithm, name: str, digest: str) -> None:
    key = rsa_key()
    identifier = sequence(oid(dotted), tlv(0x05))
    der = _resign(plain(), identifier, spki(key.public_key()), lambda tbs: key.sign(tbs, padding.PKCS1v15(), algorithm))
    certificate = read_certificate(der)
    assert (certificate.signature_algorithm, certificate.signature_hash) == (name, digest)
    assert (certificate.tbs_signature_algorithm, certificate.tbs_signature_hash) == (name, digest)
    assert certificate.self_signed is True
    broken = der[:-1] + bytes([der[-1] ^ 1])
    assert read_certificate(broken).self_signed is False
    assert certificate.defects == ()


def test_pss_parameters_name_the_hash() -> None:
    key = rsa_key()
    made = builder(key.public_key()).sign(
        key, hashes.SHA512(), rsa_padding=padding.PSS(padding.MGF1(hashes.SHA512()), salt_length=17)
    )
    certificate = read_certificate(made.public_bytes(Encoding.DER))
    assert (certificate.signature_algorithm, certificate.signature_hash) == ("RSASSA-PSS", "sha512")
    assert certificate.self_signed is True


def test_another_key_of_the_same_kind_is_not_its_own() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    certificate = read_certificate(sign(builder(), other, hashes.SHA256()))
    assert certificate.self_signed is False


def test_self_issued_is_about_names_alone() -> None:
    made = x509.CertificateBuilder(ISSUER, ISSUER, ec_key().public_key(), 5, NOT_BEFORE, NOT_AFTER)
    other = ec.generate_private_key(ec.SECP256R1())
    certificate = read_certificate(sign(made, other, hashes.SHA256()))
    assert (certificate.self_issued, certificate.self_signed) == (True, False)


def test_what_cannot_be_verified_is_unknown() -> None:
    md2 = sequence(oid("1.2.840.113549.1.1.2"), tlv(0x05))
    der = _resign(plain(), md2, spki(rsa_key().public_key()), lambda _: bytes(256))
    certificate = read_certificate(der)
    assert (certificate.signature_hash, certificate.self_signed) == ("md2", None)
    nameless = sequence(oid("1.3.6.1.4.1.99999.3"))
    certificate = read_certificate(_resign(plain(), nameless, spki(rsa_key().public_key()), lambda _: bytes(256)))
    assert (certificate.signature_algorithm, certificate.signature_hash) == ("1.3.6.1.4.1.99999.3", None)
    assert certificate.self_signed is None


def test_a_curve_by_its_numbers() -> None:
    prime = sequence(oid("1.2.840.10045.1.1"), integer(2**255 - 19))
    parameters = sequence(integer(1), prime, sequence(), tlv(0x04, b"\x04"), integer(7))
    key = sequence(sequence(oid("1.2.840.10045.2.1"), parameters), tlv(0x03, b"\0\x04" + bytes(64)))
    certificate = read_certificate(replace(plain(), SPKI, key))
    assert (certificate.key_algorithm, certificate.key_curve, certificate.key_bits) == ("EC", "explicit", 255)
    assert certificate.self_signed is None
    assert certificate.defects == ()


def test_algorithms_of_tomorrow_are_named_by_their_oid() -> None:
    key = sequence(sequence(oid("2.16.840.1.101.3.4.3.18")), tlv(0x03, b"\0" + bytes(1952)))
    certificate = read_certificate(replace(plain(), SPKI, key))
    assert (certificate.key_algorithm, certificate.key_bits) == ("ML-DSA-65", None)
    key = sequence(sequence(oid("2.16.840.1.101.3.4.3.30")), tlv(0x03, b"\0" + bytes(64)))
    assert read_certificate(replace(plain(), SPKI, key)).key_algorithm == "SLH-DSA-SHAKE-256s"


@pytest.mark.parametrize(
    "moment",
    [
        dt.datetime(1950, 1, 1, tzinfo=dt.UTC),
        dt.datetime(1999, 12, 31, 23, 59, 59, tzinfo=dt.UTC),
        dt.datetime(2049, 12, 31, 23, 59, 59, tzinfo=dt.UTC),
        dt.datetime(2050, 1, 1, tzinfo=dt.UTC),
        dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC),
    ],
)
def test_all_of_the_calendar(moment: dt.datetime) -> None:
    made = x509.CertificateBuilder(ISSUER, SUBJECT, ec_key().public_key(), 5, dt.datetime(1950, 1, 1), moment)  # noqa: DTZ001
    certificate = read_certificate(sign(made))
    assert certificate.not_after == moment
    assert certificate.defects == ()
