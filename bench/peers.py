"""Who is measured beside certspan: one line each, used if it is on the path."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Peer:
    """A program that reads captures."""

    name: str
    command: str
    """With {capture} for the capture and {workers} for the number of workers; run in an empty folder."""
    most_bytes: int | None = None
    """It is so slow that it gets this much of the capture's beginning; `None`: all."""
    tls: bool = True
    """Whether it reads TLS at all."""

    def words(self, capture: object, *, workers: int = 1) -> list[str]:
        """Give the command for a capture."""
        return [word.format(capture=capture, workers=workers) for word in shlex.split(self.command)]

    def installed(self) -> bool:
        """Say whether it can be run."""
        return shutil.which(shlex.split(self.command)[0]) is not None


CERTSPAN = "certspan extract --format arrow --workers {workers} {capture}"
TCPDUMP = Peer("tcpdump", "tcpdump -r {capture} -w /dev/null", tls=False)
_ZEEK_SCRIPTS = "base/protocols/ssl base/files/x509"
_SURICATA_LOG = "--set outputs.0.fast.enabled=no --set app-layer.protocols.tls.ja3-fingerprints=yes"
PEERS = (
    TCPDUMP,
    Peer("mapped", CERTSPAN.replace("{capture}", "--reader mapped {capture}")),
    Peer(
        "tshark", "tshark -n -r {capture} -Y tls.handshake.certificate -T fields -e tls.handshake.certificate", 20 << 20
    ),
    Peer("mercury", "mercury -r {capture} --certs-json --reassembly -f mercury.json"),
    Peer("zeek", f"zeek -b -C -r {{capture}} {_ZEEK_SCRIPTS}", 100 << 20),
    Peer("suricata", f"suricata -k none -r {{capture}} -l . --runmode single -S /dev/null {_SURICATA_LOG}", 200 << 20),
)
