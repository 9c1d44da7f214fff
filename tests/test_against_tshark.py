"""A second dissector sees the same: sessions, names, versions, chains and JA3 of tshark, asked through pyshark."""

from __future__ import annotations

import asyncio
import hashlib
import json
import warnings
from collections import Counter
from pathlib import Path

import pytest
from command import certspan

ROOT = Path(__file__).resolve().parent.parent
CAPTURES = sorted((ROOT / "pcaps").glob("*.pcap*"))
HELLO, ANSWER, CERTIFICATE = "1", "2", "11"

pytestmark = [
    pytest.mark.tools("tshark"),
    # pyshark 0.6 of 2023 uses loops as asyncio did then.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:pyshark"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

Facts = Counter[tuple[str, object]]


def by_tshark(capture: Path) -> Facts:
    """Hellos with names and JA3, answers with versions and JA3S, chains: each once for every time it was sent."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyshark  # noqa: PLC0415  warns when it is imported

        loop = asyncio.new_event_loop()
        preferences = {"tcp.reassemble_out_of_order": "TRUE", "tcp.try_heuristic_first": "TRUE"}
        packets = pyshark.FileCapture(
            str(capture), display_filter="tls.handshake", override_prefs=preferences, use_json=False, eventloop=loop
        )
        facts: Facts = Counter()
        try:
            for packet in packets:
                for layer in packet.get_multiple_layers("tls"):
                    facts.update(of_layer(layer))
        finally:
            packets.close()
            loop.close()
    return facts


def values(layer: object, name: str) -> list[str]:
    """Give all values of a field of a layer."""
    field = getattr(layer, name, None)
    return [] if field is None else [str(one.show) for one in field.all_fields]


def of_layer(layer: object) -> Facts:
    """Give what one record layer tells."""
    facts: Facts = Counter()
    kinds = values(layer, "handshake_type")
    if HELLO in kinds:
        facts.update(("server_name", name) for name in values(layer, "handshake_extensions_server_name"))
        facts.update(("ja3", ja3) for ja3 in values(layer, "handshake_ja3"))
    if ANSWER in kinds:
        facts.update(("ja3s", ja3s) for ja3s in values(layer, "handshake_ja3s"))
    if CERTIFICATE in kinds:
        ders = [bytes.fromhex(der.replace(":", "")) for der in values(layer, "handshake_certificate")]
        facts["chain", tuple(hashlib.sha256(der).hexdigest() for der in ders)] += 1
    return facts


def by_certspan(capture: Path) -> Facts:
    """Give the same of certspan."""
    facts: Facts = Counter()
    for line in certspan("extract", capture).splitlines():
        session = json.loads(line)
        facts.update((name, session[name]) for name in ("server_name", "ja3", "ja3s") if session[name])
        for side in ("server", "client"):
            chain = session[f"{side}_chain"]
            if chain is not None:
                facts["chain", tuple(chain)] += 1
    return facts


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.name)
def test_tshark_sees_the_same(capture: Path) -> None:
    theirs, ours = by_tshark(capture), by_certspan(capture)
    assert sum(n for (kind, _), n in theirs.items() if kind == "ja3") >= 4
    # tshark counts both hellos, and both answers, of a HelloRetryRequest pair; certspan calls that one handshake.
    retried = {"tls13.pcapng": {"ja3": 1, "ja3s": 1, "server_name": 1}}.get(capture.name, {})
    assert ours - theirs == Counter()
    missing = Counter(kind for kind, _ in (theirs - ours).elements())
    assert missing == Counter(retried)


def test_there_are_captures() -> None:
    assert len(CAPTURES) >= 5
