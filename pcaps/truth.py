"""Expected output: what the script knows of each handshake, checked against tshark, which adds the fingerprints."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pki import Fault, facts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pki import Identity
    from stage import EndpointFault, Session

Flow = tuple[tuple[str, int], tuple[str, int]]

_FIELDS = (
    *("ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst", "tcp.dstport", "tls.handshake.type"),
    *("frame.number", "frame.time_epoch", "communityid", "tls.handshake.ja3", "tls.handshake.ja3s"),
    *("tls.handshake.certificate", "tls.handshake.ciphersuite", "tls.handshake.version"),
    *("tls.handshake.extensions.supported_version", "tls.handshake.extensions_alpn_str"),
)
_CLIENT_HELLO, _SERVER_HELLO = "1", "2"


@dataclass(slots=True)
class Seen:
    """What tshark sees of one connection."""

    hello: dict[str, object] = field(default_factory=dict)
    """Fields of the first ClientHello."""
    ja3s: str | None = None
    suite: int | None = None
    server_chain: list[str] = field(default_factory=list)
    client_chain: list[str] = field(default_factory=list)


def second_opinion(capture: Path, tls_ports: Iterable[int]) -> dict[Flow, Seen]:
    """Ask tshark, by connection: who sent a ClientHello, fingerprints, certificates."""
    command = ["tshark", "-r", str(capture), "-Y", "tls.handshake", "-T", "fields", "--enable-protocol", "communityid"]
    for tls_port in tls_ports:
        command += ["-d", f"tcp.port=={tls_port},tls"]
    for name in _FIELDS:
        command += ["-e", name]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    connections: dict[Flow, Seen] = defaultdict(Seen)
    for line in lines:
        packet = dict(zip(_FIELDS, line.split("\t"), strict=True))
        source = (packet["ip.src"] or packet["ipv6.src"], int(packet["tcp.srcport"]))
        target = (packet["ip.dst"] or packet["ipv6.dst"], int(packet["tcp.dstport"]))
        kinds = packet["tls.handshake.type"].split(",")
        shown = [bytes.fromhex(text) for text in packet["tls.handshake.certificate"].split(",") if text]
        hashes = [hashlib.sha256(der).hexdigest() for der in shown]
        if (target, source) in connections:
            seen = connections[target, source]
            seen.server_chain += hashes
            if _SERVER_HELLO in kinds:
                seen.ja3s = packet["tls.handshake.ja3s"].split(",")[-1]
                seen.suite = int(packet["tls.handshake.ciphersuite"].split(",")[-1], 16)
            continue
        seen = connections[source, target]
        seen.client_chain += hashes
        if _CLIENT_HELLO in kinds and not seen.hello:
            seen.hello = _hello(packet)
    return dict(connections)


def _hello(packet: dict[str, str]) -> dict[str, object]:
    """Read the fields of a packet with a ClientHello."""
    seconds, _, fraction = packet["frame.time_epoch"].partition(".")
    moment = dt.datetime.fromtimestamp(int(seconds), dt.UTC)
    offered = packet["tls.handshake.extensions.supported_version"] or packet["tls.handshake.version"]
    alpn = packet["tls.handshake.extensions_alpn_str"]
    return {
        "frame": int(packet["frame.number"]),
        "time": f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction:0<9}Z",
        "community_id": packet["communityid"],
        "version_offered_code": max(int(text, 16) for text in offered.split(",")),
        "alpn_offered": alpn.split(",") if alpn else [],
        "ja3": packet["tls.handshake.ja3"],
    }


def session_rows(sessions: Sequence[Session], seen: dict[Flow, Seen]) -> list[dict[str, object]]:
    """Give the expected sessions; raises where tshark sees something else than the peers say."""
    flows = [(one.client, one.server) for one in sessions]
    if set(flows) != set(seen) or len(set(flows)) != len(flows):
        raise RuntimeError(f"connections differ: {set(flows) ^ set(seen)}")
    rows = []
    for one, flow in zip(sessions, flows, strict=True):
        other, facts = seen[flow], one.facts
        mine = (facts["server_chain"] or [], facts["client_chain"] or [], facts["cipher_suite_code"])
        theirs = (other.server_chain, other.client_chain, other.suite)
        if mine != theirs:
            raise RuntimeError(f"{flow} ({one.about}): peers say {mine}, tshark {theirs}")
        row: dict[str, object] = {
            "about": one.about,
            **dict(zip(("client_address", "client_port"), one.client, strict=True)),
            **dict(zip(("server_address", "server_port"), one.server, strict=True)),
            "transport": "tcp",
            "protocol": "tls",
            **facts,
            **other.hello,
            "ja3s": other.ja3s,
            "encapsulation": [],
            "bytes_lost": 0,
            "conflicting": False,
        }
        rows.append(row)
    return rows


def presented(sessions: Iterable[Session]) -> list[Identity]:
    """Give each certificate that can be seen, once, in the order of the capture."""
    found: dict[str, Identity] = {}
    for one in sessions:
        for identity in (*(one.server_chain or ()), *(one.client_chain or ())):
            found.setdefault(identity.sha256, identity)
    return list(found.values())


def place_of(address: str, port: int) -> str:
    """Give an endpoint as text."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def finding_rows(
    sessions: Sequence[Session], endpoint_faults: Iterable[EndpointFault], *, others: frozenset[str]
) -> list[dict[str, object]]:
    """Give the expected findings; `others` are the addresses outside the home networks."""
    rows = []
    for identity in presented(sessions):
        holders = {
            address
            for one in sessions
            for chain, (address, _) in ((one.server_chain, one.server), (one.client_chain, one.client))
            if identity in (chain or ())
        }
        ours = bool(holders - others)
        rows += [_finding(fault, identity.sha256, identity.recipe.name, ours=ours) for fault in identity.recipe.faults]
    for one in endpoint_faults:
        server = one.server
        rows.append(_finding(one.fault, server.place, "", ours=server.address not in others))
    shown = {one.server for one in sessions if one.server_chain}
    for server_at in sorted({one.server for one in sessions} - shown):
        fault = Fault("blind-spot", "info")
        rows.append(_finding(fault, place_of(*server_at), "", ours=server_at[0] not in others))
    return sorted(rows, key=lambda row: (str(row["rule"]), str(row["subject"])))


def _finding(fault: Fault, subject: str, about: str, *, ours: bool) -> dict[str, object]:
    return {
        "rule": fault.rule,
        "subject": subject,
        "severity": fault.severity,
        "step": fault.step,
        "ours": ours,
        "about": about,
    }


def write(
    capture: Path, sessions: list[dict[str, object]], shown: list[Identity], found: list[dict[str, object]]
) -> None:
    """Write the three files beside the capture."""
    certificates = [{"about": one.recipe.name, **facts_of(one)} for one in shown]
    for kind, rows in (("expected", sessions), ("certificates", certificates)):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        capture.with_name(f"{capture.stem}.{kind}.jsonl").write_text(text)
    capture.with_name(f"{capture.stem}.findings.json").write_text(json.dumps(found, indent=1) + "\n")
