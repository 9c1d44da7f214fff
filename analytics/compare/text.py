"""A comparison as people read it, and as a program does."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from analytics.compare.differences import SESSION
from analytics.compare.reasons import DATAGRAM, UNEXPLAINED
from analytics.network import endpoint
from analytics.report.text import inert

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analytics.compare.differences import Difference
    from analytics.compare.reasons import Reason
    from analytics.compare.run import Comparison

_HASH_CHARACTERS = 12
_NOTHING = "nothing"


def lines(comparison: Comparison) -> Iterator[str]:
    """Say what differs in one capture, a session and a reason at a time; nothing if nothing does."""
    if not comparison.differences and not comparison.elsewhere:
        return
    yield f"{inert(comparison.capture)}: {_sessions(comparison)}"
    for (place, reason), group in groupby(comparison.differences, key=lambda pair: (_place(pair[0]), pair[1])):
        yield f"  {place}"
        for difference, _ in group:
            yield f"    {_said(difference)}"
        yield f"    -> {_because(reason)}"
    for carrier, count in comparison.elsewhere.items():
        yield f"  tshark sees {_count(count, 'ClientHello')} over {carrier}"
        yield f"    -> {_because(DATAGRAM)}"


def summary(comparisons: Sequence[Comparison]) -> str:
    """Give the last line."""
    compared = f"{_count(len(comparisons), 'capture')} compared"
    reasons: dict[str, int] = {}
    for comparison in comparisons:
        for code, count in comparison.reasons.items():
            reasons[code] = reasons.get(code, 0) + count
    native = sum(comparison.native_sessions for comparison in comparisons)
    tshark = sum(comparison.tshark_sessions for comparison in comparisons)
    if not reasons:
        return f"{compared}: {native:,} and {tshark:,} sessions, no difference"
    told = ", ".join(f"{code} {count:,}" for code, count in sorted(reasons.items(), key=lambda pair: -pair[1]))
    total = _count(sum(reasons.values()), "difference")
    return f"{compared}: {native:,} sessions by the native core, {tshark:,} by tshark, {total}: {told}"


def document(comparison: Comparison) -> bytes:
    """Give the comparison as one JSON line."""
    differences = [
        {name: difference.row[name] for name in _WHERE}
        | {"field": difference.field, "native": difference.values[0], "tshark": difference.values[1]}
        | _reason(reason)
        for difference, reason in comparison.differences
    ]
    whole = {
        "capture": comparison.capture,
        "native_sessions": comparison.native_sessions,
        "tshark_sessions": comparison.tshark_sessions,
        "reasons": comparison.reasons,
        "differences": differences,
        "hellos_elsewhere": comparison.elsewhere,
        "native_damage": [item.message for item in comparison.native_damage],
        "tshark_damage": [item.message for item in comparison.tshark_damage],
    }
    return json.dumps(whole, separators=(",", ":")).encode() + b"\n"


_WHERE = ("frame", "session_id", "client_address", "client_port", "server_address", "server_port", "server_name")


def _reason(reason: Reason | None) -> dict[str, str | None]:
    if reason is None:
        return {"reason": UNEXPLAINED, "says": None, "better": None}
    return {"reason": reason.code, "says": reason.says, "better": reason.better}


def _sessions(comparison: Comparison) -> str:
    return f"{comparison.native_sessions:,} sessions by the native core, {comparison.tshark_sessions:,} by tshark"


def _place(difference: Difference) -> str:
    row = difference.row
    ends = (endpoint(row[f"{side}_address"], row[f"{side}_port"]) for side in ("client", "server"))
    name = f" ({inert(row['server_name'])})" if row["server_name"] else ""
    return f"frame {row['frame']}, {' to '.join(ends)}{name}"


def _said(difference: Difference) -> str:
    if difference.field == SESSION:
        return f"only {'the native core' if difference.tshark is None else 'tshark'} sees this session"
    ours, theirs = (_value(value) for value in difference.values)
    return f"{difference.field}: {ours} by the native core, {theirs} by tshark"


def _value(value: Any) -> str:
    if value is None:
        return _NOTHING
    if isinstance(value, list):
        return f"[{inert(', '.join(_short(str(each)) for each in value))}]"
    return inert(_short(str(value)))


def _short(text: str) -> str:
    """Hashes by their beginning."""
    return f"{text[:_HASH_CHARACTERS]}…" if len(text) == 64 and text.isalnum() else text  # noqa: PLR2004  SHA-256


def _because(reason: Reason | None) -> str:
    if reason is None:
        return f"{UNEXPLAINED}: look at the bytes"
    better = "" if reason.better == "neither" else f" ({reason.better} is right, or tells more)"
    return f"{reason.code}: {reason.says}{better}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
