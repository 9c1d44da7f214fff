"""Words of SQL that several rules share: each is an expression over a subject's view, and NULL in it means unknown."""

from __future__ import annotations

from rules.rule import Parameter

NOW = "{now:DateTime64(3, 'UTC')}"
"""The clock. Rules get the time from here and from nowhere else."""

THIS_SECOND = f"toStartOfSecond({NOW})"
"""The clock's whole second. Certificates count in seconds, and the second of notAfter still belongs to the validity
("through notAfter, inclusive", RFC 5280 4.1.2.5): at 12:00:00.999 a certificate that ends at 12:00:00 is valid.
"""

SELF_SIGNED = "coalesce(self_signed, nullIf(self_issued, true))"
"""The signature verifies with the certificate's own key. Where the algorithm cannot be verified here, one that names
another issuer is still known not to be self-signed; one that names itself remains unknown.
"""

MATTERS_ON_PATH = f"(presented_as_leaf OR NOT {SELF_SIGNED})"
"""Not a root that was sent along above a leaf: who checks the chain trusts its own copy of the root or none, and looks
neither at the dates nor at the signature of the one on the wire (RFC 5280 6.1: the trust anchor is an input).
"""


def span(seconds: str) -> str:
    """Put a number of seconds into words, in SQL: `less than two hours`, `30 hours`, `11 days`, rounded down."""
    return (
        f"multiIf({seconds} < 7200, 'less than two hours', {seconds} < 172800, "
        f"concat(toString(intDiv({seconds}, 3600)), ' hours'), concat(toString(intDiv({seconds}, 86400)), ' days'))"
    )


SERVER_LEAF = "(presented_as_leaf AND has(roles, 'server'))"
"""A server presented it as its own."""

DEVICE = "(presented_as_leaf AND NOT is_ca)"
"""Presented by a server or a client as its own, and not a CA's: a CA's follows other rules."""

MAY_HAVE_EXTENSIONS = "ifNull(version NOT IN (1, 2), true)"
"""What versions 1 and 2 cannot say is one fault, theirs (`version-1`), and not one more for each thing unsaid."""

COMMON_NAMES = "arrayMap(text -> substring(text, 4), arrayFilter(text -> startsWith(text, 'CN='), subject_attributes))"
"""Common names of the subject; an empty array, not NULL, where they could not be read."""

DNS_NAMES = "arrayMap(text -> lower(substring(text, 5)), arrayFilter(text -> startsWith(text, 'dns:'), sans))"
"""DNS names among the alternative names, in lower case; an empty array, not NULL, where they could not be read."""

IMPORTED = "((toIPv6(address), port) IN (SELECT ip, port FROM scanned))"
"""Of an endpoint: somebody else, a scanner, saw its certificate, and it was imported."""

LIFE = "dateDiff('second', not_before, not_after)"
"""Seconds from notBefore to notAfter."""

SHORT_LIVED = f"({LIFE} BETWEEN 0 AND toInt64({{short_days:UInt32}}) * 86400 - 1)"
"""Renewed by machines: the last third of its life is shorter than the thirty days that people need."""

SHORT_DAYS = Parameter("short_days", "UInt32", 90, "days", "What lives less is renewed by machines.")

CLAIMS_PUBLIC = (
    "if(policies_known, hasAny(policies, ['2.23.140.1.1', '2.23.140.1.2.1', '2.23.140.1.2.2', '2.23.140.1.2.3']), NULL)"
)
"""It asserts a policy of the CA/Browser Forum (EV, DV, OV, IV). Anybody can write that into a certificate."""

IS_PUBLIC = "ifNull(class = 'public', false)"
"""A verified chain leads to a root that browsers know."""

SAYS_PUBLIC = f"({IS_PUBLIC} OR ({CLAIMS_PUBLIC}))"
"""Of a public CA, or claims to be."""

LOOKS_PUBLIC = f"({IS_PUBLIC} OR (({CLAIMS_PUBLIC}) AND sct_count > 0))"
"""Of a public CA, or has all that browsers would look for: such a policy, and timestamps of public logs."""


def has_one(names: str, condition: str) -> str:
    """Ask whether one of these names of the subject alternative name is so, in SQL; NULL where they are not known."""
    return f"if(sans_known, arrayExists(name -> {condition}, {names}), NULL)"


def some(members: str, condition: str) -> str:
    """Ask, in SQL, whether a condition on `m` holds for some member of an array; `arrayExists` takes NULL for no.

    NULL: it holds for none, and of some it cannot be told.
    """
    return (
        f"multiIf(arrayExists(m -> ifNull({condition}, false), {members}), true, "
        f"arrayExists(m -> isNull({condition}), {members}), NULL, false)"
    )


def shown(members: str, condition: str, what: str) -> str:
    """Give, in SQL, `what` of each member `m` of an array for which a condition is true."""
    return f"arrayMap(m -> {what}, arrayFilter(m -> ifNull({condition}, false), {members}))"


def within(networks: str) -> str:
    """Ask, in SQL, whether the endpoint's address lies in one of the networks (CIDRs) of an array parameter."""
    return f"arrayExists(network -> isIPAddressInRange(address, network), {{{networks}:Array(String)}})"
