"""Certificates made for tests by `cryptography`; what they hold is what stands here."""

from __future__ import annotations

import datetime as dt
import ipaddress
from functools import cache
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificateIssuerPrivateKeyTypes,
        CertificatePublicKeyTypes,
    )

SERIAL = 0x00E1_0203_0405_0607_0809
NOT_BEFORE = dt.datetime(2025, 3, 1, 12, 30, 15, tzinfo=dt.UTC)
NOT_AFTER = dt.datetime(2027, 3, 1, 12, 30, 14, tzinfo=dt.UTC)
SUBJECT = x509.Name.from_rfc4514_string("CN=door-1.example,OU=Access,O=Acme,C=DE")
ISSUER = x509.Name.from_rfc4514_string("CN=Acme Device CA,O=Acme,C=DE")

SANS = [
    x509.DNSName("door-1.example"),
    x509.DNSName("*.doors.example"),
    x509.IPAddress(ipaddress.ip_address("10.20.4.11")),
    x509.IPAddress(ipaddress.ip_address("2001:db8::11")),
    x509.RFC822Name("ops@acme.example"),
    x509.UniformResourceIdentifier("urn:acme:door:1"),
    x509.DirectoryName(x509.Name.from_rfc4514_string("CN=door\\, one,O=Acme")),
    x509.RegisteredID(x509.ObjectIdentifier("1.3.6.1.4.1.99999.7")),
    x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x09door@acme"),
    x509.OtherName(x509.ObjectIdentifier("1.3.6.1.5.5.7.8.4"), b"\x30\x03\x02\x01\x07"),
]
USAGES = x509.KeyUsage(
    digital_signature=True,
    content_commitment=True,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=True,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=True,
)
PURPOSES = [
    ExtendedKeyUsageOID.SERVER_AUTH,
    ExtendedKeyUsageOID.CLIENT_AUTH,
    x509.ObjectIdentifier("1.3.6.1.4.1.99999.8"),
]


@cache
def ec_key(curve: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    """Make one key of a curve, the same for the whole run."""
    return ec.generate_private_key(curve())


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """Make one RSA key of a size, the same for the whole run."""
    return rsa.generate_private_key(65537, bits)


def spki(key: CertificatePublicKeyTypes) -> bytes:
    """Give the DER of a public key."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def builder(public_key: CertificatePublicKeyTypes | None = None) -> x509.CertificateBuilder:
    """Start a certificate with the names and times above."""
    return x509.CertificateBuilder(
        issuer_name=ISSUER,
        subject_name=SUBJECT,
        public_key=public_key or ec_key().public_key(),
        serial_number=SERIAL,
        not_valid_before=NOT_BEFORE,
        not_valid_after=NOT_AFTER,
    )


def sign(
    made: x509.CertificateBuilder,
    key: CertificateIssuerPrivateKeyTypes | None = None,
    algorithm: hashes.HashAlgorithm | None = None,
) -> bytes:
    """Sign, and give the DER."""
    if key is None:
        key, algorithm = ec_key(), algorithm or hashes.SHA256()
    return made.sign(key, algorithm).public_bytes(Encoding.DER)  # type: ignore[arg-type] # more than its stub lists


@cache
def plain() -> bytes:
    """Make a certificate without extensions but two: the raw material of damage."""
    made = builder().add_extension(x509.SubjectAlternativeName(SANS[:1]), critical=False)
    return sign(made.add_extension(x509.BasicConstraints(ca=True, path_length=3), critical=True))


@cache
def rich() -> bytes:
    """Make a certificate with every extension that `Certificate` has a field for."""
    url = x509.UniformResourceIdentifier
    access = [
        x509.AccessDescription(AuthorityInformationAccessOID.OCSP, url("http://ocsp.acme.example/")),
        x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, url("http://pki.acme.example/ca.crt")),
        x509.AccessDescription(AuthorityInformationAccessOID.OCSP, url("http://ocsp2.acme.example/")),
    ]
    point = x509.DistributionPoint([url("http://crl.acme.example/1.crl"), url("ldap://crl/cn=x")], None, None, None)
    constraints = x509.NameConstraints(
        [x509.DNSName("acme.example"), x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))],
        [x509.IPAddress(ipaddress.ip_network("2001:db8::/33")), x509.DirectoryName(ISSUER)],
    )
    policy = x509.PolicyInformation(x509.ObjectIdentifier("2.23.140.1.2.2"), ["https://acme.example/cps"])
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.SubjectAlternativeName(SANS), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (USAGES, True),
        (x509.ExtendedKeyUsage(PURPOSES), False),
        (x509.SubjectKeyIdentifier(bytes.fromhex("00112233")), False),
        (x509.AuthorityKeyIdentifier(bytes.fromhex("445566ff"), [x509.DirectoryName(ISSUER)], 77), False),
        (x509.CertificatePolicies([policy]), False),
        (x509.AuthorityInformationAccess(access), False),
        (x509.CRLDistributionPoints([point]), False),
        (constraints, True),
        (x509.MSCertificateTemplate(x509.ObjectIdentifier("1.3.6.1.4.1.311.21.8.1.2.3"), 100, 4), False),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.9"), b"\x05\x00"), False),
    ]
    made = builder()
    for value, critical in extensions:
        made = made.add_extension(value, critical)
    return sign(made)
