"""What must be found in what certificates say of themselves: `NAME.findings-facts.json` beside each capture.

    python pcaps/findings_facts.py

From the certificates' DER and who presented them (`NAME.certificates.jsonl`, `NAME.expected.jsonl`), read by the Python
package `cryptography`; certspan has no part in it. Rules that no certificate here can break are not written out: the
script stops where one would need them.
"""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import json
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HERE = Path(__file__).parent
HOME = [ipaddress.ip_network(text) for text in ("10.0.0.0/8", "127.0.0.0/8", "fc00::/7", "::1/128", "fe80::/10")]
VERSION_4, VERSION_3 = bytes.fromhex("a003020103"), bytes.fromhex("a003020102")
THREE_YEARS_AND_A_QUARTER = dt.timedelta(days=1188)

Row = dict[str, Any]


def main() -> None:
    """Write the file of each capture."""
    for path in sorted(HERE.glob("*.certificates.jsonl")):
        name = path.name.removesuffix(".certificates.jsonl")
        sessions = [json.loads(line) for line in (HERE / f"{name}.expected.jsonl").read_text().splitlines()]
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        found = [finding for row in rows for finding in findings(row, sessions)]
        found.sort(key=lambda row: (row["rule"], row["subject"]))
        (HERE / f"{name}.findings-facts.json").write_text(json.dumps(found, indent=1) + "\n")
        print(f"{name}: {len(found)} findings")


def findings(row: Row, sessions: list[Row]) -> list[Row]:
    """Give what one certificate must give."""
    leaf_of, ours = presented(row["sha256"], sessions)
    return [
        {
            "rule": rule,
            "subject": row["sha256"],
            "severity": severity,
            "step": None,
            "ours": ours,
            "about": row["about"],
        }
        for rule, severity in faults(row, leaf_of)
    ]


def presented(sha256: str, sessions: list[Row]) -> tuple[set[str], bool]:
    """Say which sides presented it as their own, and whether one that sent it is at home."""
    leaf_of, ours = set(), False
    for session in sessions:
        for side in ("server", "client"):
            chain = session[f"{side}_chain"] or []
            if sha256 in chain:
                address = ipaddress.ip_address(session[f"{side}_address"])
                ours |= any(address in network for network in HOME)
            if chain[:1] == [sha256]:
                leaf_of.add(side)
    return leaf_of, ours


def faults(row: Row, leaf_of: set[str]) -> list[tuple[str, str]]:
    """Judge one certificate: rule and severity."""
    # The library refuses version 4, which does not exist; all else in such a certificate is as in version 3.
    certificate = x509.load_der_x509_certificate(base64.b64decode(row["der"]).replace(VERSION_4, VERSION_3, 1))
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    stop_if(life < dt.timedelta(days=90), "overdue-for-renewal, which needs the clock")
    kinds = {extension.oid.dotted_string for extension in certificate.extensions}
    is_ca = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    found = set()
    if leaf_of:
        stop_if(is_ca, "ca-as-leaf")
        check_the_rest(certificate, kinds)
        if "server" in leaf_of and "2.5.29.17" not in kinds:
            found.add(("no-san", "low"))
        if life > THREE_YEARS_AND_A_QUARTER:
            found.add(("validity-too-long", "low"))
        if not row["self_signed"] and not kinds & {"2.5.29.31", "1.3.6.1.5.5.7.1.1"}:
            found.add(("no-revocation-pointer", "info"))
    if leaf_of or not row["self_signed"]:
        year, bits = certificate.not_valid_after_utc.year, row.get("key_bits") or 0
        if year > 2035:  # noqa: PLR2004  NIST IR 8547
            found.add(("quantum-vulnerable", "info"))
        if year > 2030 and row["key_algorithm"] == "RSA" and 2048 <= bits < 3072:  # noqa: PLR2004  NIST SP 800-57
            found.add(("below-128-bit-after-2030", "info"))
    return sorted(found)


def check_the_rest(certificate: x509.Certificate, kinds: set[str]) -> None:
    """Stop where a device's certificate could break a rule that is not written out here."""
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    both = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    stop_if(set(purposes) != both, "no-server-auth, no-client-auth, any-usage")
    stop_if(bool(kinds & {"2.5.29.15", "2.5.29.32"}), "those about key usage and policies")
    [name] = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    stop_if(name.value == "localhost", "localhost-name")
    if "2.5.29.17" in kinds:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts = names.get_values_for_type(x509.DNSName)
        stop_if(name.value not in hosts, "name-not-in-san")
        stop_if(any(set(host) <= set("0123456789.") for host in hosts), "ip-in-dns-san")
        stop_if(any("*" in host for host in hosts), "wildcard")


def stop_if(broken: bool, rules: str) -> None:  # noqa: FBT001  a condition, as in an assertion
    """Stop where a certificate could break a rule that is not written out."""
    if broken:
        raise SystemExit(f"write out: {rules}")


if __name__ == "__main__":
    main()
