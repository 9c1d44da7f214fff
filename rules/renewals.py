"""What rules about renewals share: words of SQL over the view `endpoint_history`, and what their examples show."""

from __future__ import annotations

from rules.rule import CertificateRecipe, ExampleSession
from rules.sql import some

REPLACED = "arrayFilter(m -> m.relation = 'replaced', successions)"
"""Of the view `endpoint_history`: pairs of certificates, `m.old` and `m.new`, of which the one gave way to the "
"other."""

CHANGE = "(m.server_name, lower(hex(m.old.sha256)), m.old.last_seen, lower(hex(m.new.sha256)), m.new.first_seen)"
"""What a finding shows of such a pair."""

WEAKER_KEY = "m.new.strength < m.old.strength"
"""The key of the new certificate is weaker; NULL: the strength of one of them is not known."""


def hash_rank(side: str) -> str:
    """Rank the signature hash of a side of a pair: 0 MD5 and older, 1 SHA-1, 2 better or built into the algorithm."""
    return (
        f"multiIf(m.{side}.hash IN ('md2', 'md4', 'md5'), 0, m.{side}.hash = 'sha1', 1, m.{side}.hash IS NOT NULL "
        f"OR match(m.{side}.signature, '^(Ed25519|Ed448|ML-DSA-.*|SLH-DSA-.*)$'), 2, NULL)"
    )


DOWNGRADED = f"({WEAKER_KEY} OR {hash_rank('new')} < {hash_rank('old')})"
KEY_KEPT = "m.old.spki = m.new.spki"
ISSUER_CHANGED = "(NOT (m.old.self_signed AND m.new.self_signed) AND m.old.organization != m.new.organization)"
"""Not from one CA of an organization to another: public ones change theirs with each renewal."""


def renewed(condition: str) -> str:
    """Ask, in SQL, whether a condition on `m` holds for some pair of which the one gave way to the other.

    NULL: there is none, and of two that were seen in turn it cannot be told whether both are in service.
    """
    in_turn = "arrayExists(m -> m.relation = 'followed', successions)"
    return f"multiIf(empty({REPLACED}), if({in_turn}, NULL, false), {some(REPLACED, condition)})"


CA = CertificateRecipe(name="ca", subject="CN=CA 1,O=Works", is_ca=True)
OTHER_CA = CertificateRecipe(name="other", subject="CN=CA 1,O=Nobody", is_ca=True)
SISTER_CA = CertificateRecipe(name="sister", subject="CN=CA 2,O=Works", is_ca=True)

OLD = CertificateRecipe(name="old", subject="CN=device", issuer="ca", not_after="2026-06-01T00:00:00Z")
NEW = CertificateRecipe(name="new", subject="CN=device", issuer="ca", not_before="2026-02-01T00:00:00Z")
"""Issued when the old one was in service (in January)."""
SPARE = CertificateRecipe(name="new", subject="CN=device", issuer="ca", not_before="2025-02-01T00:00:00Z")
"""Issued before."""
SAME_KEY = CertificateRecipe(name="old", subject="CN=device", issuer="ca", not_before="2026-02-01T00:00:00Z")
UNREADABLE = CertificateRecipe(name="new", subject="CN=device", issuer="ca", damage="bad_not_before")
STRANGER = CertificateRecipe(name="new", subject="CN=other", issuer="ca", not_before="2026-02-01T00:00:00Z")


def shows(leaf: CertificateRecipe, when: str, server: str = "10.0.0.10:443") -> ExampleSession:
    """Let a server present this certificate, at noon if `when` is a day."""
    time = when if "T" in when else f"{when}T12:00:00Z"
    return ExampleSession((leaf,), hidden=(CA, OTHER_CA, SISTER_CA), time=time, server=server)
