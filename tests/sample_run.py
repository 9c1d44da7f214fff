"""A made-up run that imitates a smart building, for the tests of outputs; built without captures or store."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from analytics.finding import Finding, Holder
from analytics.report import group, tally
from analytics.report.model import (
    BlindEndpoint,
    CertificateRow,
    Coverage,
    Holders,
    RuleVerdicts,
    Run,
)
from analytics.report.provenance import Clock, InputCapture, Provenance, RulePack
from rules.rule import Severity
from sensor.engine import Damage

AT = dt.datetime(2026, 10, 12, 8, 30, tzinfo=dt.UTC)
START = dt.datetime(2026, 10, 12, 8, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Device:
    """One device of the building, and the one certificate it shows."""

    name: str
    address: str
    port: int | None
    issuer: str
    ends: float
    """Days from `AT`."""
    key: str = "RSA 2048"
    hash: str = "sha256"
    role: str = "server"
    lives: int = 730
    """Days."""
    ours: bool = True


DEVICES = (
    *(Device(f"door-ctl-{i}", f"10.20.4.{10 + i}", 4433, "Acme Access CA", -11) for i in (1, 2, 3)),
    *(Device(f"lock-{i:02}", f"10.20.5.{i}", 443, "Acme Access CA", 400, hash="sha1") for i in range(1, 7)),
    *(Device(f"cam-{i:02}", f"10.20.8.{10 + i}", 443, "Vendor Cam Root", 5000, "RSA 1024") for i in range(1, 25)),
    Device("hvac-gw.example", "10.20.1.2", 8443, "Building CA", 6),
    Device("lift-1.example", "10.20.1.7", 443, "Building CA", 0.5),
    Device("meter-hub.example", "10.20.1.9", 8883, "Building CA", 12),
    *(Device(f"light-{i}.example", f"10.20.2.{i}", 443, "Building CA", 23, "EC secp256r1") for i in range(1, 6)),
    *(
        Device(f"sensor-{i:03}", f"10.20.9.{i}", None, "Building CA", 70, "EC secp256r1", role="client")
        for i in range(12)
    ),
    Device("roof-antenna", "fd00:20::7", 443, "roof-antenna", 7000, lives=7300),
    Device("update.vendor.example", "203.0.113.9", 443, "Public CA 1", 40, ours=False),
    Device("old.partner.example", "198.51.100.4", 443, "Partner CA", -200, "RSA 1024", "sha1", ours=False),
)


def sha256(text: str) -> str:
    """Give a hash that stands for a thing of this name."""
    return hashlib.sha256(text.encode()).hexdigest()


def row(device: Device) -> CertificateRow:
    """Make the certificate a device shows."""
    ends = AT + device.ends * DAY
    return CertificateRow(
        sha256=sha256(device.name),
        name=device.name,
        subject=f"CN={device.name}",
        issuer=f"CN={device.issuer}",
        issuer_name=device.issuer,
        self_issued=device.issuer == device.name,
        serial=sha256("serial " + device.name)[:16],
        sans=(f"dns:{device.name}",),
        not_before=ends - device.lives * DAY,
        not_after=ends,
        key=device.key,
        signature_hash=device.hash,
        is_ca=False,
        leaf=True,
        holders=((device.role, device.address, device.port),),
        ours=device.ours,
        confirmed=True,
        first_seen=START,
        last_seen=AT,
        defects=(),
    )


WHY = (
    "A device that shows a dead certificate is refused by everything that checks, and trains people to ignore warnings."
)
ACTION = "Renew it on the device, or switch the service off if nobody uses it."


def finding(rule: str, severity: Severity, title: str, device: Device, step: int | None = None) -> Finding:
    """Make a finding about a device's certificate."""
    names = (device.name,) if device.role == "server" else ()
    holder = Holder(device.role, device.address, device.port, device.ours, True, START, AT, names)
    return Finding(
        id=sha256(rule + device.name)[:16],
        rule=rule,
        severity=severity,
        title=title,
        subject_kind="certificate",
        subject=sha256(device.name),
        step=step,
        holders=(holder,),
        ours=device.ours,
        confirmed=True,
        first_seen=START,
        last_seen=AT,
        evidence={"certificates": [sha256(device.name)], "not_after": f"{AT + device.ends * DAY:%Y-%m-%dT%H:%M:%SZ}"},
        why=WHY,
        action=ACTION,
    )


def endpoint_finding(rule: str, severity: Severity, title: str, address: str, port: int) -> Finding:
    """Make a finding about an endpoint."""
    holder = Holder("server", address, port, True, True, START, AT, ("bms.example",))
    return Finding(
        id=sha256(rule + address)[:16],
        rule=rule,
        severity=severity,
        title=title,
        subject_kind="endpoint",
        subject=f"{address}:{port}",
        step=None,
        holders=(holder,),
        ours=True,
        confirmed=True,
        first_seen=START,
        last_seen=AT,
        evidence={"certificates": [], "version": "TLSv1.0"},
        why="Old versions can be broken by an attacker on the path.",
        action="Switch on TLS 1.2 or newer on the device; ask the vendor for firmware that has it.",
    )


def findings(devices: tuple[Device, ...] = DEVICES) -> list[Finding]:
    """Judge the sample by hand-written rules."""
    found: list[Finding] = []
    for one in devices:
        if one.ends < 0:
            found.append(finding("expired", Severity.CRITICAL, f"expired {-one.ends:.0f} days ago, still in use", one))
        for step, severity in ((1, Severity.HIGH), (7, Severity.HIGH), (15, Severity.MEDIUM), (30, Severity.MEDIUM)):
            if 0 <= one.ends < step:
                found.append(finding("expiring", severity, f"ends in {one.ends:.0f} days", one, step))
                break
        if one.hash == "sha1":
            found.append(finding("weak-hash", Severity.HIGH, "signed with SHA-1", one))
        if one.key == "RSA 1024":
            found.append(finding("weak-key", Severity.MEDIUM, "weak key: RSA 1024 bits", one))
            found.append(finding("too-long", Severity.LOW, "valid for more than 10 years", one))
        if one.issuer == one.name:
            found.append(finding("self-signed", Severity.MEDIUM, "signed by itself", one))
    found += [
        endpoint_finding("old-tls", Severity.MEDIUM, "speaks TLS 1.0", "10.20.8.11", 443),
        endpoint_finding("old-tls", Severity.MEDIUM, "speaks TLS 1.0", "10.20.8.12", 443),
        *(
            endpoint_finding("blind-spot", Severity.INFO, "certificate never seen: TLS 1.3", f"10.20.1.{i}", 443)
            for i in range(30, 36)
        ),
    ]
    return found


def run(found: list[Finding] | None = None, rows: list[CertificateRow] | None = None) -> Run:
    """Give the whole run; findings and certificates can be given instead."""
    found = findings() if found is None else found
    rows = [row(device) for device in DEVICES] if rows is None else rows
    found.sort(key=lambda one: (not one.ours, -one.severity, one.rule, one.subject))
    return Run(
        provenance=provenance(),
        coverage=coverage(),
        findings=tuple(found),
        groups=group.groups(found, {one.sha256: one for one in rows}),
        rule_errors=(),
        verdicts=(RuleVerdicts("expired", 4, 60, 2, 0), RuleVerdicts("weak-key", 25, 40, 0, 1)),
        certificates=tuple(rows),
        issuers=tally.issuers(rows, AT),
        posture=tally.posture(rows, [("TLSv1.2", True, 160), ("TLSv1.3", True, 19), ("TLSv1.0", True, 9)]),
    )


def provenance() -> Provenance:
    """Say how the sample was made."""
    capture = InputCapture(
        name="smart-building.pcap",
        size=18_200_000,
        sha256=sha256("capture"),
        packets=41_233,
        sessions=188,
        first_packet=START,
        last_packet=AT,
        state="new",
        damage=(Damage("cut_packet", "the last packet is cut: 60 of 1,514 bytes", 18_199_940),),
    )
    return Provenance(
        clock=Clock(AT, "capture"),
        certspan="0.1.0",
        engine="1",
        facts=1,
        rule_pack=RulePack("0.1.0", sha256("rules"), ("blind-spot", "expired", "weak-key")),
        parameters={"expiring": {"steps": (30, 15, 7, 1)}, "weak-key": {"rsa_bits": 2048}},
        joined=False,
        inputs=(capture,),
        home=("10.0.0.0/8", "fc00::/7"),
        store=None,
    )


def coverage() -> Coverage:
    """Say what the sample saw; both sides add up to 188."""
    blind = tuple(
        BlindEndpoint(f"10.20.1.{i}:443", True, 3, {"encrypted": 3}, ("bms.example",), ("TLSv1.3",), AT)
        for i in range(30, 36)
    )
    return Coverage(
        handshakes=188,
        our_handshakes=180,
        unconfirmed=3,
        server={"visible": 121, "resumed": 44, "encrypted": 19, "lost": 4},
        client={"visible": 12, "not_requested": 113, "resumed": 44, "encrypted": 19},
        endpoints=63,
        our_endpoints=61,
        unanswered=2,
        blind=blind,
        holders=Holders(41, 12, 2, 0),
        certificates=len(DEVICES),
        our_certificates=sum(device.ours for device in DEVICES),
        issuers=6,
        our_issuers=4,
        bytes_lost=5_840,
        sessions_with_loss=4,
        counters={"frames": 41_233, "flows_evicted": 0, "chain_too_long": 2},
    )
