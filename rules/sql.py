"""Words of SQL that several rules share: each is an expression over a subject's view, and NULL in it means unknown."""

from __future__ import annotations

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
