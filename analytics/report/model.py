"""What one audit found: the one result that the terminal, JSON, CSV, NDJSON and HTML all show, so that numbers agree.

Times are UTC. Text in here is as it was captured: each output makes it harmless in its own way (see `text.inert`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from analytics.finding import Finding
    from analytics.report.provenance import Provenance
    from rules.pack import RuleError
    from rules.rule import Severity

LIMIT_COUNTERS = (
    "flows_evicted",
    "pending_overflows",
    "fragments_dropped",
    "handshake_too_long",
    "chain_too_long",
    "sessions_too_many",
)
"""Counters of the core that rise when one of its own limits is hit."""


@dataclass(frozen=True, slots=True)
class BlindEndpoint:
    """A server whose certificate no handshake of the run showed."""

    endpoint: str
    """`address:port`."""
    ours: bool
    sessions: int
    reasons: Mapping[str, int]
    """Visibility -> handshakes."""
    server_names: tuple[str, ...]
    versions: tuple[str, ...]
    last_seen: datetime | None


@dataclass(frozen=True, slots=True)
class Holders:
    """Who presented certificates: servers are (address, port), clients addresses."""

    our_servers: int = 0
    our_clients: int = 0
    other_servers: int = 0
    other_clients: int = 0

    @property
    def ours(self) -> int:
        """Servers and clients in the home networks."""
        return self.our_servers + self.our_clients

    @property
    def others(self) -> int:
        """Servers and clients outside of them."""
        return self.other_servers + self.other_clients


@dataclass(frozen=True, slots=True)
class Coverage:
    """What could be seen, and what could not. `server` and `client` each add up to `handshakes`."""

    handshakes: int = 0
    our_handshakes: int = 0
    """Server or client is ours."""
    unconfirmed: int = 0
    """Handshakes whose peer did not prove to be there: anyone can forge those."""
    server: Mapping[str, int] = field(default_factory=dict)
    """Visibility of the server's certificate -> handshakes."""
    client: Mapping[str, int] = field(default_factory=dict)
    """Visibility of the client's certificate -> handshakes."""
    endpoints: int = 0
    our_endpoints: int = 0
    unanswered: int = 0
    """Endpoints that nobody was seen to answer from, such as targets of a port scan."""
    blind: tuple[BlindEndpoint, ...] = ()
    """Endpoints that answered and never showed a certificate, ours first, busiest first."""
    holders: Holders = Holders()
    certificates: int = 0
    our_certificates: int = 0
    """Presented by at least one holder of ours."""
    issuers: int = 0
    """Distinct issuer names, of certificates that name another issuer than themselves."""
    our_issuers: int = 0
    bytes_lost: int = 0
    """Bytes missing in the streams of handshakes."""
    sessions_with_loss: int = 0
    lacking: int = 0
    """Certificates that handshakes name and the store does not hold."""
    counters: Mapping[str, int] = field(default_factory=dict)
    """What the core counted while it read the captures."""

    @property
    def limits_hit(self) -> dict[str, int]:
        """Counter of each of our own limits that was hit -> how often."""
        return {name: self.counters[name] for name in LIMIT_COUNTERS if self.counters.get(name)}


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A certificate as reports list it. None: not readable."""

    sha256: str
    name: str
    """What people call it: common name, else first alternative name, else subject, else its hash."""
    subject: str | None
    issuer: str | None
    issuer_name: str
    """Common name of the issuer, else organisation, else the issuer's text."""
    self_issued: bool | None
    serial: str | None
    sans: tuple[str, ...] | None
    not_before: datetime | None
    not_after: datetime | None
    key: str
    """Algorithm and size, such as `RSA 2048`; `unreadable` otherwise."""
    signature_hash: str | None
    is_ca: bool | None
    leaf: bool
    """It was presented as the holder's own, not only as a link of a chain."""
    holders: tuple[tuple[str, str, int | None], ...]
    """(role, address, port), ours first."""
    ours: bool
    confirmed: bool
    first_seen: datetime | None
    last_seen: datetime | None
    defects: tuple[str, ...]
    """Codes."""
    kind: str | None = None
    """Class: public, corporate ...; None: not derived."""


@dataclass(frozen=True, slots=True)
class IssuerRow:
    """Who signs here."""

    name: str
    issuer: str | None
    """RFC 4514 text."""
    certificates: int
    our_certificates: int
    holders: int
    self_issued: bool
    """All its certificates name themselves as issuer."""
    first_seen: datetime | None
    last_seen: datetime | None
    next_end: datetime | None
    """Earliest notAfter of its certificates that is not yet past."""
    kinds: tuple[str, ...] = ()
    """Classes of its certificates."""


@dataclass(frozen=True, slots=True)
class ShadowIssuer:
    """A CA that issues here and that nobody sanctioned; counted are certificates that holders present as their own."""

    issuer_key: str
    """SHA-256 of its public key, hexadecimal; if that was not seen, a name of issuer name and key identifier."""
    key_seen: bool
    name: str
    names: tuple[str, ...]
    """RFC 4514 texts."""
    kind: str
    """unknown, test or intercepted."""
    reason: str
    certificates: int
    holders: int
    networks: tuple[str, ...]
    """Of its holders: /24, /64."""
    first_seen: datetime
    last_seen: datetime
    new: int | None
    """Certificates first seen in the last 30 days; None: what is known does not go back so far."""


@dataclass(frozen=True, slots=True)
class Share:
    """One line of a small chart."""

    label: str
    ours: int
    others: int

    @property
    def total(self) -> int:
        """Ours and others'."""
        return self.ours + self.others


@dataclass(frozen=True, slots=True)
class Posture:
    """Cryptography in use: certificates by key and by signature hash, handshakes by negotiated version."""

    keys: tuple[Share, ...] = ()
    hashes: tuple[Share, ...] = ()
    versions: tuple[Share, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnerRow:
    """What one owner has to mend. A finding of two owners counts for both."""

    name: str
    """Business owner; `nobody`, if no owner of the policy matches."""
    technical: tuple[str, ...]
    renewal: tuple[str, ...]
    findings: int
    severities: Mapping[Severity, int]
    """Findings by severity; those there are."""


@dataclass(frozen=True, slots=True)
class RuleVerdicts:
    """How a rule judged its subjects. All numbers are subjects."""

    rule: str
    failed: int
    passed: int
    unknown: int
    """A fact the rule needs is missing: neither pass nor fail."""
    not_applicable: int


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one cause: a line on the terminal, a foldable block in the report."""

    rule: str
    severity: Severity
    step: int | None
    subject_kind: str
    ours: bool
    confirmed: bool
    headline: str
    also: tuple[str, ...]
    """What else is wrong with exactly these subjects: `<severity>: <title> (<rule>)`."""
    subjects: int
    names: str
    """All names, compressed, harmless."""
    short_names: str
    """A few of them."""
    places: str
    """All holders' addresses, compressed."""
    short_places: str
    issuer: str | None
    """Issuer of all its certificates, harmless; None for endpoints and mixed groups."""
    why: str
    action: str
    findings: tuple[Finding, ...]
    """Of all its rules, most severe first."""
    owners: tuple[str, ...] = ()
    """Who answers for it by the policy, harmless."""


@dataclass(frozen=True, slots=True)
class Run:
    """Everything one audit has to say."""

    provenance: Provenance
    coverage: Coverage
    findings: tuple[Finding, ...]
    """Most severe first, ours before others'."""
    groups: tuple[Group, ...]
    """Each finding is in exactly one."""
    rule_errors: tuple[RuleError, ...]
    verdicts: tuple[RuleVerdicts, ...]
    certificates: tuple[CertificateRow, ...]
    issuers: tuple[IssuerRow, ...]
    posture: Posture
    owners: tuple[OwnerRow, ...] = ()
    """Worst off first; none where no policy names owners."""
    waived: tuple[Finding, ...] = ()
    """Findings that someone has accepted for now (`certspan waive`); they are in none of the other numbers."""
    shadow: tuple[ShadowIssuer, ...] = ()
    """Issuers nobody sanctioned, largest first."""

    @property
    def scope(self) -> tuple[Finding, ...]:
        """Findings that count: about ours, or all of them when nothing in the captures is ours."""
        return tuple(finding for finding in self.findings if finding.ours or not self.any_ours)

    @property
    def any_ours(self) -> bool:
        """Some certificate holder or some server is in the home networks."""
        return self.coverage.holders.ours > 0 or self.coverage.our_endpoints > 0
