"""What all mixes draw from: hosts, certificates, recorded handshakes, chance."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import flows
from authority import ECDSA, RSA, Authority
from flows import Ciphertext, Truth
from recorded import MODERN, PEERS, Playing, Recorder
from wire import Connection, Timeline, Weather

if TYPE_CHECKING:
    from collections.abc import Iterator

    from authority import Chain
    from recorded import Exchange
    from wire import Writer

End = tuple[bytes, int]

_CLIENT_NUMBERS = 50_000
"""Names of clients begin with this number."""


class Scene:
    """What all mixes draw from: hosts, certificates, recorded handshakes, chance."""

    def __init__(
        self, writer: Writer, seed: str, *, rate: float, leaves: int, length: int | None = None, browsers: float = 0.0
    ) -> None:
        """`leaves` servers show chains of `length` certificates, or of two and three; `rate` as in `Weather`.

        Of the clients, `browsers` put the extensions of their hellos in another order each time.
        """
        self.rng = Random(f"{seed}/hosts")
        self.truth = Truth()
        self._browsers = browsers
        self.timeline = Timeline(writer)
        self.weather = Weather(Random(f"{seed}/weather"), rate=rate)
        self.ciphertext = Ciphertext(Random(f"{seed}/ciphertext"))
        authority = Authority(Random(f"{seed}/certificates"))
        recorder = Recorder(authority)
        self.full = {kind: [recorder.full(kind, peer) for peer in PEERS] for kind in (RSA, ECDSA)}
        self.mutual = {kind: [recorder.full(kind, MODERN, mutual=True)] for kind in (RSA, ECDSA)}
        self.resumed = [recorder.resumed(peer) for peer in PEERS[:2]]
        self.modern = [recorder.modern(peer) for peer in (PEERS[0], PEERS[3])]
        kinds = [RSA if number % 3 else ECDSA for number in range(leaves)]
        self.servers = [authority.chain(n, kind, length=length or 2 + n % 2) for n, kind in enumerate(kinds)]
        self.clients = {
            kind: [authority.chain(_CLIENT_NUMBERS + n, kind, length=2) for n in range(max(4, leaves // 16))]
            for kind in (RSA, ECDSA)
        }

    def ends(self, port: int, *, v6: bool = False) -> tuple[End, End]:
        """Give a client and a server."""
        bits = self.rng.getrandbits(48)
        source, target = bits & 0xFFFF, bits >> 16 & 0xFFF
        client_port = 1_024 + (bits >> 28) % 64_000
        if v6:
            network = b"\x20\x01\x0d\xb8" + bytes(9)
            return (network + b"\x01" + source.to_bytes(2, "big"), client_port), (
                network + b"\x02" + target.to_bytes(2, "big"),
                port,
            )
        return (b"\x0a\x01" + source.to_bytes(2, "big"), client_port), (b"\xc6\x12" + target.to_bytes(2, "big"), port)

    def connection(self, at: int, port: int = 443, *, v6: float = 0.0) -> Connection:
        """Give a new connection; of some the capture has only the rest, or one direction."""
        ends = self.ends(port, v6=self.rng.random() < v6)
        connection = Connection(self.timeline.packets, self.weather, at, ends)
        self.truth.flows += 1
        dice = self.rng.random()
        if dice < 0.004:
            connection.unseen = self.rng.randrange(1, 12)
        elif dice < 0.006:
            connection.blind = self.rng.randrange(2)
        return connection

    def server(self) -> Chain:
        """Give a server's chain."""
        return self.servers[int(self.rng.random() * len(self.servers))]

    def play(self, exchanges: list[Exchange], name: bytes) -> Playing:
        """Give one of these exchanges to play with a server of this name."""
        exchange = exchanges[int(self.rng.random() * len(exchanges))]
        return Playing(exchange, self.rng, name, browser=self.rng.random() < self._browsers)

    def full_handshake(self, connection: Connection, size: int = 0) -> Iterator[int]:
        """Give a flow: TLS 1.2 with the server's certificate, then `size` bytes."""
        chain = self.server()
        playing = self.play(self.full[chain.kind], chain.name)
        return flows.tls(connection, playing, self.truth, (chain, None), (self.ciphertext, size))

    def mutual_handshake(self, connection: Connection, size: int) -> Iterator[int]:
        """Give a flow: TLS 1.2 with certificates of both."""
        chain = self.server()
        client = self.clients[chain.kind][int(self.rng.random() * len(self.clients[chain.kind]))]
        playing = self.play(self.mutual[chain.kind], chain.name)
        return flows.tls(connection, playing, self.truth, (chain, client), (self.ciphertext, size))

    def other_handshake(self, connection: Connection, exchanges: list[Exchange], size: int) -> Iterator[int]:
        """Give a flow without a visible certificate."""
        playing = self.play(exchanges, self.server().name)
        return flows.tls(connection, playing, self.truth, (None, None), (self.ciphertext, size))


def leaves_for(connections: int, most: int) -> int:
    """Give how many servers there are: many connections to each, so that most chains are seen more than once."""
    return min(most, max(12, connections // 8))
