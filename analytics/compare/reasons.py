"""Why the two engines differ: a closed list of reasons, each with the test that recognises it in the two rows.

A difference that none of them fits is *unexplained*, and somebody should look at the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analytics.compare.differences import SESSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.compare.differences import Difference, Row


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason."""

    code: str
    says: str
    """What happened, for whoever reads the comparison."""
    better: str
    """Who tells more, or is right: native, tshark, or neither."""
    fits: Callable[[Difference], bool]


UNEXPLAINED = "unexplained"
_CUT = frozenset({"truncated", "lost", "evicted"})
_OF_HELLO = frozenset({"version_offered_code", "server_name", "alpn_offered", "ech_offered", "ja3", "ja4"})
_OF_ANSWER = frozenset(
    {"version_code", "cipher_suite_code", "named_group_code", "alpn", "ja3s", "sct_count", "resumed"}
)
_PLACE = frozenset({"session_id", "connection_id", "time", "frame"})


def explain(difference: Difference) -> Reason | None:
    """Give the first reason that fits."""
    return next((reason for reason in REASONS if reason.fits(difference)), None)


def _native(difference: Difference) -> Row:
    return difference.native or {}


def _tshark(difference: Difference) -> Row:
    return difference.tshark or {}


def _only_native(difference: Difference) -> bool:
    return difference.field == SESSION and difference.tshark is None


def _only_tshark(difference: Difference) -> bool:
    return difference.field == SESSION and difference.native is None


def _encapsulation(difference: Difference) -> bool:
    return difference.tshark is not None and difference.tshark["encapsulation"] is None


def _packets_of_its_own(difference: Difference) -> bool:
    return "openvpn" in (_tshark(difference).get("carrier") or "")


def _upgrade(difference: Difference) -> bool:
    return _only_native(difference) and (_native(difference)["plaintext_before"] or 0) > 0


def _without_hello(difference: Difference) -> bool:
    row = _native(difference)
    begun_before = _only_native(difference) and row["plaintext_before"] is None
    return begun_before and row["version_offered_code"] is None and row["ja3"] is None


def _version_2(difference: Difference) -> bool:
    return _only_tshark(difference) and _tshark(difference)["version_offered_code"] == 2  # noqa: PLR2004  SSL 2


def _side(field: str) -> str:
    return field.partition("_")[0]


def _cut_message(difference: Difference) -> bool:
    """Only messages that are whole are shown by tshark."""
    ours, theirs = difference.values
    row, field = _native(difference), difference.field
    if difference.native is None:
        return False
    cut = {side: row[f"{side}_visibility"] in _CUT for side in ("server", "client")}
    if field == SESSION:
        return difference.tshark is None and any(cut.values()) and row["ja3"] is None and row["ja3s"] is None
    if field.endswith("_chain"):
        broken = row[f"{_side(field)}_visibility"] == "unsupported"
        return (cut[_side(field)] or broken) and theirs is None
    return theirs is None and ours is not None and any(cut.values())


def _lost(difference: Difference) -> bool:
    return (_native(difference).get("bytes_lost") or 0) > 0


def _broken_hello(difference: Difference) -> bool:
    ours, _ = difference.values
    row = _native(difference)
    broken = (difference.field in _OF_HELLO and row["ja3"] is None) or (
        difference.field in _OF_ANSWER and row["ja3s"] is None
    )
    return broken and ours in (None, [])


def _no_text(difference: Difference) -> bool:
    return any("\\x" in str(text) for text in _texts(difference.values[0]))


def _texts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _psk_exchange(difference: Difference) -> bool:
    suite = _native(difference).get("cipher_suite") or ""
    return difference.field in {"named_group_code", "signature_scheme_code"} and "PSK" in suite


REASONS = (
    Reason(
        "encapsulation",
        "the packets are wrapped in something that the native core does not take off: a tunnel, or a link layer",
        "tshark",
        _encapsulation,
    ),
    Reason(
        "packets_of_its_own",
        "OpenVPN cuts TLS into packets of its own; tshark puts them together, the native core says unsupported",
        "tshark",
        _packets_of_its_own,
    ),
    Reason(
        "repeated",
        "the capture holds these packets again, minutes later: the native core counts a second session, of the same id",
        "tshark",
        lambda difference: difference.repeated,
    ),
    Reason(
        "upgrade",
        "TLS begins after bytes of another protocol, where tshark does not expect it or cannot follow",
        "native",
        _upgrade,
    ),
    Reason("ssl2", "SSL 2 itself, not only its hello, is not read by the native core yet", "tshark", _version_2),
    Reason(
        "without_hello",
        "the capture begins after the ClientHello, where tshark does not look for TLS any more",
        "native",
        _without_hello,
    ),
    Reason(
        "cut_message",
        "a message is cut, or contradicts itself: the native core lists what is whole in it, tshark nothing",
        "native",
        _cut_message,
    ),
    Reason("psk_exchange", "tshark does not read the key exchange of this cipher suite", "native", _psk_exchange),
    Reason(
        "broken_hello",
        "the hello is malformed or cut: the native core says nothing of what it cannot know, tshark goes on",
        "neither",
        _broken_hello,
    ),
    Reason("no_text", "a name that is no UTF-8: the native core shows its bytes as \\xNN", "native", _no_text),
    Reason("lost", "segments are missing in the capture, and the engines go on at different places", "neither", _lost),
)
DATAGRAM = Reason(
    "datagram",
    "TLS over datagrams and in EAP (DTLS, QUIC, EAP-TLS) is not read by the native core yet",
    "tshark",
    lambda _: False,
)
"""Of what is no session of either engine: tshark only counts the hellos."""
