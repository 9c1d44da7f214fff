"""Certificates for the captures, with what the forger knows of each: its facts, and what is wrong with it."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import hashlib
import ipaddress
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

REFERENCE = dt.datetime(2026, 10, 12, 8, 0, tzinfo=dt.UTC)
"""When every capture says it was taken. Dates of certificates are made around it, so that findings never age."""

_CURVES: dict[str, type[ec.EllipticCurve]] = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p192": ec.SECP192R1}
_SHA256_RSA = bytes.fromhex("06092a864886f70d01010b")
_LAST_OID_BYTE = {"md5": 0x04, "sha1": 0x05, "sha384": 0x0C, "sha512": 0x0D}
_VERSION_3 = bytes.fromhex("a003020102")


def days(count: float) -> dt.datetime:
    """Give the instant `count` days after the reference (before it, when negative), to the second."""
    return REFERENCE + dt.timedelta(seconds=round(count * 86_400))


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding that a certificate must give when it is seen in a capture."""

    rule: str
    severity: str
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to make one certificate."""

    name: str
    """Common name."""
    organization: str | None = None
    issuer: Identity | None = None
    """None: self-signed."""
    not_before: dt.datetime = field(default_factory=lambda: days(-365))
    not_after: dt.datetime = field(default_factory=lambda: days(730))
    key: str = "p256"
    """p192, p256, p384, ed25519, or rsa with the bits of the modulus."""
    same_key_as: Identity | None = None
    """Whose key to use in place of a new one."""
    hash: str = "sha256"
    """Of the signature; others than sha256 need an issuer with an RSA key."""
    sans: tuple[str, ...] = ()
    """`dns:...` or `ip:...`"""
    is_ca: bool = False
    wire_version: int = 2
    """The version on the wire; 2 is X.509 v3, 3 does not exist."""
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate, its key, and the recipe they come from."""

    recipe: Recipe
    der: bytes
    pem_file: Path
    key_file: Path
    number: int
    """Of this certificate in its workshop."""

    @property
    def sha256(self) -> str:
        """Name of the certificate: lower-case hexadecimal."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def serial(self) -> int:
        """Give its serial number."""
        return serial_of(self.recipe, self.number)

    @property
    def subject_der(self) -> bytes:
        """Its subject as a DER Name, as it stands in a list of accepted issuers."""
        return _name(self.recipe).public_bytes()


def load_key(path: Path) -> CertificateIssuerPrivateKeyTypes:
    """Read a private key from PEM."""
    return cast("CertificateIssuerPrivateKeyTypes", serialization.load_pem_private_key(path.read_bytes(), None))


class Workshop:
    """Makes certificates into a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def make(self, recipe: Recipe) -> Identity:
        """Make the key, unless another's is to be used, and the certificate."""
        self._count += 1
        key_file = self._folder / f"{self._count:03}.key"
        if recipe.same_key_as:
            key_file = recipe.same_key_as.key_file
        elif recipe.key.startswith("rsa"):
            # The library makes none below 1024 bits.
            subprocess.run(["openssl", "genrsa", "-out", key_file, recipe.key[3:]], check=True, capture_output=True)
        else:
            key = _CURVES[recipe.key]() if recipe.key in _CURVES else None
            made = ec.generate_private_key(key) if key else ed25519.Ed25519PrivateKey.generate()
            key_file.write_bytes(
                made.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
        signer = recipe.issuer.key_file if recipe.issuer else key_file
        der = _signed(recipe, load_key(key_file), load_key(signer), self._count)
        if recipe.hash != "sha256" or recipe.wire_version != 2:  # noqa: PLR2004  the number of X.509 v3
            der = _signed_otherwise(der, recipe, signer)
        pem_file = self._folder / f"{self._count:03}.pem"
        pem_file.write_text(_pem(der))
        return Identity(recipe, der, pem_file, key_file, self._count)


def _pem(der: bytes) -> str:
    text = base64.b64encode(der).decode()
    lines = [text[i : i + 64] for i in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


def _name(recipe: Recipe) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, recipe.name)]
    if recipe.organization:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, recipe.organization))
    return x509.Name(attributes)


def _general_name(text: str) -> x509.GeneralName:
    kind, _, value = text.partition(":")
    return x509.IPAddress(ipaddress.ip_address(value)) if kind == "ip" else x509.DNSName(value)


def serial_of(recipe: Recipe, count: int) -> int:
    """Give a serial number that nobody else uses; every other one needs a leading zero octet in DER."""
    digest = hashlib.sha256(f"{recipe.name}/{count}".encode()).digest()[:8]
    first = digest[0] | 0x80 if count % 2 else (digest[0] & 0x7F) | 0x40
    return int.from_bytes(bytes([first]) + digest[1:])


def _signed(
    recipe: Recipe, key: CertificateIssuerPrivateKeyTypes, signer: CertificateIssuerPrivateKeyTypes, count: int
) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(recipe))
        .issuer_name(_name(recipe.issuer.recipe if recipe.issuer else recipe))
        .serial_number(serial_of(recipe, count))
        .not_valid_before(recipe.not_before)
        .not_valid_after(recipe.not_after)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=recipe.is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if not recipe.is_ca:
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if recipe.sans:
        names = x509.SubjectAlternativeName([_general_name(text) for text in recipe.sans])
        builder = builder.add_extension(names, critical=False)
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer, algorithm).public_bytes(serialization.Encoding.DER)


def _signed_otherwise(der: bytes, recipe: Recipe, signer: Path) -> bytes:
    """Sign again by the openssl command, after a change that the library refuses: another hash, another version."""
    certificate = x509.load_der_x509_certificate(der)
    tbs = certificate.tbs_certificate_bytes
    algorithm = der[der.index(tbs) + len(tbs) :][:15]  # SEQUENCE, OID, NULL: 15 bytes for every RSA PKCS#1 v1.5 hash
    if algorithm[2:13] != _SHA256_RSA or tbs.count(algorithm) != 1 or tbs.count(_VERSION_3) != 1:
        raise ValueError(f"{recipe.name}: needs an issuer with an RSA key")
    other = algorithm
    if recipe.hash != "sha256":
        other = algorithm[:12] + bytes([_LAST_OID_BYTE[recipe.hash]]) + algorithm[13:]
    tbs = tbs.replace(algorithm, other).replace(_VERSION_3, _VERSION_3[:-1] + bytes([recipe.wire_version]))
    command: list[str | Path] = ["openssl", "dgst", f"-{recipe.hash}", "-sign", signer]
    signature = subprocess.run(command, input=tbs, check=True, capture_output=True).stdout
    return _tlv(0x30, tbs + other + _tlv(0x03, b"\0" + signature))


def _tlv(tag: int, content: bytes) -> bytes:
    """Encode one DER value."""
    size = len(content)
    if size < 0x80:  # noqa: PLR2004  X.690 8.1.3.4, short form
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(octets)]) + octets + content


@functools.cache
def _key_facts(key_file: Path) -> dict[str, str | int | None]:
    key = load_key(key_file)
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    facts: dict[str, str | int | None] = {"spki_sha256": hashlib.sha256(spki).hexdigest(), "key_curve": None}
    if isinstance(key, rsa.RSAPrivateKey):
        return facts | {"key_algorithm": "RSA", "key_bits": key.key_size}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return facts | {"key_algorithm": "EC", "key_bits": key.key_size, "key_curve": key.curve.name}
    return facts | {"key_algorithm": "Ed25519"}


def text_of_name(recipe: Recipe) -> str:
    """Give the name as RFC 4514 text: last attribute first."""
    organization = f",O={_escaped(recipe.organization)}" if recipe.organization else ""
    return f"CN={_escaped(recipe.name)}{organization}"


def _escaped(value: str) -> str:
    return "".join(f"\\{char}" if char in '\\,+"<>;' else char for char in value)


def facts_of(identity: Identity) -> dict[str, object]:
    """Give what the forger knows of the certificate: its row of the expected output."""
    recipe = identity.recipe
    issuer = recipe.issuer.recipe if recipe.issuer else recipe
    return {
        "sha256": identity.sha256,
        "sha1": hashlib.sha1(identity.der, usedforsecurity=False).hexdigest(),
        "der_length": len(identity.der),
        "version": recipe.wire_version + 1,
        "subject": text_of_name(recipe),
        "issuer": text_of_name(issuer),
        "serial": identity.serial.to_bytes(identity.serial.bit_length() // 8 + 1).hex(),
        "not_before": f"{recipe.not_before:%Y-%m-%dT%H:%M:%SZ}",
        "not_after": f"{recipe.not_after:%Y-%m-%dT%H:%M:%SZ}",
        **_key_facts(identity.key_file),
        "signature_hash": None if issuer.key == "ed25519" else recipe.hash,
        "sans": list(recipe.sans),
        "is_ca": recipe.is_ca,
        "self_issued": recipe.issuer is None,
        "self_signed": recipe.issuer is None,
        "defective": any(fault.rule == "malformed-certificate" for fault in recipe.faults),
        "der": base64.b64encode(identity.der).decode(),
    }
