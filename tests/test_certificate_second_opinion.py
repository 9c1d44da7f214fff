"""A second implementation reads the same: ours against `cryptography`'s, on real certificates and on made ones."""

from __future__ import annotations

import datetime as dt
import hashlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import certifi
import made_certificates as made
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from sensor.certificate import read_certificate

if TYPE_CHECKING:
    from sensor.events import Certificate


def public_roots() -> list[x509.Certificate]:
    """Give Mozilla's roots; the serial number of one is zero, which `cryptography` warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return x509.load_pem_x509_certificates(Path(certifi.where()).read_bytes())


ROOTS = public_roots()
NAME_OIDS = [
    NameOID.COMMON_NAME,
    NameOID.ORGANIZATION_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.LOCALITY_NAME,
    NameOID.STATE_OR_PROVINCE_NAME,
    x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"),
]


def differences(theirs: x509.Certificate, ours: Certificate) -> dict[str, tuple[object, object]]:
    """Give each fact on which the two readings differ, as (theirs, ours)."""
    der = theirs.public_bytes(Encoding.DER)
    key = theirs.public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    facts: dict[str, tuple[object, object]] = {
        "sha256": (hashlib.sha256(der).digest(), ours.sha256),
        "spki_sha256": (hashlib.sha256(spki).digest(), ours.spki_sha256),
        "version": (theirs.version.value + 1, ours.version),
        "serial": (theirs.serial_number, int.from_bytes(bytes.fromhex(ours.serial or ""), signed=True)),
        "subject": (theirs.subject.rfc4514_string(), ours.subject),
        "issuer": (theirs.issuer.rfc4514_string(), ours.issuer),
        "not_before": (theirs.not_valid_before_utc, ours.not_before),
        "not_after": (theirs.not_valid_after_utc, ours.not_after),
        "extensions": (tuple(one.oid.dotted_string for one in theirs.extensions), ours.extensions),
        "critical": (tuple(e.oid.dotted_string for e in theirs.extensions if e.critical), ours.critical_extensions),
        "self_issued": (theirs.subject == theirs.issuer, ours.self_issued),
    }
    if isinstance(key, rsa.RSAPublicKey):
        facts["key"] = (
            ("RSA", key.key_size, str(key.public_numbers().e)),
            (ours.key_algorithm, ours.key_bits, ours.key_exponent),
        )
    if isinstance(key, ec.EllipticCurvePublicKey):
        facts["key"] = (("EC", key.key_size, key.curve.name), (ours.key_algorithm, ours.key_bits, ours.key_curve))
    if theirs.signature_hash_algorithm:
        facts["hash"] = (theirs.signature_hash_algorithm.name, ours.signature_hash)
    for extension in theirs.extensions:
        if isinstance(extension.value, x509.BasicConstraints):
            facts["ca"] = ((extension.value.ca, extension.value.path_length), (ours.is_ca, ours.path_length))
        if isinstance(extension.value, x509.SubjectKeyIdentifier):
            facts["ski"] = (extension.value.digest.hex(), ours.subject_key_id)
        if isinstance(extension.value, x509.SubjectAlternativeName):
            names = extension.value.get_values_for_type(x509.DNSName)
            found = [name for name in ours.sans or () if name.startswith("dns:")]
            facts["dns names"] = ([f"dns:{name}" for name in names], found)
    return {fact: pair for fact, pair in facts.items() if pair[0] != pair[1]}


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.fingerprint(hashes.SHA256()).hex()[:12])
def test_the_public_roots(root: x509.Certificate) -> None:
    ours = read_certificate(root.public_bytes(Encoding.DER))
    assert differences(root, ours) == {}
    assert ours.self_signed is True


def test_there_are_roots_of_several_kinds() -> None:
    assert len(ROOTS) > 80
    assert {type(root.public_key()).__name__ for root in ROOTS} >= {"RSAPublicKey", "ECPublicKey"}


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
NAMES = st.lists(st.tuples(st.sampled_from(NAME_OIDS), TEXT), min_size=1, max_size=6).map(
    lambda pairs: x509.Name([x509.NameAttribute(oid, text) for oid, text in pairs])
)
MOMENTS = st.datetimes(dt.datetime(1951, 1, 1), dt.datetime(2200, 1, 1)).map(  # noqa: DTZ001  hypothesis wants naive ones
    lambda moment: moment.replace(microsecond=0, tzinfo=dt.UTC)
)
LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z]{2,8}){0,2}", fullmatch=True)


@given(
    names=st.tuples(NAMES, NAMES),
    moments=st.tuples(MOMENTS, MOMENTS).map(sorted),
    serial=st.integers(1, 2**158),
    ca=st.tuples(st.booleans(), st.booleans(), st.none() | st.integers(0, 30)),
    sans=st.lists(LABELS, max_size=6),
)
def test_made_certificates(
    names: tuple[x509.Name, x509.Name],
    moments: list[dt.datetime],
    serial: int,
    ca: tuple[bool, bool, int | None],
    sans: list[str],
) -> None:
    key = made.ec_key()
    is_ca, critical, path_length = ca
    constraints = x509.BasicConstraints(ca=is_ca, path_length=path_length if is_ca else None)
    builder = (
        x509.CertificateBuilder(names[1], names[0], key.public_key(), serial, moments[0], moments[1])
        .add_extension(constraints, critical=critical)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if sans:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in sans]), critical=False
        )
    theirs = builder.sign(key, hashes.SHA384())
    ours = read_certificate(theirs.public_bytes(Encoding.DER))
    assert differences(theirs, ours) == {}
    assert ours.self_signed is True
