"""The programs that shake hands, and what the client among them says of each handshake."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import ssl
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from network import Network
    from pki import Identity

HERMETIC = {**os.environ, "OPENSSL_CONF": "/dev/null"}
"""Without the machine's openssl.cnf, which forbids the old protocols that real fleets still speak."""
OLD = ("-cipher", "DEFAULT:@SECLEVEL=0")
"""Options that let openssl use short keys, SHA-1, MD5 and TLS 1.0."""

_GROUPS = {"X25519": 0x001D, "prime256v1": 0x0017, "P-256": 0x0017, "secp384r1": 0x0018, "P-384": 0x0018}
_SCHEMES = {
    ("RSA-PSS", "SHA256"): 0x0804,
    ("RSA", "SHA256"): 0x0401,
    ("RSA", "SHA1"): 0x0201,
    ("ECDSA", "SHA256"): 0x0403,
    ("ed25519", ""): 0x0807,
}


@dataclass(frozen=True, slots=True)
class Server:
    """Someone who listens for TLS, and how it was told to."""

    address: str
    port: int
    chain: tuple[Identity, ...] = ()
    """What it sends, leaf first."""
    asks: tuple[Identity, ...] | None = None
    """The issuers it names when it asks for a client certificate; None: it does not ask."""
    options: tuple[str, ...] = ()
    """More options for openssl s_server."""

    @property
    def place(self) -> str:
        """Address and port as text."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Report:
    """What the client says of one handshake. Nothing here is read from packets."""

    version: str | None
    suite: str | None
    """Name in the registry of IANA."""
    suite_code: int | None
    resumed: bool
    alpn: str | None
    group_code: int | None
    scheme_code: int | None
    chain: tuple[bytes, ...]
    alert: str | None
    """The fatal alert it received."""


@functools.cache
def suites() -> dict[str, tuple[int, str]]:
    """Give code and IANA name of each cipher suite by its name in openssl."""
    command = ["openssl", "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True, env=HERMETIC).stdout.splitlines()
    found = (re.match(r"\s*0x(..),0x(..) - (\S+)\s+- (\S+)", line) for line in lines)
    return {m[4]: (int(m[1] + m[2], 16), m[3]) for m in found if m}


def chain_files(chain: Sequence[Identity], folder: Path) -> tuple[Path, Path]:
    """Write leaf and all into one file, and those above the leaf into another: what servers want to be given."""
    name = chain[0].sha256[:16] + f"-{len(chain)}"
    everything, above = folder / f"{name}.chain", folder / f"{name}.above"
    everything.write_text("".join(one.pem_file.read_text() for one in chain))
    above.write_text("".join(one.pem_file.read_text() for one in chain[1:]))
    return everything, above


def s_server(network: Network, folder: Path, server: Server, *, far: bool = False) -> None:
    """Start `openssl s_server`, which answers each line with the line reversed."""
    command: list[str | Path] = ["openssl", "s_server", "-rev", "-accept", server.place, *server.options]
    if server.chain:
        command += ["-cert", server.chain[0].pem_file, "-key", server.chain[0].key_file]
        if len(server.chain) > 1:
            command += ["-cert_chain", chain_files(server.chain, folder)[1]]
    if server.asks is not None:
        issuers = folder / f"issuers-{server.port}.pem"
        issuers.write_text("".join(issuer.pem_file.read_text() for issuer in server.asks))
        command += ["-verify", "5", "-CAfile", issuers]
    network.start(["env", "OPENSSL_CONF=/dev/null", *command], far=far).wait_for("ACCEPT")


def s_client(before: Sequence[str], options: Sequence[str | Path], say: bytes, answer: bytes) -> Report:
    """Shake hands by `openssl s_client`, say something, wait for the answer, hang up."""
    command = [*before, "openssl", "s_client", "-showcerts", *options]
    client = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=HERMETIC
    )
    if not client.stdin or not client.stdout:
        raise RuntimeError("no pipes")
    output = b""
    with contextlib.suppress(BrokenPipeError):  # the handshake may fail at once
        client.stdin.write(say)
        client.stdin.flush()
    while answer not in output and (chunk := os.read(client.stdout.fileno(), 65_536)):
        output += chunk
    rest = client.communicate(timeout=20)[0]
    return read_report((output + rest).decode(errors="replace"))


def read_report(text: str) -> Report:
    """Read what `openssl s_client` says."""
    hello = re.search(r"^(New|Reused), \S+, Cipher is (\S+)$", text, re.MULTILINE)
    suite = suites().get(hello[2]) if hello else None
    old = re.search(r"^ +Protocol +: (\S+)$", text, re.MULTILINE)
    version = None
    if suite:
        version = "TLSv1.3" if suite[0] >> 8 == 0x13 else old[1] if old else None  # noqa: PLR2004
    group = re.search(r"^Server Temp Key: (?:ECDH, )?([^,]+)", text, re.MULTILINE)
    digest = re.search(r"^Peer signing digest: (\S+)", text, re.MULTILINE)
    kind = re.search(r"^Peer signature type: (\S+)", text, re.MULTILINE)
    alert = re.search(r":(?:sslv3|tlsv1|tlsv13) alert ([a-z ]+):.*SSL alert number (\d+)", text)
    alpn = re.search(r"^ALPN protocol: (.+)$", text, re.MULTILINE)
    sent = text.partition("\nCertificate chain\n")[2].partition("\nServer certificate\n")[0]
    pems = re.findall(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", sent, re.DOTALL)
    return Report(
        version={"TLSv1": "TLSv1.0"}.get(version or "", version),
        suite=suite[1] if suite else None,
        suite_code=suite[0] if suite else None,
        resumed=bool(hello and hello[1] == "Reused"),
        alpn=alpn[1] if alpn else None,
        group_code=_GROUPS[group[1]] if group and not group[1].startswith("DH") else None,
        scheme_code=_SCHEMES.get((kind[1] if kind else "", digest[1] if digest else "")),
        chain=tuple(ssl.PEM_cert_to_DER_cert(pem) for pem in pems),
        alert=f"{alert[1].replace(' ', '_')}({alert[2]})" if alert else None,
    )
