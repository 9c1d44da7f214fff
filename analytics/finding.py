"""What an evaluation gives: findings, with who holds what they are about and what they rest on."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.rule import Severity


@dataclass(frozen=True, slots=True)
class Holder:
    """Who presented a certificate, or the endpoint itself."""

    role: str
    """`server` or `client`."""
    address: str
    """IPv4 or IPv6, usual text."""
    port: int | None
    """None for clients: their ports mean nothing."""
    ours: bool
    """In the home networks."""
    confirmed: bool
    """It proved to be there: the handshake went on from both sides."""
    first_seen: dt.datetime
    last_seen: dt.datetime
    server_names: tuple[str, ...]
    """Names clients asked for."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who answers for a finding, by the policy."""

    business: str
    technical: str | None
    """None: the policy does not say."""
    renewal: str | None
    """How certificates get renewed there; None: the policy does not say."""
    reason: str
    """What matched: the entry of the policy, and the holder."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who accepted a finding: the waiver that holds at the clock."""

    until: dt.datetime
    """It holds before this time."""
    owner: str
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says of one subject. Texts are as captured: outputs make them harmless."""

    id: str
    """Follows from rule and subject alone: the same in every run and store. 32 hexadecimal digits."""
    rule: str
    severity: Severity
    title: str
    subject_kind: str
    """Value of `rules.rule.Subject`: `certificate`, `endpoint`, `key`."""
    subject: str
    """SHA-256 in hexadecimal (of a key: of its SubjectPublicKeyInfo), or `address:port`."""
    step: int | None
    """Threshold crossed, for rules that have several."""
    holders: tuple[Holder, ...]
    """Ours first."""
    ours: bool
    """Some holder is in the home networks."""
    confirmed: bool
    """Some holder proved to be there. False: anyone could have forged the packets it rests on."""
    first_seen: dt.datetime
    last_seen: dt.datetime
    evidence: Mapping[str, Any]
    """JSON-ready: `certificates` (SHA-256 of those it rests on), and what the rule shows."""
    why: str
    action: str
    zones: tuple[str, ...] = ()
    """Zones of the policy that its holders are in."""
    owners: tuple[Ownership, ...] = ()
    """In the order of the policy; several where its holders have several. None without a policy."""
    shift: int = 0
    """Steps by which zone or owner moved the severity that the rule gave."""
    waiver: Acceptance | None = None
    """None: nobody accepted it, or not any more."""


def finding_id(rule: str, kind: str, key: str) -> str:
    """Name a finding. `key` is the subject's in its view: for an endpoint with its scope."""
    return hashlib.sha256(f"{rule}\n{kind}\n{key}".encode()).hexdigest()[:32]


def plain(value: Any, moment: Callable[[dt.datetime], str] | None = None) -> Any:
    """Give a value of the store as JSON can hold it: times by `moment` (RFC 3339), bytes in hexadecimal, addresses."""
    if isinstance(value, Mapping):
        return {str(key): plain(member, moment) for key, member in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(member, moment) for member in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dt.datetime):
        return (moment or rfc3339)(value)
    if isinstance(value, ipaddress.IPv4Address | ipaddress.IPv6Address):
        return str(value)
    return value


def milliseconds(moment: dt.datetime) -> int:
    """Give milliseconds since 1970, rounded down: what findings are kept in."""
    return int(moment.timestamp() // 1) * 1000 + moment.microsecond // 1000


def rfc3339(moment: dt.datetime) -> str:
    """`2026-10-12T08:30:00Z`, with a fraction only where there is one. A naive time counts as UTC."""
    text = moment.replace(tzinfo=None) if moment.tzinfo is None else moment.astimezone(dt.UTC).replace(tzinfo=None)
    digits = "seconds" if not text.microsecond else "microseconds" if text.microsecond % 1000 else "milliseconds"
    return text.isoformat(timespec=digits) + "Z"
