"""shared-key: the same key under different names on different machines."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, ExampleSession, Finds, Rule, Severity, Subject, Verdict

CA = CertificateRecipe(name="ca", is_ca=True)


def device(number: int, key: str, cn: str, *sans: str, at: int = 0, damage: str | None = None) -> ExampleSession:
    """One machine that presents a certificate of its own with the key named so."""
    name, end = f"{key}-{number}", f"20{number + 24}-01-01T00:00:00Z"
    leaf = CertificateRecipe(name, f"CN={cn}", "ca", not_after=end, key=f"p256@{key}", sans=sans, damage=damage)
    return ExampleSession((leaf, CA), server=f"10.0.0.{at or number}:443")


RULE = Rule(
    id="shared-key",
    title="concat('one private key for ', toString(name_set_count), ' different names on ', toString(holder_count), "
    "' holders')",
    summary="Certificates for different names, on different machines, have the same key: cloned firmware or a copy.",
    subject=Subject.KEY,
    severity=Severity.HIGH,
    applies="presented_as_leaf",
    fails="under_other_names",
    evidence=("names", "name_set_count", "certificate_count", "issuers", "key_algorithm", "key_bits"),
    why="Each of these machines holds the private key of all others. Who takes it out of one of them, or out of a "
    "firmware file from the manufacturer's page, is any of them to everybody.",
    action="Make a key on each device and have a certificate issued for it. If the key came with the firmware, every "
    "device of the model in the world has it: ask the manufacturer.",
    references=("NIST SP 800-57 part 1", "RFC 9525"),
    examples=(
        Example(
            "fires",
            "Two cameras with the key of their firmware.",
            (device(11, "firmware", "cam-1"), device(12, "firmware", "cam-2")),
            Finds(Severity.HIGH, "one private key for 2 different names on 2 holders"),
        ),
        Example(
            "silent",
            "A service on two machines, in mid-renewal: one name, two certificates, one key.",
            (device(11, "pool", "shop.example"), device(12, "pool", "shop.example")),
            Verdict.PASS,
        ),
        Example(
            "silent-wildcard",
            "A wildcard, and a name that it covers.",
            (device(11, "wild", "a", "dns:*.example.com"), device(12, "wild", "b", "dns:www.example.com")),
            Verdict.PASS,
        ),
        Example(
            "silent-one-machine",
            "Two names that one machine serves.",
            (device(11, "both", "one.example"), device(12, "both", "two.example", at=11)),
            Verdict.PASS,
        ),
        Example(
            "unknown",
            "The alternative names of one cannot be read.",
            (device(11, "lock", "lock-1"), device(12, "lock", "lock-2", damage="bad_extension")),
            Verdict.UNKNOWN,
        ),
        Example(
            "boundary",
            "Names that overlap: one service, as far as can be told.",
            (device(11, "lap", "x", "dns:a.example", "dns:b.example"), device(12, "lap", "y", "dns:b.example")),
            Verdict.PASS,
        ),
    ),
)
