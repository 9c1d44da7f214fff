"""Endpoints that never showed a certificate: what an active scanner should ask, so that the sensor need not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from analytics.finding import plain
from analytics.report import csv, json
from rules.sql import IMPORTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analytics.store import Store

_QUERY = f"""
SELECT address, port, shown, arrayFilter(n -> n != '', server_names), arraySort(mapKeys(visibilities))::Array(String),
    carriers::Array(String), versions::Array(String), sessions, ours, confirmed, last_seen
FROM endpoint(loads = [], home = {{home:Array(String)}})
WHERE answered AND NOT certificate_seen AND (ours OR {{everybody:Bool}})
    AND NOT {IMPORTED}
ORDER BY toIPv6(address), port, shown
"""
COLUMNS: Final = (
    *("address", "port", "endpoint", "server_names", "reasons", "carriers", "versions"),
    *("sessions", "ours", "confirmed", "last_seen"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """One endpoint that answered and whose certificate no session showed."""

    address: str
    port: int
    endpoint: str
    """address:port, [address]:port for IPv6."""
    server_names: tuple[str, ...]
    """What clients asked for: a scanner must ask for each by name."""
    reasons: tuple[str, ...]
    """Visibilities of its sessions."""
    carriers: tuple[str, ...]
    versions: tuple[str, ...]
    sessions: int
    ours: bool
    confirmed: bool
    last_seen: str
    """RFC 3339."""


def targets(store: Store, *, home: Sequence[str], everybody: bool) -> list[Target]:
    """List them; `everybody`: others' too, which a scanner should have leave to ask."""
    rows = store.query(_QUERY, {"home": list(home), "everybody": everybody})
    return [_target(*row) for row in rows]


def _target(*row: object) -> Target:
    (address, port, shown, names, reasons, carriers, versions, sessions, ours, confirmed, last_seen) = map(plain, row)
    return Target(
        *(address, port, shown, tuple(names), tuple(reasons), tuple(carriers), tuple(versions), sessions),
        *(bool(ours), bool(confirmed), last_seen),
    )


def as_targets(found: Sequence[Target]) -> Iterator[str]:
    """Give `host:port` lines, which most scanners take from a file: one by address, and one for each server name."""
    for target in found:
        yield f"{target.endpoint}\n"
        for name in target.server_names:
            if _is_host(name) and name != target.address:
                yield f"{name}:{target.port}\n"


def as_json(found: Sequence[Target]) -> Iterator[str]:
    """Give one JSON object a line."""
    for target in found:
        yield json.dumps({name: getattr(target, name) for name in COLUMNS}) + "\n"


def as_csv(found: Sequence[Target]) -> Iterator[str]:
    """Give a header and a line each, members of lists between bars."""
    yield csv.line(COLUMNS)
    for target in found:
        yield csv.line(csv.shown(getattr(target, name)) for name in COLUMNS)


def _is_host(name: str) -> bool:
    """Tell whether this can be a name of DNS: anyone may have sent it, and it goes into a list that a scanner reads."""
    labels = name.removesuffix(".").split(".")
    return len(name) <= 253 and all(  # noqa: PLR2004  RFC 1035 2.3.4
        0 < len(label) <= 63  # noqa: PLR2004
        and label.replace("-", "").replace("_", "").isalnum()
        and label.isascii()
        and not label.startswith("-")
        for label in labels
    )
