"""What the texts of a policy mean: networks, patterns, link-layer addresses, servers, hashes of keys."""

from __future__ import annotations

import functools
import ipaddress
import re
from typing import Final

from analytics.network import NetworkError, display_network, home_ranges

HASHES: Final = (
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sha512-224",
    "sha512-256",
    "sha3-224",
    "sha3-256",
    "sha3-384",
    "sha3-512",
    "shake128",
    "shake256",
    "sha1",
    "md5",
)
"""As certspan names them; those that must not be used any more last."""
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MAC: Final = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){0,5}")
_ENDPOINT: Final = re.compile(r"(\[[^\]]*\]|[^:\[\]]+):(\d{1,5})")
_NAME: Final = re.compile(r"[^\s:/\[\]\\\"']+")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def network(text: str) -> Network:
    """Read a CIDR or an address; IPv4 ones mapped into IPv6 are IPv4. ValueError: it is none."""
    try:
        [whole] = home_ranges([text])
    except NetworkError as error:
        raise ValueError(str(error).removeprefix(f"{text}: ")) from error
    return ipaddress.ip_network(display_network(whole))


def hash_name(text: str) -> str:
    """`SHA-256` and `sha256` are one. ValueError: no such hash."""
    plain = text.lower().replace("sha-", "sha")
    if plain not in HASHES:
        raise ValueError(f"no such hash; known are {', '.join(HASHES)}")
    return plain


def mac(text: str) -> str:
    """Write a link-layer address, or its first octets, as certspan does. ValueError: it is none."""
    plain = text.strip().lower()
    digits = re.sub(r"[:.\-]", "", plain)
    whole = ":".join(digits[place : place + 2] for place in range(0, len(digits), 2))
    if not _MAC.fullmatch(whole):
        raise ValueError("not a link-layer address, nor its first octets; write one as 00:1b:1b:12:34:56")
    return whole


def name(text: str) -> str:
    """Give a name or pattern in lower case, without the dot at its end. ValueError: it can be no name."""
    if not _NAME.fullmatch(text):
        raise ValueError("neither a name nor a pattern such as *.plant.example")
    return text.lower().removesuffix(".")


def like(pattern: str) -> str:
    """Write a pattern for SQL's LIKE."""
    return re.sub(r"([\\%_])", r"\\\1", name(pattern)).replace("*", "%")


@functools.lru_cache(maxsize=20_000)
def matcher(pattern: str) -> re.Pattern[str]:
    """Make what matches a whole text against a pattern, in any case; `*` is any text."""
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.IGNORECASE | re.DOTALL)


def key(text: str) -> str:
    """Give the SHA-256 of a public key. ValueError: it is none."""
    plain = text.lower().removeprefix("sha256:").replace(":", "")
    if not _SHA256.fullmatch(plain):
        raise ValueError("not the SHA-256 of a public key: 64 hexadecimal digits")
    return plain


def issuer(text: str) -> tuple[str, str]:
    """Give an issuer's name and the hash of its key; one of them is empty. ValueError: it is neither."""
    if "=" in text and not text.startswith("="):
        return text, ""
    try:
        return "", key(text)
    except ValueError:
        raise ValueError(
            "neither a name such as CN=Works CA,O=Acme nor the SHA-256 of a public key (64 hexadecimal digits)"
        ) from None


def server(text: str) -> tuple[str, str, int]:
    """Give name, address and port of a pinned server; only a name, or only the others. ValueError: it is neither."""
    if found := _ENDPOINT.fullmatch(text):
        try:
            address = ipaddress.ip_address(found[1].strip("[]"))
        except ValueError:
            raise ValueError("an endpoint begins with an IP address: 10.0.0.1:443, [2001:db8::1]:443") from None
        if not 0 < int(found[2]) < 1 << 16:
            raise ValueError(f"there is no port {found[2]}")
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return "", str(mapped or address), int(found[2])
    if re.fullmatch(r"[0-9.]+|\[.*|.*:.*:.*", text):
        raise ValueError("an address needs its port: 10.0.0.1:443, [2001:db8::1]:443")
    return name(text), "", 0
