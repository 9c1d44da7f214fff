"""What a rule is made of: data and SQL. A rule never touches bytes and never asks the clock (docs/DESIGN.md)."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class Severity(enum.IntEnum):
    """How bad. The numbers order them; the names are what people read."""

    INFO = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5

    def __str__(self) -> str:
        """Give the lower-case name, as in reports and `--fail-on`."""
        return self.name.lower()


SEVERITIES = tuple(map(str, Severity))
"""Their names, the least first."""


class Verdict(enum.StrEnum):
    """What a rule says of one subject: SQL's three values, and "this rule is not about it"."""

    FAIL = "fail"
    PASS = "pass"  # noqa: S105  the word, not a password
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


class Subject(enum.StrEnum):
    """What a finding is about; each is a view of the store that rules' SQL speaks in."""

    CERTIFICATE = "certificate"
    ENDPOINT = "endpoint"
    KEY = "key"
    ISSUER = "issuer"


@dataclass(frozen=True, slots=True)
class Grade:
    """A severity that holds when its SQL condition is true; the first that holds wins."""

    when: str
    severity: Severity
    step: str = "NULL"
    """SQL integer: the threshold crossed (`expiring`: 30, 15, 7, 1), or NULL."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A knob of a rule: `{name}` in its SQL is bound to the value as a typed query parameter."""

    name: str
    type: str
    """ClickHouse type, such as `UInt32` or `Array(String)`."""
    default: object
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True)
class CertificateRecipe:
    """How to forge one certificate. It is its own issuer unless `issuer` names another recipe's `name`."""

    name: str = "device"
    """Handle and, unless `subject` says otherwise, the common name."""
    subject: str | None = None
    """RFC 4514 text; default `CN=<name>`."""
    issuer: str | None = None
    """`name` of the signing recipe (in the chain or in `ExampleSession.hidden`); None: self-signed."""
    not_before: str = "2025-01-01T00:00:00Z"
    not_after: str = "2035-01-01T00:00:00Z"
    key: str = "p256"
    """rsa512 (any length), p192, p224, p256, p384, p521, k256, ed25519, dsa1024, dsa2048; weak ones: see
    `analytics.forge.keys`. It follows from kind and `name`; `p256@firmware` is the key of another name.
    """
    hash: str = "sha256"
    """sha256, sha384, sha512, sha1, md5; which of them a signing key can do: see `analytics.forge.keys`."""
    sans: tuple[str, ...] = ()
    """`dns:...`, `ip:...`, as in `Certificate.sans`."""
    is_ca: bool = False
    damage: str | None = None
    """One defect to make: see `analytics.forge.certificates.DAMAGES`."""
    version: int = 3
    """As people say it; 1: no extensions at all."""
    serial: str | None = None
    """Content octets in hexadecimal; None: nine octets that follow from the recipe."""
    key_usage: tuple[str, ...] | None = None
    """RFC 5280 names; (): no such extension; None: what goes with the kind of certificate and key."""
    eku: tuple[str, ...] = ()
    """`serverAuth` ... or OIDs; (): no such extension."""
    path_length: int | None = None
    """pathLenConstraint of a CA."""
    policies: tuple[str, ...] = ()
    """OIDs of certificate policies."""
    ocsp_urls: tuple[str, ...] = ()
    crl_urls: tuple[str, ...] = ()
    scts: int = 0
    """Embedded signed certificate timestamps."""
    unheard_of: tuple[str, ...] = ()
    """OIDs of further extensions, `critical:` before those that are critical."""


@dataclass(frozen=True, slots=True)
class ExampleSession:
    """How to forge one TLS handshake as packets."""

    server_chain: tuple[CertificateRecipe, ...] | None = None
    """None: an earlier session is resumed, without certificates. TLS 1.3 encrypts them, whatever stands here."""
    client_chain: tuple[CertificateRecipe, ...] | None = None
    """None: no client certificate asked for; (): asked for, and an empty list sent."""
    hidden: tuple[CertificateRecipe, ...] = ()
    """Issuers that sign but are not sent."""
    version: str = "TLSv1.2"
    """SSLv3, TLSv1.0, TLSv1.1, TLSv1.2 or TLSv1.3."""
    server_name: str | None = None
    time: str = "2026-01-01T00:00:00Z"
    """Of the first packet."""
    server: str = "10.0.0.10:443"
    """IPv4 address and port."""
    client: str = "10.0.0.20"
    """IPv4 address."""
    mirrored: str = "both"
    """`both`, or `client`, `server`: only what this side sends is in the capture."""
    ends_after: str | None = None
    """`client_hello`, `server_hello`, `certificate`: nothing follows this message. None: a complete connection."""
    lost: bool = False
    """The segments with the server's Certificate message are missing from the capture."""
    # What follows is left out of the text of a session, from which its random numbers are made.
    suite: int | None = field(default=None, repr=False)
    """Number of the cipher suite; None: what a server with this key and version would choose."""
    group: int = field(default=23, repr=False)
    """Number of the named group of an ECDHE exchange (23: P-256)."""
    prime_bits: int = field(default=1024, repr=False)
    """Length of the prime of a DHE exchange, a multiple of eight."""
    signed: int | None = field(default=None, repr=False)
    """Number of the scheme that the server signs its exchange with (TLS 1.2); None: what is usual for its key."""
    refusal: str | None = field(default=None, repr=False)
    """Who breaks the handshake off at the other side's certificate, and the number of the fatal alert: `client 48`."""
    conflicting: bool = field(default=False, repr=False)
    """The ServerHello comes a second time with other bytes."""


@dataclass(frozen=True, slots=True)
class Finds:
    """What an example expects of a rule that fires."""

    severity: Severity
    title: str
    """Word for word."""
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A test and the documentation of a rule: forged packets, a clock, and the verdict they must get."""

    name: str
    """`fires`, `silent`, `unknown`, `boundary`, or one of these with a suffix (`boundary-after`)."""
    why: str
    """One sentence for the rule's page."""
    sessions: tuple[ExampleSession, ...]
    expect: Finds | Verdict
    at: str = "2026-01-01T00:00:00Z"
    """The clock, RFC 3339."""
    about: str | None = None
    """`name` of the certificate recipe it is about; None: the first of the first chain, or the endpoint."""
    parameters: tuple[tuple[str, object], ...] = ()
    """Values of the rule's parameters where they are not the defaults, as a policy would give them."""


def presented(
    *chain: CertificateRecipe,
    at: str = "2026-01-01T00:00:00Z",
    version: str = "TLSv1.2",
    hidden: tuple[CertificateRecipe, ...] = (),
) -> tuple[ExampleSession, ...]:
    """One handshake in which a server presents this chain, leaf first: what most examples need."""
    return (ExampleSession(server_chain=chain, time=at, version=version, hidden=hidden),)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `applies` and `fails` are SQL expressions over the subject's view; NULL means unknown.

    `{now:DateTime64(3,'UTC')}` is the clock; no expression calls `now()`, and `fails` holds no bare aggregate.
    """

    id: str
    title: str
    """SQL string expression over the view: the finding's title, so that it can name what was found."""
    summary: str
    """One sentence for `rules list` and the rule's page."""
    subject: Subject
    severity: Severity | tuple[Grade, ...]
    applies: str
    fails: str
    evidence: tuple[str, ...]
    """What the finding shows: columns of the view, or `<SQL expression> AS <name>`."""
    why: str
    """Why it matters, in words a plant manager understands."""
    action: str
    """What to do."""
    references: tuple[str, ...]
    examples: tuple[Example, ...]
    view: str | None = None
    """The view whose rows it looks at, where that of the subject lacks what it needs: one that has all of its columns
    and more (`endpoint_names`). None: the subject's own.
    """
    observed: str = "last_seen"
    """SQL: when the subject was last observed, as far as the verdict goes. Only what was observed after a finding's
    last session resolves it; a rule that also knows other witnesses than sessions says so here.
    """
    parameters: tuple[Parameter, ...] = ()
    never_unknown: str | None = None
    """Why this rule needs no `unknown` example: the reason that it always has an answer."""
    effective_from: datetime | None = None
    since: str = "0.1.0"
    tags: tuple[str, ...] = field(default=())


def given(rule: Rule, values: Mapping[str, object]) -> Rule:
    """Give the rule with these values of its parameters in place of the defaults. ValueError: it has no such one."""
    if strange := sorted(set(values) - {parameter.name for parameter in rule.parameters}):
        raise ValueError(f"{rule.id} has no parameter {', '.join(strange)}")
    filled = tuple(
        replace(parameter, default=values[parameter.name]) if parameter.name in values else parameter
        for parameter in rule.parameters
    )
    return replace(rule, parameters=filled)
