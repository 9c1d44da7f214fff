"""Does a certificate's signature verify with its own key? Through `cryptography`, within bounded work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa

if TYPE_CHECKING:
    from sensor.certificate_algorithms import Signature
    from sensor.certificate_keys import Key

MAX_MODULUS_BITS: Final = 16_384
"""Of RSA and DSA keys used here: verifying costs its square."""
MAX_EXPONENT_BITS: Final = 64
"""Of RSA keys used here: verifying costs time in proportion. Real exponents have 17 bits."""

_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "md5": hashes.MD5(),  # noqa: S303  what devices use must be read
    "sha1": hashes.SHA1(),  # noqa: S303  same
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha512-224": hashes.SHA512_224(),
    "sha512-256": hashes.SHA512_256(),
    "sha3-224": hashes.SHA3_224(),
    "sha3-256": hashes.SHA3_256(),
    "sha3-384": hashes.SHA3_384(),
    "sha3-512": hashes.SHA3_512(),
}


def verifies(signature: Signature, value: bytes, signed: bytes, key: Key, spki: bytes) -> bool | None:
    """Tell whether `value` is the signature of `signed` by the key `spki`.

    None: it cannot be verified here (unknown algorithm, unreadable key, numbers beyond the limits above).
    """
    scheme = signature.scheme
    if scheme is None or not scheme.family:
        return None
    if key.algorithm != scheme.key:
        return False
    if (key.bits or 0) > MAX_MODULUS_BITS or (key.exponent or 0).bit_length() > MAX_EXPONENT_BITS:
        return None
    try:
        return _verify(signature, value, signed, serialization.load_der_public_key(spki))
    except InvalidSignature:
        return False
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001  a key refused, or a panic below Python, which is no Exception
        return None


def _verify(signature: Signature, value: bytes, signed: bytes, key: object) -> bool | None:
    """Raise InvalidSignature if the signature is wrong; None when there is no way to tell."""
    if signature.scheme is not None and signature.scheme.family == "pure":
        # Ed25519, Ed448 and, where the library knows them, the newer ones all offer the same call.
        verify: Any = getattr(key, "verify", None)
        if verify is None:
            return None
        verify(value, signed)
        return True
    digest = _HASHES.get(signature.hash or "")
    if digest is None:
        return None
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(value, signed, _padding(signature, digest), digest)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(value, signed, ec.ECDSA(digest))
    elif isinstance(key, dsa.DSAPublicKey):
        key.verify(value, signed, digest)
    else:
        return None
    return True


def _padding(signature: Signature, digest: hashes.HashAlgorithm) -> padding.AsymmetricPadding:
    if signature.salt_length is None:
        return padding.PKCS1v15()
    return padding.PSS(padding.MGF1(digest), signature.salt_length)
