"""The frames that the tests of link types make: tshark or tcpdump reads the same TCP segments out of them.

So that what certspan reads there is what others write, and not only what `wraps_media.py` believes.
"""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

import pytest
from rewrite import Packet, Segment, pcap, pcapng, read, segments
from wraps import in_version_6, raw
from wraps_media import MEDIA

CAPTURE = Path(__file__).resolve().parent.parent / "pcaps/mqtt-mutual.pcap"
FIELDS = ("ip.src", "ipv6.src", "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw", "tcp.len")
BY_TCPDUMP = {
    "SLIP",
    "ATM, classical",
    "multilink frame relay",
    "netANALYZER, transparent",
    "Broadcom tag",
    "Broadcom tag before",
    "Marvell tag",
    "Marvell tag with type",
    "Juniper IPsec",
}
"""tshark 4.0 does not read these."""
ONLY_VERSION_4 = {"Juniper IPsec"}
"""tcpdump expects nothing else there."""
BY_NEITHER = {"OpenBSD loopback in its own number", "nflog, other order"}
"""What OpenBSD's own tcpdump and a machine of the other byte order write; here nothing reads it."""


@functools.cache
def some() -> list[Segment]:
    """Give a few segments, with and without payload, of both versions of IP."""
    whole = segments(read(CAPTURE))[:8]
    assert any(one.payload for one in whole)
    return whole + [in_version_6(one) for one in whole]


@pytest.mark.tools("tshark")
def test_tshark_reads_the_same_segments(tmp_path: Path) -> None:
    names = sorted(MEDIA.keys() - BY_TCPDUMP - BY_NEITHER)
    assert len(names) > 40
    path = tmp_path / "media.pcapng"

    def tell(frames: list[Packet]) -> list[str]:
        path.write_bytes(pcapng(frames))
        fields = [word for field in FIELDS for word in ("-e", field)]
        done = subprocess.run(
            ["tshark", "-n", "-r", path, "-T", "fields", *fields], capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines()

    told = tell([MEDIA[name][0](one) for name in names for one in some()])
    plain = tell([raw(one) for one in some()])
    assert len(plain) == len(some())
    assert all(line.count("\t") == len(FIELDS) - 1 and line.split("\t")[2] for line in plain)
    size = len(plain)
    assert {name: told[at * size : (at + 1) * size] for at, name in enumerate(names)} == dict.fromkeys(names, plain)


@pytest.mark.tools("tcpdump")
@pytest.mark.parametrize("name", sorted(BY_TCPDUMP))
def test_tcpdump_reads_the_same_segments(name: str, tmp_path: Path) -> None:
    path = tmp_path / "medium.pcap"

    def tell(data: bytes) -> list[str]:
        path.write_bytes(data)
        words: list[str | Path] = ["tcpdump", "-nStK", "-r", path]
        lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
        # What stands before is about the link.
        return ["IP" + line.partition("IP")[2] for line in lines]

    sent = [one for one in some() if len(one.source[0]) == 4 or name not in ONLY_VERSION_4]
    plain = tell(pcap([raw(one) for one in sent]))
    assert len(plain) == len(sent) >= 8
    assert all("Flags [" in line for line in plain)
    assert tell(pcap([MEDIA[name][0](one) for one in sent])) == plain
