"""What rules about sessions, mutual TLS and renewals must find in the captures: `NAME.findings-sessions.json`.

From NAME.expected.jsonl (what the programs were told and said) and the certificates' DER in NAME.certificates.jsonl,
read by `cryptography`; in the simplest words that are right for these captures, and for no others.
"""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from cryptography import x509

HERE = Path(__file__).parent
HOME = [ipaddress.ip_network(text) for text in ("10.0.0.0/8", "127.0.0.0/8", "::1/128", "fd00::/8")]
Row = dict[str, Any]


def rows(path: Path) -> list[Row]:
    """Read JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def names_of(certificate: x509.Certificate) -> set[str]:
    """DNS names and addresses that a certificate is for."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    addresses = {str(address) for address in found.get_values_for_type(x509.IPAddress)}
    return {*found.get_values_for_type(x509.DNSName), *addresses}


def of_session(row: Row, certificates: dict[str, x509.Certificate]) -> set[tuple[str, str]]:
    """Rule and severity of each finding that this one session gives rise to."""
    found = set()
    if (row.get("cipher_suite") or "").startswith(("TLS_RSA_WITH_", "TLS_PSK_WITH_")):
        found.add(("no-forward-secrecy", "low"))
    chain, client = row.get("server_chain") or [], row.get("client_chain")
    if chain and row["established"] and row["server_name"]:
        names = names_of(certificates[chain[0]])
        # No name of these is a wildcard. Where there is none at all, clients asked for an address.
        if names and row["server_name"] not in names:
            found.add(("server-name-mismatch", "medium"))
    if client is not None and not row["established"] and any(alert.startswith("server") for alert in row["alerts"]):
        found.add(("client-refused", "low"))
    if client == [] and row["established"]:
        found.add(("client-certificate-missing", "info"))
    if client and row["established"]:
        leaf = certificates[client[0]]
        if dt.datetime.fromisoformat(row["time"]) > leaf.not_valid_after_utc:
            found.add(("expired-client-accepted", "medium"))
        if row.get("accepted_issuers") and leaf.issuer.public_bytes().hex() not in row["accepted_issuers"]:
            found.add(("client-certificate-wrong-issuer", "medium"))
    return found


def findings(capture: str) -> list[Row]:
    """All findings of one capture, by endpoint."""
    certificates = {
        row["sha256"]: x509.load_der_x509_certificate(base64.b64decode(row["der"]))
        for row in rows(HERE / f"{capture}.certificates.jsonl")
        if not row["defective"]
    }
    found: dict[tuple[str, str, str, bool], set[str]] = defaultdict(set)
    for row in rows(HERE / f"{capture}.expected.jsonl"):
        address = ipaddress.ip_address(row["server_address"])
        place = f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004
        for rule, severity in of_session(row, certificates):
            ours = any(address in network for network in HOME)
            found[rule, f"{place}:{row['server_port']}", severity, ours].add(row["about"])
    return [
        {
            "rule": rule,
            "subject": subject,
            "severity": severity,
            "step": None,
            "ours": ours,
            "about": "; ".join(sorted(about)),
        }
        for (rule, subject, severity, ours), about in sorted(found.items())
    ]


def main() -> None:
    """Write the files of all captures that have any."""
    for path in sorted(HERE.glob("*.expected.jsonl")):
        capture = path.name.removesuffix(".expected.jsonl")
        if found := findings(capture):
            text = json.dumps(found, indent=1)
            (HERE / f"{capture}.findings-sessions.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
