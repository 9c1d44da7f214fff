"""Whether both directions of connections arrive: a look at raw frames, apart from the core, for setting up a mirror."""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_FRAMES = 50_000
MOST_FLOWS = 20_000
_ALL_PROTOCOLS = 3
_VLANS = frozenset({0x8100, 0x88A8, 0x9100})
_IPV4, _IPV6, _TCP = 0x0800, 0x86DD, 6


@dataclass(slots=True)
class Sight:
    """What was seen for a while."""

    frames: int = 0
    tcp: int = 0
    """Frames with TCP right inside IP; what is tunnelled is not looked into."""
    both: int = 0
    """Connections of which at least three frames came, from both sides."""
    one: int = 0
    """Those of which they came from one side only."""


def look(interface: str, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> Sight:
    """Watch frames for so long, or MOST_FRAMES of them. OSError."""
    sight = Sight()
    flows: dict[tuple[bytes, bytes], list[int]] = {}
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS)) as raw:
        raw.bind((interface, _ALL_PROTOCOLS))
        until = monotonic() + seconds
        while sight.frames < MOST_FRAMES and (left := until - monotonic()) > 0:
            raw.settimeout(left)
            try:
                frame = raw.recv(256)
            except TimeoutError:
                break
            sight.frames += 1
            if (ends := _ends(frame)) is None:
                continue
            sight.tcp += 1
            key = (min(ends), max(ends))
            if key in flows or len(flows) < MOST_FLOWS:
                flows.setdefault(key, [0, 0])[ends[0] == key[0]] += 1
    for counts in flows.values():
        if sum(counts) >= 3:  # noqa: PLR2004  fewer say nothing: a refused connection, a lone keep-alive
            sight.both += min(counts) > 0
            sight.one += min(counts) == 0
    return sight


def _ends(frame: bytes) -> tuple[bytes, bytes] | None:
    """Give source and destination, address and port, of a frame with TCP; None for any other."""
    try:
        at = 12
        (kind,) = struct.unpack_from("!H", frame, at)
        while kind in _VLANS:
            at += 4
            (kind,) = struct.unpack_from("!H", frame, at)
        at += 2
        if kind == _IPV4 and frame[at + 9] == _TCP and not struct.unpack_from("!H", frame, at + 6)[0] & 0x1FFF:
            source, target, ports = frame[at + 12 : at + 16], frame[at + 16 : at + 20], at + (frame[at] & 15) * 4
        elif kind == _IPV6 and frame[at + 6] == _TCP:
            source, target, ports = frame[at + 8 : at + 24], frame[at + 24 : at + 40], at + 40
        else:
            return None
        return source + frame[ports : ports + 2], target + frame[ports + 2 : ports + 4]
    except (IndexError, struct.error):
        return None
