"""known-key: the private half of the key is on a list that everybody can have."""

from __future__ import annotations

from rules.rule import CertificateRecipe, Example, Finds, Rule, Severity, Subject, Verdict, presented

RULE = Rule(
    id="known-key",
    title="concat('its private key is known: ', ifNull(known_as, 'on a blocklist'))",
    summary="A key stands on a blocklist that the user gave: Debian's of 2008, keys out of firmware, leaked ones.",
    subject=Subject.KEY,
    severity=Severity.CRITICAL,
    applies="looked_up",  # without a list nothing is judged, and nothing passes
    fails="known",
    evidence=("subjects", "known_as", "key_algorithm", "key_bits", "lower(hex(spki_sha256)) AS spki_sha256"),
    why="The private key can be downloaded. Whoever does so is this device to everybody, and reads what is said to it "
    "where no forward secrecy is used.",
    action="Make a new key on the device and have a certificate issued for it. If the key came with the firmware, all "
    "devices of the model have it: ask the manufacturer for an update.",
    references=("CA/Browser Forum Baseline Requirements 6.1.1.3", "NIST SP 800-57 part 1"),
    examples=(
        Example(
            "fires",
            "The examples' list has this key.",
            presented(CertificateRecipe(key="p256@leaked")),
            Finds(Severity.CRITICAL, "its private key is known: the key of an example"),
        ),
        Example("silent", "It has not this one.", presented(CertificateRecipe()), Verdict.PASS),
        Example(
            "unknown",
            "No number can be read that lists know keys by.",
            presented(
                CertificateRecipe(key="rsa1024", damage="bad_key", issuer="ca"),
                CertificateRecipe(name="ca", is_ca=True),
            ),
            Verdict.UNKNOWN,
        ),
        Example(
            "boundary",
            "What counts is the key, not the name it stands under.",
            presented(CertificateRecipe(name="other", key="p256@leaked")),
            Finds(Severity.CRITICAL, "its private key is known: the key of an example"),
        ),
    ),
)
