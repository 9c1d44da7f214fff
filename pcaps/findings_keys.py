"""Findings about keys that the captures must yield, by other means than certspan's: NAME.findings-keys.json.

    .venv/bin/python pcaps/findings_keys.py

It takes the certificates and the handshakes of the truth files, reads the certificates with `cryptography`, and groups
what servers and clients presented as their own by public key. No key here is broken: `pki.py` makes sound ones.
"""

from __future__ import annotations

import base64
import ipaddress
import itertools
import json
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

HERE = Path(__file__).parent
HOME = [ipaddress.ip_network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10")]
SOUND_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
MANY = 3
"""Servers with one certificate."""


def names(certificate: x509.Certificate) -> frozenset[str]:
    """Give what a certificate calls its holder."""
    try:
        sans = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        sans = x509.SubjectAlternativeName([])
    hosts = [str(san.value).lower() for san in sans if isinstance(san, x509.DNSName | x509.IPAddress)]
    common = [str(one.value).lower() for one in certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    return frozenset(hosts or common)


def is_ours(addresses: set[str]) -> bool:
    """Tell whether one of the addresses is in a private range."""
    return any(ipaddress.ip_address(one) in net for one in addresses for net in HOME if ":" in one or net.version == 4)  # noqa: PLR2004


def sound(public: object) -> bool:
    """Tell whether no rule has anything against a key by itself."""
    if isinstance(public, rsa.RSAPublicKey):
        return public.public_numbers().e == 65537  # noqa: PLR2004
    if isinstance(public, ec.EllipticCurvePublicKey):
        return isinstance(public.curve, SOUND_CURVES)
    return isinstance(public, ed25519.Ed25519PublicKey)


def row(rule: tuple[str, str, str], subject: str, addresses: set[str], about: str) -> dict[str, Any]:
    """Give one expected finding; `rule` is (id, kind of subject, severity)."""
    return {
        "rule": rule[0],
        "subject_kind": rule[1],
        "subject": subject,
        "severity": rule[2],
        "step": None,
        "ours": is_ours(addresses),
        "about": about,
    }


def presented(stem: str) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Give who presented each certificate as its own, and which of them were servers."""
    servers: dict[str, set[str]] = {}
    held: dict[str, set[str]] = {}
    for line in (HERE / f"{stem}.expected.jsonl").read_text().splitlines():
        session = json.loads(line)
        for side in ("server", "client"):
            for sha256 in (session[f"{side}_chain"] or [])[:1]:
                held.setdefault(sha256, set()).add(session[f"{side}_address"])
                if side == "server":
                    servers.setdefault(sha256, set()).add(session["server_address"])
    return held, servers


def findings(stem: str) -> list[dict[str, Any]]:
    """Give what a capture must yield."""
    lines = (HERE / f"{stem}.certificates.jsonl").read_text().splitlines()
    truth = {one["sha256"]: one for one in map(json.loads, lines)}
    held, servers = presented(stem)
    keys: dict[str, list[tuple[frozenset[str], set[str], str]]] = {}
    found = []
    for sha256, addresses in held.items():
        about = truth[sha256]["about"]
        try:
            certificate = x509.load_der_x509_certificate(base64.b64decode(truth[sha256]["der"]))
        except x509.InvalidVersion:  # of the thermostat, which is alone with its key
            continue
        public = certificate.public_key()
        if not sound(public):
            raise SystemExit(f"{stem}: {about} has a key that this script knows no finding for")
        spki = x509.SubjectKeyIdentifier.from_public_key(public).digest.hex()
        keys.setdefault(spki, []).append((names(certificate), addresses, sha256))
        per_family = [len({one for one in servers.get(sha256, ()) if (":" in one) == six}) for six in (True, False)]
        if max(per_family) >= MANY:
            own = certificate.issuer == certificate.subject
            found.append(row(("shared-certificate", "certificate", "low" if own else "info"), sha256, addresses, about))
    for members in keys.values():
        if any(not (a[0] & b[0]) and not (a[1] & b[1]) for a, b in itertools.combinations(members, 2)):
            addresses = set().union(*(member[1] for member in members))
            about = ", ".join(sorted(truth[member[2]]["about"] for member in members))
            found.append(row(("shared-key", "key", "high"), truth[members[0][2]]["spki_sha256"], addresses, about))
    return sorted(found, key=lambda one: (one["rule"], one["subject"]))


def main() -> None:
    """Write the file of each capture that has such findings."""
    for capture in sorted(HERE.glob("*.pcap*")):
        found = findings(capture.stem)
        path = HERE / f"{capture.stem}.findings-keys.json"
        if found:
            path.write_text(json.dumps(found, indent=1) + "\n")
        else:
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
