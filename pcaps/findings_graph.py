"""Which findings about trust the captures must give: from the certificates' DER and the chains, with `cryptography`.

Nothing is configured, so every CA here is sanctioned by nobody. Writes NAME.findings-graph.json beside each capture.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = Path(__file__).parent
HOME = [ipaddress.ip_network(one) for one in ("10.0.0.0/8", "127.0.0.0/8", "fc00::/7", "::1/128")]

Row = dict[str, Any]


def rows(path: Path) -> list[Row]:
    """Read JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def signed(lower: x509.Certificate, upper: x509.Certificate) -> bool:
    """Tell whether the key of one signed the other."""
    key, digest = upper.public_key(), lower.signature_hash_algorithm
    if lower.issuer != upper.subject or digest is None:
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(lower.signature, lower.tbs_certificate_bytes, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(lower.signature, lower.tbs_certificate_bytes, ec.ECDSA(digest))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def load(path: Path) -> dict[str, x509.Certificate]:
    """Read the certificates of a capture, by SHA-256; version 4, which the library refuses, is read as 3."""
    found = {}
    for row in rows(path):
        der = base64.b64decode(row["der"])
        try:
            found[row["sha256"]] = x509.load_der_x509_certificate(der)
        except x509.InvalidVersion:
            found[row["sha256"]] = x509.load_der_x509_certificate(
                der.replace(b"\xa0\x03\x02\x01\x03", b"\xa0\x03\x02\x01\x02", 1)
            )
    return found


def issuer_name(leaf: x509.Certificate, issuer: x509.Certificate | None) -> str:
    """Name an issuer: SHA-256 of its key, or of the name and the key identifier that the leaf gives (hexadecimal)."""
    if issuer is not None:
        key = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(key).hexdigest()
    identifier = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier or b""
    return hashlib.sha256(leaf.issuer.public_bytes() + identifier.hex().encode()).hexdigest()


def holders(sessions: list[Row]) -> dict[tuple[str, ...], bool]:
    """Give every chain that was sent, and whether someone at home sent it."""
    found: dict[tuple[str, ...], bool] = {}
    for row in sessions:
        for side in ("server", "client"):
            chain = tuple(row[f"{side}_chain"] or ())
            if chain:
                address = ipaddress.ip_address(row[f"{side}_address"])
                ours = any(address in network for network in HOME if network.version == address.version)
                found[chain] = found.get(chain, False) or ours
    return found


def findings(certificates: dict[str, x509.Certificate], chains: dict[tuple[str, ...], bool]) -> list[Row]:
    """Judge: an issuer for each leaf that did not sign itself, and CAs that are known and were not sent."""
    found: dict[tuple[str, str], Row] = {}
    for chain, ours in chains.items():
        leaf = certificates[chain[0]]
        if leaf.issuer == leaf.subject:
            continue
        issuer_sha = next((sha for sha, one in certificates.items() if signed(leaf, one)), None)
        issuer = certificates.get(issuer_sha or "")
        about = leaf.issuer.rfc4514_string()
        if ours:
            subject = issuer_name(leaf, issuer)
            row = {"rule": "unsanctioned-issuer", "subject": subject, "severity": "medium", "step": None, "ours": True}
            found["unsanctioned-issuer", subject] = row | {"subject_kind": "issuer", "about": about}
        if issuer_sha and issuer and issuer.issuer != issuer.subject and issuer_sha not in chain:
            row = {"rule": "missing-intermediate", "subject": chain[0], "severity": "low", "step": None, "ours": ours}
            found["missing-intermediate", chain[0]] = row | {
                "about": f"{leaf.subject.rfc4514_string()} without {about}"
            }
    return [found[key] for key in sorted(found)]


def main() -> None:
    """Write the file of every capture."""
    for path in sorted(HERE.glob("*.certificates.jsonl")):
        name = path.name.removesuffix(".certificates.jsonl")
        made = findings(load(path), holders(rows(HERE / f"{name}.expected.jsonl")))
        (HERE / f"{name}.findings-graph.json").write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
