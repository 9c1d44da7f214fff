"""The wide mix: very many flows at a time, most of which say little. They keep no state here: a number tells all."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from flows import handshake
from scene import Scene, leaves_for
from wire import ACK, CLIENT, MICROSECOND, MILLISECOND, MSS_OPTIONS, PSH, SERVER, START_NS, SYN, Connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows import Truth
    from wire import Writer

_APART = 30 * MICROSECOND
_SHUFFLE = 7_368_787
"""A prime greater than the number of flows: later visits come in another order than the first."""
_MIX = 0x9E3779B97F4A7C15
_PORTS = (443, 22, 80, 8_443, 5_432, 993, 143, 25)
_LINE = b"SSH-2.0-OpenSSH_9.9p1 Debian-3\r\n"
_GREETING = b"* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+] ready.\r\n"

SILENT, TALKING, UNANSWERED, UNOPENED, SHAKING = range(5)


class Wide:
    """All flows, visited three times each: opened, spoken over, touched again."""

    def __init__(self, writer: Writer, seed: str, scale: float) -> None:
        self.number = max(100, int(1_000_000 * scale))
        self.scene = Scene(writer, seed, rate=0.001, leaves=leaves_for(self.number // 50, 2_048), length=3)
        self._salt = Random(f"{seed}/salt").getrandbits(63) | 1

    def play(self) -> Truth:
        """Write the capture."""
        self.scene.truth.flows = self.number
        self.scene.timeline.play(self._visits())
        return self.scene.truth

    def _visits(self) -> Iterator[tuple[int, Iterator[int]]]:
        at = START_NS
        for stage in range(3):
            for index in range(self.number):
                at += _APART
                yield at, self._visit((index * _SHUFFLE**stage) % self.number, stage, at)
            at += 500 * MILLISECOND

    def _visit(self, index: int, stage: int, at: int) -> Iterator[int]:
        bits = ((index + 1) * self._salt * _MIX >> 20) & 0xFFFFFFFFFFFFFFFF
        kind = _kind(bits >> 40 & 0xFF)
        if kind == UNANSWERED and stage == 2:
            return
        connection = Connection(self.scene.timeline.packets, self.scene.weather, at, _ends(index, bits, kind), bits)
        if kind == UNOPENED:
            self._midstream(connection, stage)
        elif stage == 0:
            connection.segment(CLIENT, SYN, options=MSS_OPTIONS)
            connection.wait(connection.rtt)
            yield connection.now
            connection.segment(SERVER, SYN | ACK, options=MSS_OPTIONS)
            connection.wait(30 * MICROSECOND)
            connection.segment(CLIENT, ACK)
        else:
            for side in connection.sides:
                side.seq = (side.seq + 1) & 0xFFFFFFFF
            if stage == 1:
                self._speak(connection, kind)
            else:
                self._touch(connection, kind)

    def _midstream(self, connection: Connection, stage: int) -> None:
        start = 4_096 * stage
        for side in connection.sides:
            side.seq = (side.seq + start) & 0xFFFFFFFF
        if connection.segment(SERVER, PSH | ACK, self.scene.ciphertext.data[9_000 + start : 9_200 + start]):
            connection.segment(CLIENT, ACK)

    def _speak(self, connection: Connection, kind: int) -> None:
        scene = self.scene
        if kind == TALKING:
            connection.send(SERVER, _GREETING)
            connection.wait(connection.rtt)
            connection.send(CLIENT, _LINE)
        elif kind == UNANSWERED:
            playing = scene.play(scene.modern, scene.server().name)
            scene.truth.handshakes += 1
            connection.send(CLIENT, playing.flight(playing.exchange.flights[0], None)[0])
        elif kind == SHAKING:
            chain = scene.server()
            handshake(connection, scene.play(scene.full[chain.kind], chain.name), scene.truth, chain)

    @staticmethod
    def _touch(connection: Connection, kind: int) -> None:
        if kind == SILENT:
            connection.sides[CLIENT].seq -= 1
            connection.segment(CLIENT, ACK)
            connection.segment(SERVER, ACK)
        elif kind == TALKING:
            connection.sides[CLIENT].seq = (connection.sides[CLIENT].seq + len(_LINE)) & 0xFFFFFFFF
            connection.sides[SERVER].seq = (connection.sides[SERVER].seq + len(_GREETING)) & 0xFFFFFFFF
            connection.send(CLIENT, _LINE)


def _kind(dice: int) -> int:
    """Give what a flow does: of 256, so many."""
    for kind, most in ((SILENT, 115), (TALKING, 179), (UNANSWERED, 230), (UNOPENED, 250)):
        if dice < most:
            return kind
    return SHAKING


def _ends(index: int, bits: int, kind: int) -> tuple[tuple[bytes, int], tuple[bytes, int]]:
    port = 443 if kind in (UNANSWERED, SHAKING) else _PORTS[bits & 7]
    client_port = 1_024 + (bits >> 8) % 60_000
    source, target = index.to_bytes(3, "big"), (bits >> 24 & 0xFFF).to_bytes(2, "big")
    if index % 4 == 3:
        network = b"\x20\x01\x0d\xb8" + bytes(8)
        return (network + b"\x01" + source, client_port), (network + b"\x02\x00" + target, port)
    return (b"\x0a" + source, client_port), (b"\xc6\x12" + target, port)


def wide(writer: Writer, seed: str, scale: float) -> Truth:
    """Write one million flows at a time."""
    return Wide(writer, seed, scale).play()
