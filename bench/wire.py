"""Packets of connections, with the weather of a real network, written in the order of time."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

SECOND, MILLISECOND, MICROSECOND = 1_000_000_000, 1_000_000, 1_000
START_NS = 1_780_000_000 * SECOND
SEGMENT = 1_460
"""Bytes of payload of a full segment."""

CLIENT, SERVER = 0, 1
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16

_FILE_HEADER = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, 1)
_RECORD = struct.Struct("<IIII")
_TCP4 = struct.Struct(">14sHHIHH12sIIHHI")
_TCP6 = struct.Struct(">14sIHH36sIIHHI")
_UDP4 = struct.Struct(">14sHHIHH12sHH")
MSS_OPTIONS = bytes.fromhex("020405b4 0101 0402 0103 0307")
"""Options of a SYN: the segment size, selective acknowledgement, the window scale."""


class Writer:
    """A capture being written: pcap with nanoseconds, little-endian."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._file.write(_FILE_HEADER)
        self.packets = 0
        self.bytes = len(_FILE_HEADER)
        self._last_ns = 0

    def write(self, packets: list[tuple[int, bytes]]) -> None:
        """Write packets that are in order; no two get the same time."""
        parts = []
        last, pack = self._last_ns, _RECORD.pack
        for at, data in packets:
            last = at if at > last else last + 1
            seconds, rest = divmod(last, SECOND)
            length = len(data)
            parts.append(pack(seconds, rest, length, length))
            parts.append(data)
        self._last_ns = last
        block = b"".join(parts)
        self._file.write(block)
        self.packets += len(packets)
        self.bytes += len(block)


class Timeline:
    """Flows side by side: each is resumed when its time has come, and what they send is written in order."""

    _WINDOW = 5 * MILLISECOND

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.packets: list[tuple[int, bytes]] = []
        """Sent, not yet written: nanoseconds and the frame."""
        self._due: dict[int, list[Iterator[int]]] = {}

    def play(self, flows: Iterator[tuple[int, Iterator[int]]]) -> None:
        """Play flows, given in the order in which they begin; each gives the times at which it wants to go on."""
        following = next(flows, None)
        while following or self._due:
            windows = [min(self._due)] if self._due else []
            if following:
                windows.append(following[0] // self._WINDOW)
            window = min(windows)
            end = (window + 1) * self._WINDOW
            for flow in self._due.pop(window, ()):
                self._resume(flow, end)
            while following and following[0] < end:
                self._resume(following[1], end)
                following = next(flows, None)
            self._write(end)
        self._write(None)

    def _resume(self, flow: Iterator[int], end: int) -> None:
        for at in flow:
            if at >= end:
                self._due.setdefault(at // self._WINDOW, []).append(flow)
                return

    def _write(self, end: int | None) -> None:
        packets = self.packets
        packets.sort()
        kept: list[tuple[int, bytes]] = []
        if end is not None:
            while packets and packets[-1][0] >= end:
                kept.append(packets.pop())
        self._writer.write(packets)
        packets.clear()
        packets.extend(reversed(kept))


class Weather:
    """What befalls packets, at rates that the seed fixes: lost, late, sent again."""

    def __init__(self, rng: Random, *, rate: float) -> None:
        """Of all packets, `rate` meet with something."""
        self.rng = rng
        self._rate = rate
        self.left = 0
        self.lost = self.late = self.again = 0
        self.next()

    def next(self) -> None:
        """Draw how many packets pass until one does not."""
        self.left = int(self.rng.expovariate(self._rate)) + 1 if self._rate else 1 << 60


class Side:
    """One end of a connection, as the frames that it sends show it."""

    __slots__ = ("_sum", "ends", "ethernet", "seq", "v6")

    def __init__(self, source: tuple[bytes, int], target: tuple[bytes, int], seq: int) -> None:
        self.v6 = len(source[0]) > 4
        self.ends = b"".join([source[0], target[0], struct.pack(">HH", source[1], target[1])])
        kind = b"\x86\xdd" if self.v6 else b"\x08\x00"
        self.ethernet = b"\x02\x00" + target[0][-4:] + b"\x02\x00" + source[0][-4:] + kind
        self.seq = seq
        # The sum of the IPv4 header's fixed words.
        self._sum = 0x4500 + 0x4000 + 0x4006 + sum(struct.unpack(">4H", self.ends[:8]))

    def tcp(self, ack: int, flags: int, options: bytes, payload: bytes) -> bytes:
        """Give a frame; checksums of TCP are zero, as of a network card that fills them in."""
        length = 20 + len(options) + len(payload)
        data_offset = (5 + len(options) // 4) << 12
        if self.v6:
            head = _TCP6.pack(
                self.ethernet, 0x60000000, length, 0x0640, self.ends, self.seq, ack, data_offset | flags, 0xFFFF, 0
            )
        else:
            length += 20
            total = self._sum + length
            total = (total & 0xFFFF) + (total >> 16)
            checksum = ~(total + (total >> 16)) & 0xFFFF
            head = _TCP4.pack(
                self.ethernet,
                0x4500,
                length,
                0x4000,
                0x4006,
                checksum,
                self.ends,
                self.seq,
                ack,
                data_offset | flags,
                0xFFFF,
                0,
            )
        return b"".join((head, options, payload)) if options or payload else head


class Connection:
    """A TCP connection as a tap sees it."""

    __slots__ = ("_held_ns", "blind", "now", "packets", "rtt", "sides", "unseen", "weather")

    def __init__(
        self,
        packets: list[tuple[int, bytes]],
        weather: Weather,
        now: int,
        ends: tuple[tuple[bytes, int], tuple[bytes, int]],
        bits: int | None = None,
    ) -> None:
        """Between `ends`, address and port of client and server.

        Their first sequence numbers and their distance come from `bits`, or by chance.
        """
        self.packets = packets
        self.weather = weather
        self.now = now
        """Nanoseconds since 1970."""
        if bits is None:
            bits = weather.rng.getrandbits(64)
        self.sides = (Side(*ends, bits & 0xFFFFFFFF), Side(*ends[::-1], bits >> 32 & 0xFFFFFFFF))
        self.rtt = MILLISECOND + (bits >> 7) % (20 * MILLISECOND)
        self.unseen = 0
        """So many packets still pass before the capture begins."""
        self.blind: int | None = None
        """The direction that the tap does not see."""
        self._held_ns = 0

    def wait(self, ns: int) -> None:
        """Let time pass; what was lost and sent again is waited for."""
        self.now = max(self.now, self._held_ns) + ns

    def segment(self, sender: int, flags: int, payload: bytes = b"", options: bytes = b"") -> bool:
        """Send one segment; `False` if it is not in the capture."""
        me = self.sides[sender]
        frame = me.tcp(0 if flags == SYN else self.sides[1 - sender].seq, flags, options, payload)
        me.seq = (me.seq + len(payload) + (1 if flags & (SYN | FIN) else 0)) & 0xFFFFFFFF
        weather = self.weather
        weather.left -= 1
        if weather.left > 0 and not self.unseen and self.blind is None:
            self.packets.append((self.now, frame))
            return True
        return self._pass(sender, frame)

    def _pass(self, sender: int, frame: bytes) -> bool:
        if self.unseen:
            self.unseen -= 1
            return False
        if sender == self.blind:
            return False
        weather = self.weather
        at = self.now
        if weather.left <= 0:
            weather.next()
            dice = weather.rng.random()
            if dice < 0.15:
                weather.lost += 1
                return False
            if dice < 0.4:
                # Lost before the tap and sent again: all that follows waits for it.
                weather.late += 1
                at += 200 * MILLISECOND
                self._held_ns = at
            elif dice < 0.7:
                # Overtaken on the way.
                weather.late += 1
                at += int(weather.rng.random() * MILLISECOND)
            else:
                weather.again += 1
                self.packets.append((at + 200 * MILLISECOND + int(dice * MILLISECOND), frame))
        self.packets.append((at, frame))
        return True

    def open(self) -> None:
        """Shake hands."""
        self.segment(CLIENT, SYN, options=MSS_OPTIONS)
        self.wait(self.rtt)
        self.segment(SERVER, SYN | ACK, options=MSS_OPTIONS)
        self.wait(30 * MICROSECOND)
        self.segment(CLIENT, ACK)

    def send(self, sender: int, data: bytes) -> list[int]:
        """Send bytes in full segments, each second one acknowledged; give the offsets of segments that were lost."""
        lost = []
        size = len(data)
        for number, start in enumerate(range(0, size, SEGMENT)):
            self.now += 1_300
            last = start + SEGMENT >= size
            if not self.segment(sender, PSH | ACK if last else ACK, data[start : start + SEGMENT]):
                lost.append(start)
            if number % 2 or last:
                self.now += 11 * MICROSECOND
                self.segment(1 - sender, ACK)
        return lost

    def close(self) -> None:
        """Say goodbye."""
        self.wait(50 * MICROSECOND)
        self.segment(CLIENT, FIN | ACK)
        self.wait(self.rtt)
        self.segment(SERVER, FIN | ACK)
        self.wait(20 * MICROSECOND)
        self.segment(CLIENT, ACK)


def datagram(source: tuple[bytes, int], target: tuple[bytes, int], payload: bytes) -> bytes:
    """Give a UDP datagram over IPv4 as a frame."""
    side = Side(source, target, 0)
    length = 8 + len(payload)
    total = 0x4500 + 0x4000 + 0x4011 + sum(struct.unpack(">4H", side.ends[:8])) + length + 20
    total = (total & 0xFFFF) + (total >> 16)
    checksum = ~(total + (total >> 16)) & 0xFFFF
    return _UDP4.pack(side.ethernet, 0x4500, length + 20, 0x4000, 0x4011, checksum, side.ends, length, 0) + payload
