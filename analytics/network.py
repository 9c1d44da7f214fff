"""Networks that are ours, in the one form that the store compares with: IPv6 CIDRs, IPv4 mapped to ::ffff:0:0/96."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_HOME = (
    "10.0.0.0/8",  # private, RFC 1918
    "172.16.0.0/12",
    "192.168.0.0/16",
    "fc00::/7",  # unique-local, RFC 4193
    "169.254.0.0/16",  # link-local, RFC 3927
    "fe80::/10",  # link-local, RFC 4291
    "127.0.0.0/8",  # loopback
    "::1/128",
)
"""What counts as ours unless `--home` says otherwise. 100.64.0.0/10 (RFC 6598) is not among them: behind it are the
customers of a provider; who uses it inside (some cloud networks do) names it."""
_MAPPED_BITS = 96
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


class NetworkError(ValueError):
    """A text that is no network; the message says what is wrong with it."""


def home_ranges(networks: Iterable[str]) -> list[str]:
    """Write networks (CIDRs or single addresses, IPv4 or IPv6) as IPv6 CIDRs; none at all means `DEFAULT_HOME`.

    NetworkError for what is no network, or has host bits set: 10.1.2.3/8 is more likely a slip than a wish.
    """
    ranges = [_mapped(_network(text)) for text in list(networks) or DEFAULT_HOME]
    return [str(network) for network in ipaddress.collapse_addresses(ranges)]


def display_network(network: str) -> str:
    """Give the usual text back: `::ffff:10.0.0.0/104` -> `10.0.0.0/8`."""
    parsed = ipaddress.IPv6Network(network)
    if not parsed.subnet_of(_MAPPED):
        return str(parsed)
    mapped = parsed.network_address.ipv4_mapped
    return f"{mapped}/{parsed.prefixlen - _MAPPED_BITS}"


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text.strip())
    except ValueError as error:
        try:
            meant = ipaddress.ip_network(text.strip(), strict=False)
        except ValueError:
            raise NetworkError(f"{text}: not a network; write one as 10.0.0.0/8 or fd00::/8") from error
        raise NetworkError(f"{text}: not the start of a network; did you mean {meant}?") from error


def _mapped(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> ipaddress.IPv6Network:
    if isinstance(network, ipaddress.IPv6Network):
        return network
    return ipaddress.IPv6Network((f"::ffff:{network.network_address}", _MAPPED_BITS + network.prefixlen))


def endpoint(address: str, port: int | None) -> str:
    """`10.0.0.7:443`, `[2001:db8::1]:443`; without port the bare address."""
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
