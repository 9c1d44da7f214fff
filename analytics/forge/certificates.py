"""Recipes to DER: certificates with exactly one thing wrong, or nothing (RFC 5280 section 4).

Written by our own DER writer, because a library that makes certificates well refuses to make them badly.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
from typing import TYPE_CHECKING, Final

from cryptography import x509

from analytics.forge import der
from analytics.forge.extensions import extensions
from analytics.forge.keys import Key, RsaKey, forge_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rules.rule import CertificateRecipe, ExampleSession

DAMAGES: Final[Mapping[str, str]] = {
    "bad_not_before": "notBefore is a UTCTime without a digit",
    "bad_not_after": "notAfter is a UTCTime without a digit",
    "negative_serial": "the serial number is negative (RFC 5280 4.1.2.2)",
    "long_serial": "the serial number has 21 octets (RFC 5280 4.1.2.2)",
    "trailing_bytes": "three bytes follow the certificate",
    "bad_extension": "subjectAltName holds bytes that are no DER",
    "duplicate_extension": "keyUsage stands there twice (RFC 5280 4.2)",
    "extensions_in_v1": "a version 1 certificate has extensions (RFC 5280 4.1.2.9)",
    "lost_extension": "the last extension's identifier is no OID: of what is not there, nobody knows that it is not",
    "bad_version": "the version is a BOOLEAN",
    "bad_serial": "the serial number is a BOOLEAN",
    "bad_algorithm": "signatureAlgorithm, inside and outside, has no OID",
    "bad_name": "the common name is a UTF8String that is no UTF-8",
    "broken_name": "the subject is an INTEGER",
    "bad_key": "the public key's bits are no key",
    "huge_exponent": "the RSA public exponent has 8193 bits (made with the key's kind rsa...)",
    "unknown_key": "the key's algorithm is an OID nobody has registered",
    "unknown_signature": "the signature's algorithm is an OID nobody has registered",
    "mismatched_algorithm": "signatureAlgorithm differs from the one that was signed (RFC 5280 4.1.1.2)",
    "bad_signature": "the last bit of the signature is flipped",
}
"""Defects that a recipe can ask for. All but the last leave the signature right."""

_UNREGISTERED_OID = "1.3.6.1.4.1.99999.1"
_BAD_TIME = der.tlv(0x17, b"some time ago")
_SEED = ("name", "subject", "issuer", "not_before", "not_after", "key", "hash", "sans", "is_ca", "damage")
"""Fields of a recipe whose values always go into its serial number; others do when they are not as usual."""


def forge_chain(recipes: Sequence[CertificateRecipe], hidden: Sequence[CertificateRecipe] = ()) -> tuple[bytes, ...]:
    """DER of each recipe, issuers looked up by name among them all. KeyError: an issuer that has no recipe."""
    book = {recipe.name: recipe for recipe in (*recipes, *hidden)}
    return tuple(forge_certificate(recipe, book[recipe.issuer or recipe.name]) for recipe in recipes)


def session_certificates(session: ExampleSession) -> dict[str, bytes]:
    """DER of every certificate that the session presents, by recipe name; issuers are looked up on both sides."""
    recipes = (*(session.server_chain or ()), *(session.client_chain or ()))
    return dict(zip((recipe.name for recipe in recipes), forge_chain(recipes, session.hidden), strict=True))


@functools.cache
def forge_certificate(recipe: CertificateRecipe, issuer: CertificateRecipe) -> bytes:
    """DER of one certificate, signed with the issuer's key; the same bytes for the same recipes.

    ValueError: a damage, name, time or kind of key that cannot be made. KeyError: a hash the key cannot sign with.
    """
    if recipe.damage is not None and recipe.damage not in DAMAGES:
        raise ValueError(f"no such damage: {recipe.damage!r}")
    signer = forge_key(issuer.key, issuer.name)
    algorithm = signer.algorithm(recipe.hash)
    if recipe.damage == "unknown_signature":
        algorithm = der.sequence(der.oid(_UNREGISTERED_OID))
    if recipe.damage == "bad_algorithm":
        algorithm = der.sequence(der.NULL)
    tbs = _tbs(recipe, issuer, signer, algorithm)
    signature = signer.sign(tbs, recipe.hash)
    if recipe.damage == "mismatched_algorithm":
        algorithm = signer.algorithm("sha512" if recipe.hash != "sha512" else "sha256")
    if recipe.damage == "bad_signature":
        signature = signature[:-1] + bytes((signature[-1] ^ 1,))
    whole = der.sequence(tbs, algorithm, der.bit_string(signature))
    return whole + b"\x00\x01\x02" if recipe.damage == "trailing_bytes" else whole


def _tbs(recipe: CertificateRecipe, issuer: CertificateRecipe, signer: Key, algorithm: bytes) -> bytes:
    key = forge_key(recipe.key, recipe.name)
    not_before = _BAD_TIME if recipe.damage == "bad_not_before" else der.time(_moment(recipe.not_before))
    not_after = _BAD_TIME if recipe.damage == "bad_not_after" else der.time(_moment(recipe.not_after))
    return der.sequence(
        _version(recipe),
        _serial(recipe),
        algorithm,
        _name(issuer),
        der.sequence(not_before, not_after),
        _name(recipe),
        _spki(recipe, key),
        b"" if recipe.version == 1 else der.tagged(3, der.sequence(*extensions(recipe, key, signer))),
    )


def _version(recipe: CertificateRecipe) -> bytes:
    if recipe.version == 1 or recipe.damage == "extensions_in_v1":
        return b""  # DEFAULT v1
    return der.tagged(0, der.TRUE if recipe.damage == "bad_version" else der.integer(recipe.version - 1))


def _serial(recipe: CertificateRecipe) -> bytes:
    if recipe.serial is not None:
        return der.tlv(0x02, bytes.fromhex(recipe.serial))
    octets = hashlib.sha256(f"serial {_seed(recipe)}".encode()).digest()
    if recipe.damage == "bad_serial":
        return der.TRUE
    if recipe.damage == "negative_serial":
        return der.tlv(0x02, b"\x80" + octets[:8])
    if recipe.damage == "long_serial":
        return der.tlv(0x02, b"\x01" + octets[:20])
    return der.tlv(0x02, b"\x01" + octets[:8])


def _seed(recipe: CertificateRecipe) -> str:
    """Give what the serial number follows from: a field that recipes get later leaves the serials of today's alone."""
    every = dataclasses.fields(recipe)
    told = (field for field in every if field.name in _SEED or getattr(recipe, field.name) != field.default)
    return f"CertificateRecipe({', '.join(f'{field.name}={getattr(recipe, field.name)!r}' for field in told)})"


def _name(recipe: CertificateRecipe) -> bytes:
    if recipe.damage == "broken_name":
        return der.integer(1)
    if recipe.damage == "bad_name":
        attribute = der.sequence(der.oid("2.5.4.3"), der.tlv(0x0C, b"\xff\xfe " + recipe.name.encode()))
        return der.sequence(der.tlv(0x31, attribute))
    text = recipe.subject if recipe.subject is not None else f"CN={recipe.name}"
    try:
        return x509.Name.from_rfc4514_string(text).public_bytes()
    except ValueError as error:
        raise ValueError(f"no name as RFC 4514 writes them: {text!r}") from error


def _spki(recipe: CertificateRecipe, key: Key) -> bytes:
    if recipe.damage == "bad_key":
        return der.sequence(der.sequence(der.oid("1.2.840.113549.1.1.1"), der.NULL), der.bit_string(b"no key"))
    if recipe.damage == "huge_exponent" and isinstance(key, RsaKey):
        return key.with_exponent((1 << 8192) + 1)
    if recipe.damage == "unknown_key":
        return der.sequence(der.sequence(der.oid(_UNREGISTERED_OID)), der.bit_string(b"no key"))
    return key.spki


def _moment(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a time needs its zone, as in 2026-01-01T00:00:00Z: {text!r}")
    return moment.astimezone(dt.UTC)
