"""algorithm-downgraded: a renewed certificate has a weaker key or hash than the one before."""

from __future__ import annotations

from rules.renewals import CHANGE, DOWNGRADED, REPLACED, hash_rank, renewed
from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Grade, Rule, Severity, Subject, Verdict
from rules.sql import shown

CA = CertificateRecipe(name="ca", key="rsa2048", is_ca=True)


def leaf(key: str, hash_: str = "sha256", *, new: bool = True, damage: str | None = None) -> CertificateRecipe:
    """Give the certificate before or, if `new`, the next one."""
    day = "2026-02-01" if new else "2025-01-01"
    return CertificateRecipe(
        "new" if new else "old", "CN=device", "ca", f"{day}T00:00:00Z", key=key, hash=hash_, damage=damage
    )


def after(old: CertificateRecipe, new: CertificateRecipe) -> tuple[ExampleSession, ...]:
    """Let a server present the one in January, the other in February."""
    pairs = (("2026-01-10", old), ("2026-02-10", new))
    return tuple(ExampleSession((leaf,), hidden=(CA,), time=f"{day}T00:00:00Z") for day, leaf in pairs)


RSA, LONG, EC = (leaf(key, new=False) for key in ("rsa2048", "rsa3072", "p256"))
MADE_OF = ", ".join(f"m.{side}.key_algorithm, m.{side}.key_bits, m.{side}.hash" for side in ("old", "new"))
WEAK = f"arrayExists(m -> ifNull({DOWNGRADED} AND (m.new.strength < 112 OR {hash_rank('new')} < 2), false), {REPLACED})"

RULE = Rule(
    id="algorithm-downgraded",
    title="'has a certificate with a weaker key or hash than before'",
    summary="An endpoint has a new certificate whose key or signature hash is weaker than that of the one before.",
    subject=Subject.ENDPOINT,
    view="endpoint_history",
    severity=(Grade(WEAK, Severity.MEDIUM), Grade("true", Severity.LOW)),
    applies="notEmpty(successions)",
    fails=renewed(DOWNGRADED),
    evidence=(
        f"{shown(REPLACED, DOWNGRADED, CHANGE)} AS changes",
        f"{shown(REPLACED, DOWNGRADED, f'({MADE_OF})')} AS keys",
        "server_names",
    ),
    why="What was strong has become weaker: an old template, an old backup, or another device in its place.",
    action="Have it issued again with the key and the hash that it had.",
    references=("NIST SP 800-57 part 1", "NIST SP 800-131A"),
    examples=(
        Example(
            "fires",
            "1024 bits after 2048.",
            after(RSA, leaf("rsa1024")),
            Finds(Severity.MEDIUM, "has a certificate with a weaker key or hash than before"),
        ),
        Example(
            "fires-hash",
            "SHA-1 after SHA-256.",
            after(EC, leaf("p256", "sha1")),
            Finds(Severity.MEDIUM, "has a certificate with a weaker key or hash than before"),
        ),
        Example(
            "fires-sound",
            "2048 bits after 3072.",
            after(LONG, leaf("rsa2048")),
            Finds(Severity.LOW, "has a certificate with a weaker key or hash than before"),
        ),
        Example("silent", "P-256 after RSA 2048.", after(RSA, leaf("p256")), Verdict.PASS),
        Example("silent-single", "Never renewed.", after(RSA, RSA), Verdict.NOT_APPLICABLE),
        Example("unknown", "The new key cannot be read.", after(EC, leaf("p256", damage="bad_key")), Verdict.UNKNOWN),
        Example(
            "boundary",
            "P-256 and RSA 3072 are alike; what is stronger than that does not count.",
            after(leaf("p384", new=False), leaf("p256")),
            Verdict.PASS,
        ),
    ),
)
