"""Recipes to extensions of a certificate (RFC 5280 4.2), in a fixed order: what most have first, what few have last."""

from __future__ import annotations

import hashlib
import ipaddress
from typing import TYPE_CHECKING, Final

from analytics.forge import der

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from analytics.forge.keys import Key
    from rules.rule import CertificateRecipe

_BASIC_CONSTRAINTS, _KEY_USAGE, _SAN, _SKI, _AKI, _EKU, _POLICIES, _CRL = (
    f"2.5.29.{n}" for n in (19, 15, 17, 14, 35, 37, 32, 31)
)
_AUTHORITY_INFO, _OCSP = "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.48.1"
_SCTS = "1.3.6.1.4.1.11129.2.4.2"
_USAGES: Final = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)
"""RFC 5280 4.2.1.3, by bit."""
_PURPOSES: Final[Mapping[str, str]] = {
    "serverAuth": "1.3.6.1.5.5.7.3.1",
    "clientAuth": "1.3.6.1.5.5.7.3.2",
    "codeSigning": "1.3.6.1.5.5.7.3.3",
    "emailProtection": "1.3.6.1.5.5.7.3.4",
    "anyExtendedKeyUsage": "2.5.29.37.0",
}
"""RFC 5280 4.2.1.12; any other purpose is given as its OID."""


def extensions(recipe: CertificateRecipe, key: Key, signer: Key) -> list[bytes]:
    """Encode them all. ValueError: a usage or a kind of name that does not exist."""
    usage = der.named_bits(_bits(recipe))
    found = [] if recipe.key_usage == () else [_extension(_KEY_USAGE, usage, critical=True)]
    if recipe.damage == "duplicate_extension":
        found.append(_extension(_KEY_USAGE, usage, critical=True))
    if recipe.is_ca:
        length = b"" if recipe.path_length is None else der.integer(recipe.path_length)
        found.append(_extension(_BASIC_CONSTRAINTS, der.sequence(der.TRUE, length), critical=True))
    if recipe.damage == "bad_extension":
        found.append(_extension(_SAN, b"\x30\x84\xff\xff"))
    elif recipe.sans:
        found.append(_extension(_SAN, der.sequence(*(_general_name(san) for san in recipe.sans))))
    found.append(_extension(_SKI, der.octet_string(_key_id(key))))
    found.append(_extension(_AKI, der.sequence(der.tagged(0, _key_id(signer), constructed=False))))
    return [*found, *_rarer(recipe)]


def _rarer(recipe: CertificateRecipe) -> Iterator[bytes]:
    if recipe.eku:
        yield _extension(_EKU, der.sequence(*(der.oid(_PURPOSES.get(name, name)) for name in recipe.eku)))
    if recipe.policies:
        yield _extension(_POLICIES, der.sequence(*(der.sequence(der.oid(oid)) for oid in recipe.policies)))
    if recipe.ocsp_urls:
        places = (der.sequence(der.oid(_OCSP), _general_name(f"uri:{url}")) for url in recipe.ocsp_urls)
        yield _extension(_AUTHORITY_INFO, der.sequence(*places))
    if recipe.crl_urls:
        yield _extension(_CRL, der.sequence(*(_distribution_point(url) for url in recipe.crl_urls)))
    if recipe.scts:
        yield _extension(_SCTS, der.octet_string(_timestamps(recipe.scts)))
    for oid in recipe.unheard_of:
        yield _extension(oid.removeprefix("critical:"), der.NULL, critical=oid.startswith("critical:"))
    if recipe.damage == "lost_extension":
        yield der.sequence(der.NULL, der.octet_string(der.NULL))


def _bits(recipe: CertificateRecipe) -> tuple[int, ...]:
    """Give the bits of keyUsage: as the recipe says, or what goes with the kind of certificate and key."""
    if recipe.key_usage is not None:
        return tuple(_USAGES.index(name) for name in recipe.key_usage)
    if recipe.is_ca:
        return (_USAGES.index("keyCertSign"), _USAGES.index("cRLSign"))
    return (0, _USAGES.index("keyEncipherment")) if recipe.key.startswith("rsa") else (0,)


def _extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    return der.sequence(der.oid(oid), der.TRUE if critical else b"", der.octet_string(value))


def _general_name(text: str) -> bytes:
    kind, _, value = text.partition(":")
    if kind == "ip":
        return der.tagged(7, ipaddress.ip_address(value).packed, constructed=False)
    number = {"email": 1, "dns": 2, "uri": 6}.get(kind)
    if number is None:
        raise ValueError(f"no such kind of alternative name: {text!r}")
    return der.tagged(number, value.encode("ascii"), constructed=False)


def _distribution_point(url: str) -> bytes:
    """DistributionPoint ::= SEQUENCE { [0] { fullName [0] GeneralNames } } (RFC 5280 4.2.1.13)."""
    return der.sequence(der.tagged(0, der.tagged(0, _general_name(f"uri:{url}"))))


def _timestamps(count: int) -> bytes:
    """Make as many timestamps in TLS's own form (RFC 6962 3.2, 3.3); nobody's logs know them."""
    made = []
    for number in range(count):
        log = hashlib.sha256(f"log {number}".encode()).digest()
        signature = der.sequence(der.integer(int.from_bytes(log[:16], "big")), der.integer(number + 1))
        signed = b"\x04\x03" + len(signature).to_bytes(2, "big") + signature
        one = b"\x00" + log + (1_750_000_000_000 + number).to_bytes(8, "big") + b"\x00\x00" + signed
        made.append(len(one).to_bytes(2, "big") + one)
    whole = b"".join(made)
    return len(whole).to_bytes(2, "big") + whole


def _key_id(key: Key) -> bytes:
    """Make a key identifier as RFC 7093 section 2 method 4 does, of SHA-256."""
    return hashlib.sha256(key.spki).digest()[:20]
