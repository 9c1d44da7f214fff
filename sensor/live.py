"""Interfaces as a source: what to watch, and the one place that says why an interface cannot be watched."""

from __future__ import annotations

import errno
import ipaddress
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sensor._rust import Reading

KEY_BYTES = 32
_V4_PREFIX = b"\0" * 10 + b"\xff\xff"
_V4_BITS = 96


class LiveError(Exception):
    """Interfaces that cannot be watched, or not so; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is kept back of clients before anything is written."""

    clients: str = "keep"
    """`keep`, `truncate` or `hash`: their addresses."""
    kept_bits: tuple[int, int] = (24, 48)
    """Of IPv4 and IPv6, where they are truncated."""
    key: bytes | None = None
    """32 bytes, for `hash`; for `truncate`, ids hang on it."""
    excluded: tuple[str, ...] = ()
    """CIDRs whose packets are passed over."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What a sensor looks at."""

    interfaces: tuple[str, ...]
    sensor: str
    memory: int | None = None
    """Bytes that the core may take; None: its default caps."""
    workers: int = 1
    ring_bytes: int | None = None
    """Memory of the kernel's ring, for each interface."""
    promiscuous: bool = True
    program: tuple[tuple[int, int, int, int], ...] = ()
    """Classic BPF (code, jt, jf, k); empty: all frames."""
    privacy: Privacy = Privacy()


def open_live(watch: Watch) -> Reading:
    """Start to watch. LiveError; nothing is ever sent."""
    from sensor._rust import Reading  # noqa: PLC0415  `--help` needs no native module

    if not hasattr(Reading, "live"):
        raise LiveError(f"{sys.platform}: interfaces are watched on Linux; elsewhere audit captures of tcpdump")
    try:
        return Reading.live(
            watch.interfaces,
            sensor=watch.sensor,
            memory=watch.memory,
            workers=watch.workers,
            ring_bytes=watch.ring_bytes,
            promiscuous=watch.promiscuous,
            program=watch.program,
            clients=watch.privacy.clients,
            kept_bits=watch.privacy.kept_bits,
            key=watch.privacy.key,
            excluded=[network_bits(one) for one in watch.privacy.excluded],
        )
    except OSError as error:
        raise LiveError(f"{error.filename}: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    if error.errno == errno.EPERM:
        program = Path(sys.executable).resolve()
        return (
            "no permission to watch it: run as root, or give Python the one capability that it takes: "
            f"sudo setcap cap_net_raw=ep {program}"
        )
    if error.errno == errno.ENODEV:
        there = ", ".join(interfaces()) or "none"
        return f"no such interface; there are {there}"
    if error.errno == errno.ENOMEM:
        return "the kernel has no memory for its ring: a smaller --ring, such as 16M"
    return error.strerror or str(error)


def interfaces() -> list[str]:
    """Name the interfaces that are there."""
    return sorted(name for _, name in socket.if_nameindex())


def network_bits(text: str) -> tuple[bytes, int]:
    """Give a CIDR as the core takes it. LiveError if it is none."""
    try:
        network = ipaddress.ip_network(text.strip())
    except ValueError as error:
        raise LiveError(f"{text}: not a network; write one as 10.0.0.0/8 or fd00::/8") from error
    packed = network.network_address.packed
    if network.version == 4:  # noqa: PLR2004
        return _V4_PREFIX + packed, _V4_BITS + network.prefixlen
    return packed, network.prefixlen


def read_key(path: Path) -> bytes:
    """Read a key of 32 bytes in hex from a file. LiveError; no message holds any of it."""
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except OSError as error:
        raise LiveError(f"{path}: {error.strerror}") from error
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise LiveError(f"{path}: a key is 64 hex digits; openssl rand -hex 32 makes one")
    return key


def read_program(lines: Iterable[str]) -> tuple[tuple[int, int, int, int], ...]:
    """Read a filter as `tcpdump -ddd EXPRESSION` prints it: a count, then four numbers a line. LiveError."""
    rows = [line.split() for line in lines if line.strip()]
    try:
        (count,), *steps = (tuple(map(int, row)) for row in rows)
        program = tuple((code, jt, jf, k) for code, jt, jf, k in steps)
    except ValueError as error:
        raise LiveError("not a filter as tcpdump -ddd prints it") from error
    if not program or count != len(program):
        raise LiveError(f"a filter of {count} steps of which {len(program)} are there")
    return program
