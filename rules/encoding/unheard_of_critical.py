"""unheard-of-critical: an extension that clients must understand, and that nobody knows."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Parameter, Rule, Severity, Subject, Verdict, presented

KNOWN = ("1.3.6.1.5.5.7.1.14",)  # proxy certificates (RFC 3820)
UNHEARD_OF = (
    "arrayFilter(oid -> has(unknown_extensions, oid) AND NOT has({known:Array(String)}, oid), critical_extensions)"
)


def with_extension(*oids: str, damage: str | None = None) -> CertificateRecipe:
    """Give a certificate with these extensions."""
    return CertificateRecipe(unheard_of=oids, damage=damage)


RULE = Rule(
    id="unheard-of-critical",
    title="'an extension that nobody knows is critical'",
    summary="A certificate has a critical extension that is no standard one.",
    subject=Subject.CERTIFICATE,
    severity=Severity.LOW,
    applies="true",
    fails=f"if(critical_extensions_known AND unknown_extensions_known, notEmpty({UNHEARD_OF}), NULL)",
    evidence=("subject", "issuer", f"{UNHEARD_OF} AS critical_extensions", "not_after"),
    why="Critical means: who does not understand this must refuse the certificate. Clients of other makers will.",
    action="Ask the maker what it is for; have the next certificate made with that extension not critical.",
    references=("RFC 5280 4.2",),
    parameters=(Parameter("known", "Array(String)", KNOWN, "OIDs", "Those that their users understand."),),
    examples=(
        Example(
            "fires",
            "A maker's own.",
            presented(with_extension("critical:1.3.6.1.4.1.99999.2")),
            Finds(Severity.LOW, "an extension that nobody knows is critical"),
        ),
        Example("silent", "Only standard ones.", presented(with_extension()), Verdict.PASS),
        Example("unknown", "Not all can be read.", presented(with_extension(damage="lost_extension")), Verdict.UNKNOWN),
        Example("boundary", "Not critical.", presented(with_extension("1.3.6.1.4.1.99999.2")), Verdict.PASS),
        Example("boundary-known", "Grids know it.", presented(with_extension(f"critical:{KNOWN[0]}")), Verdict.PASS),
    ),
)
