"""Real chains of certificates, signed by keys that follow from the seed, so that each run gives the same bytes."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from random import Random

Signer = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Key = Signer | ed25519.Ed25519PrivateKey
Public = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

RSA, ECDSA, ED25519 = "rsa", "ecdsa", "ed25519"
NAME = "host%05d.bench.example"
"""Names of servers, all of one length, so that one recorded hello serves all of them."""

_BEGIN, _END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2046, 1, 1, tzinfo=UTC)
_EXPONENT = 65_537
_RSA_BITS = 2_048
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_SMALL_PRIMES = [n for n in range(3, 2_000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]
_EXTRA_NAMES = 60
"""More names in a server's certificate: brings it to the size that such certificates have."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain as a Certificate message of TLS up to 1.2 carries it."""

    kind: str
    """Of the leaf's key: RSA or ECDSA."""
    name: bytes
    """What a client asks for."""
    message: bytes
    """With its handshake header."""
    record: bytes
    """The same in a record of its own."""
    sha256: tuple[str, ...]
    """Of each certificate, in hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """A certificate authority, with those above it."""

    key: Signer
    certificate: x509.Certificate
    above: tuple[x509.Certificate, ...] = ()


def make_key(kind: str, rng: Random) -> Key:
    """Give a private key that follows from the state of `rng`."""
    if kind == ED25519:
        return ed25519.Ed25519PrivateKey.from_private_bytes(rng.randbytes(32))
    if kind == ECDSA:
        return ec.derive_private_key(rng.randrange(1, _P256_ORDER), ec.SECP256R1())
    p, q = _prime(rng), _prime(rng)
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()


def _prime(rng: Random) -> int:
    bits = _RSA_BITS // 2
    while True:
        # The two topmost bits are set, so that a product of two has its full length.
        number = rng.getrandbits(bits) | (3 << (bits - 2)) | 1
        if all(number % small for small in _SMALL_PRIMES) and _seems_prime(number, rng):
            return number


def _seems_prime(number: int, rng: Random) -> bool:
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(8):
        x = pow(rng.randrange(2, number - 1), odd, number)
        if x in (1, number - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % number
            if x == number - 1:
                break
        else:
            return False
    return True


def public_only(kind: str, rng: Random) -> Public:
    """Give a public key that nobody has the private half of: a certificate needs no more, and it is quick."""
    if kind == RSA:
        modulus = rng.getrandbits(_RSA_BITS) | (1 << (_RSA_BITS - 1)) | 1
        return rsa.RSAPublicNumbers(_EXPONENT, modulus).public_key()
    return make_key(kind, rng).public_key()


class Authority:
    """Two roots and two issuers under each, one pair RSA and one ECDSA; they sign whatever is asked for."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self.issuers = {RSA: self._issuers(RSA), ECDSA: self._issuers(ECDSA)}
        self.keys = {kind: make_key(kind, rng) for kind in (RSA, ECDSA, ED25519)}
        """Of the servers and clients whose handshakes are recorded."""

    def _issuers(self, kind: str) -> list[Issuer]:
        keys = [make_key(kind, self._rng) for _ in range(2)]
        root_key, key = (key for key in keys if not isinstance(key, ed25519.Ed25519PrivateKey))
        root_name = _name(f"Bench {kind.upper()} Root", "Bench Trust Services")
        root = self._ca(root_name, root_name, root_key, root_key)
        names = [_name(f"Bench {kind.upper()} Issuing CA {number}", "Bench Trust Services") for number in (1, 2)]
        return [Issuer(key, self._ca(name, root_name, key, root_key), (root,)) for name in names]

    def _ca(self, subject: x509.Name, issuer: x509.Name, key: Signer, signer: Signer) -> x509.Certificate:
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        builder = (
            self._builder(subject, issuer, key.public_key(), signer)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
        )
        return _sign(builder, signer)

    def _builder(self, subject: x509.Name, issuer: x509.Name, key: Public, signer: Signer) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key)
            .serial_number(self._rng.getrandbits(126) | (1 << 126))
            .not_valid_before(_BEGIN)
            .not_valid_after(_END)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )

    def leaf(self, name: str, key: Public, issuer: Issuer) -> x509.Certificate:
        """Sign the certificate of a server or client."""
        zone = name.partition(".")[2]
        names = [name, *(f"service-{number:02}.{zone}" for number in range(_EXTRA_NAMES))]
        crl, ocsp, ca = (f"http://{host}.bench.example/{zone}" for host in ("crl", "ocsp", "ca"))
        about = [
            x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp)),
            x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(ca)),
        ]
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        points = [x509.DistributionPoint([x509.UniformResourceIdentifier(crl)], None, None, None)]
        builder = (
            self._builder(_name(name, "Bench Services"), issuer.certificate.subject, key, issuer.key)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(x509.AuthorityInformationAccess(about), critical=False)
            .add_extension(x509.CRLDistributionPoints(points), critical=False)
        )
        return _sign(builder, issuer.key)

    def chain(self, number: int, kind: str, *, length: int) -> Chain:
        """Give a new chain of two or three certificates for the server (or client) of this number."""
        name = NAME % number
        issuer = self.issuers[kind][number % 2]
        leaf = self.leaf(name, public_only(kind, self._rng), issuer)
        return as_chain(kind, name, [leaf, issuer.certificate, *issuer.above][:length])

    def pem(self, kind: str) -> bytes:
        """Give the key and the chain that a recorded server or client presents."""
        issuer = self.issuers[ECDSA if kind == ED25519 else kind][0]
        key = self.keys[kind]
        chain = [self.leaf(NAME % 0, key.public_key(), issuer), issuer.certificate]
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return b"".join([secret, *(one.public_bytes(Encoding.PEM) for one in chain)])


def as_chain(kind: str, name: str, certificates: list[x509.Certificate]) -> Chain:
    """Put certificates into a Certificate message."""
    ders = [one.public_bytes(Encoding.DER) for one in certificates]
    entries = b"".join(_u24(len(der)) + der for der in ders)
    message = b"\x0b" + _u24(len(entries) + 3) + _u24(len(entries)) + entries
    record = b"\x16\x03\x03" + struct.pack(">H", len(message)) + message
    return Chain(kind, name.encode(), message, record, tuple(hashlib.sha256(der).hexdigest() for der in ders))


def _sign(builder: x509.CertificateBuilder, signer: Signer) -> x509.Certificate:
    if isinstance(signer, rsa.RSAPrivateKey):
        return builder.sign(signer, hashes.SHA256())
    return builder.sign(signer, hashes.SHA256(), ecdsa_deterministic=True)


def _name(common: str, organisation: str) -> x509.Name:
    pairs = ((NameOID.COUNTRY_NAME, "EU"), (NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in pairs])


def _u24(number: int) -> bytes:
    return number.to_bytes(3, "big")
