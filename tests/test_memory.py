"""Memory grows neither with the size of a capture nor with hostile traffic; and the honest session is found."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
HEADER = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 101)
START = 1_790_000_000
MEASURED = """
import json, re
from sensor._rust import Reading
reading, rows = Reading(None, name="-"), 0
while (batch := reading.read()) is not None:
    rows += len(batch)
    names = [json.loads(line)["server_name"] for line in batch.json().splitlines()]
    if "honest.example" in names:
        print("honest")
print(json.dumps({"sessions": rows, "packets": reading.packets, "counters": reading.counters}))
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""
BUDGET_KB = 420_000
"""Kilobytes of the whole process: the caps of the core together (docs/using.md, Limits) and Python itself."""


def packet(index: int, source: int, flags: int, payload: bytes = b"", *, sequence: int = 1, ack: int = 1) -> bytes:
    """Make a TCP segment to 10.0.0.1:443 as a raw IP record, a microsecond after the one before it."""
    tcp = struct.pack(">HHIIBBHHH", 1234, 443, sequence, ack, 0x50, flags, 0xFFFF, 0, 0)
    length = 20 + len(tcp) + len(payload)
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, length, 0, 0, 64, 6, 0, source, 0x0A000001)
    data = ip + tcp + payload
    return struct.pack("<IIII", START + index // 1_000_000, index % 1_000_000 * 1000, len(data), len(data)) + data


def hello(name: bytes) -> bytes:
    """Make a ClientHello record of TLS 1.2 with a server name."""
    sni = struct.pack(">HHHBH", 0, len(name) + 5, len(name) + 3, 0, len(name)) + name
    body = b"\x03\x03" + bytes(32) + b"\x00" + b"\x00\x02\xc0\x2f" + b"\x01\x00" + struct.pack(">H", len(sni)) + sni
    message = b"\x01" + struct.pack(">I", len(body))[1:] + body
    return b"\x16\x03\x01" + struct.pack(">H", len(message)) + message


def honest(index: int) -> bytes:
    """Make an ordinary ClientHello among the flood."""
    return packet(index, 0x0A0000FE, 0x18, hello(b"honest.example"))


def application_data() -> Iterator[bytes]:
    """Send data over one connection, on and on: 1.2 GB."""
    block = b"".join(packet(0, 0x0A000002, 0x18, b"\x17\x03\x03\x05\xdc" + bytes(1200)) for _ in range(1000))
    yield honest(0)
    for _ in range(1000):
        yield block


def syn_flood() -> Iterator[bytes]:
    """Send two million SYNs from as many addresses."""
    yield honest(0)
    for start in range(0, 2_000_000, 1000):
        yield b"".join(packet(index, 0x0B000000 + index, 0x02, ack=0) for index in range(start, start + 1000))


def hello_flood() -> Iterator[bytes]:
    """Begin four hundred thousand handshakes that nobody answers, each with another name."""
    yield honest(0)
    for start in range(0, 400_000, 1000):
        yield b"".join(
            packet(index, 0x0B000000 + index, 0x18, hello(b"%08d.example" % index))
            for index in range(start, start + 1000)
        )


def holes() -> Iterator[bytes]:
    """Open forty thousand connections that leave out their first byte and then send kilobytes."""
    yield honest(0)
    for index in range(40_000):
        source = 0x0B000000 + index
        yield packet(3 * index, source, 0x02, sequence=1, ack=0)
        yield packet(3 * index + 1, source, 0x18, bytes(9000), sequence=3)


FLOODS: list[Callable[[], Iterator[bytes]]] = [application_data, syn_flood, hello_flood, holes]


@pytest.mark.parametrize("flood", FLOODS, ids=lambda flood: flood.__name__)
def test_memory_stays_within_the_caps(flood: Callable[[], Iterator[bytes]]) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", MEASURED], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child.stdin as pipe:
        pipe.write(HEADER)
        for part in flood():
            pipe.write(part)
    *found, told, peak_kb = child.stdout.read().decode().splitlines()
    child.stdout.close()
    assert child.wait() == 0
    assert json.loads(told)["packets"] >= 80_000
    assert found == ["honest"], told
    assert int(peak_kb) < BUDGET_KB, told
