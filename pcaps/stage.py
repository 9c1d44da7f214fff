"""One capture in the making: who serves, who calls, and the truth about each handshake as the script knows it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import peers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from network import Network
    from peers import Report, Server
    from pki import Fault, Identity, Workshop

FIRST_PORT = 40001
"""Of the clients, which are told their ports, so that the script knows them."""
PING, PONG = b"ping\n", b"gnip"
_PSK = "TLS_PSK_"


@dataclass(frozen=True, slots=True)
class Session:
    """The truth about one handshake, before the fingerprints are added."""

    client: tuple[str, int]
    server: tuple[str, int]
    facts: dict[str, object]
    """Fields of the expected output; one that is not there is not compared."""
    server_chain: tuple[Identity, ...] | None = None
    client_chain: tuple[Identity, ...] | None = None
    about: str = ""
    """What this handshake is there to show."""


@dataclass(frozen=True, slots=True)
class EndpointFault:
    """A finding about a server endpoint."""

    fault: Fault
    server: Server


@dataclass(slots=True)
class Stage:
    """What a scene works with, and what it leaves behind."""

    folder: Path
    network: Network
    workshop: Workshop
    stack: ExitStack
    interface: str
    capture: Path
    sessions: list[Session] = field(default_factory=list)
    endpoint_faults: list[EndpointFault] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    """When each exchange began, real nanoseconds."""
    tls_ports: set[int] = field(default_factory=set)
    """Where the second opinion must be told to look for TLS."""

    def serve(self, server: Server, *, far: bool = False) -> Server:
        """Start OpenSSL's server."""
        peers.s_server(self.network, self.folder, server, far=far)
        return self.known(server)

    def known(self, server: Server) -> Server:
        """Take note of a server that some other program is."""
        self.tls_ports.add(server.port)
        return server

    def mark(self) -> None:
        """Begin an exchange; with the first one the capture begins."""
        if not self.marks:
            self.stack.enter_context(self.network.tap(self.interface, self.capture))
        time.sleep(0.005)
        self.marks.append(time.time_ns())

    def call(
        self,
        server: Server,
        client_address: str,
        options: Sequence[str | Path] = (),
        *,
        name: str | None = None,
        identity: Sequence[Identity] = (),
        say: tuple[bytes, bytes] = (PING, PONG),
        from_far: bool = False,
        more: dict[str, object] | None = None,
        about: str = "",
    ) -> Report:
        """Shake hands by OpenSSL's client and write down what both sides know of it."""
        port = FIRST_PORT + len(self.sessions)
        bound = f"[{client_address}]:{port}" if ":" in client_address else f"{client_address}:{port}"
        command: list[str | Path] = ["-connect", server.place, "-bind", bound, *options]
        command += ["-servername", name] if name else ["-noservername"]
        if identity:
            command += ["-cert", identity[0].pem_file, "-key", identity[0].key_file]
            if len(identity) > 1:
                command += ["-cert_chain", peers.chain_files(identity, self.folder)[1]]
        self.mark()
        report = peers.s_client(self.network.far if from_far else (), command, *say)
        session = told(Exchange((client_address, port), server, report, tuple(identity), name, about))
        session.facts.update(more or {})
        self.sessions.append(session)
        return report


@dataclass(frozen=True, slots=True)
class Exchange:
    """One handshake as the script asked for it, and what the client said of it."""

    client: tuple[str, int]
    server: Server
    report: Report
    identity: tuple[Identity, ...]
    name: str | None
    about: str

    @property
    def certified(self) -> bool:
        """Whether the server sent its chain in this handshake, encrypted or not."""
        suite = self.report.suite
        return suite is not None and not self.report.resumed and not suite.startswith(_PSK)

    def session(
        self,
        facts: dict[str, object],
        server_chain: tuple[Identity, ...] | None = None,
        client_chain: tuple[Identity, ...] | None = None,
    ) -> Session:
        """Give the truth with these facts, and the chains that can be seen."""
        for name, chain in (("server_chain", server_chain), ("client_chain", client_chain)):
            facts[name] = None if chain is None else [one.sha256 for one in chain]
        server = (self.server.address, self.server.port)
        return Session(self.client, server, facts, server_chain, client_chain, self.about)


def told(exchange: Exchange) -> Session:
    """Put together what the client says and what the server was told to be: the truth about a handshake."""
    report, place = exchange.report, exchange.server.place
    if not report.suite and not report.alert:
        raise RuntimeError(f"{place} did not answer: {exchange.about}")
    if exchange.certified and report.chain != tuple(one.der for one in exchange.server.chain):
        raise RuntimeError(f"{place} did not send the chain it was given: {exchange.about}")
    facts: dict[str, object] = {
        "server_name": exchange.name,
        "version": report.version,
        "cipher_suite": report.suite,
        "cipher_suite_code": report.suite_code,
        "named_group_code": report.group_code,
        "alpn": report.alpn,
        "alerts": [f"server fatal {report.alert}"] if report.alert else [],
        "established": report.suite is not None and report.alert is None,
    }
    if report.suite is None:  # refused: what would have been resumed or asked for, nobody knows
        return exchange.session({**facts, "server_visibility": "none_sent"})
    facts |= {"resumed": report.resumed, "confirmed": True}
    if exchange.certified and report.version != "TLSv1.3":
        return _in_the_clear(exchange, facts)
    if report.version == "TLSv1.3":
        facts |= {"alpn": None, **({} if report.resumed else {"client_certificate_requested": None})}
    else:  # neither an abbreviated handshake nor a shared key has room for the question
        facts["client_certificate_requested"] = False
    if report.resumed or exchange.certified:
        hidden = "resumed" if report.resumed else "encrypted"
        return exchange.session(facts | {"server_visibility": hidden, "client_visibility": hidden})
    return exchange.session({**facts, "server_visibility": "psk_or_anonymous"})


def _in_the_clear(exchange: Exchange, facts: dict[str, object]) -> Session:
    """Finish a full handshake before TLS 1.3, where certificates can be seen."""
    server, report = exchange.server, exchange.report
    if report.version == "TLSv1.2" and report.scheme_code is None:
        raise RuntimeError(f"{server.place} signs by a scheme without a number here: {exchange.about}")
    shown = exchange.identity if server.asks is not None else None
    facts |= {
        "signature_scheme_code": report.scheme_code,
        "server_visibility": "visible",
        "client_visibility": "not_requested" if shown is None else "visible" if shown else "none_sent",
        "client_certificate_requested": shown is not None,
    }
    if server.asks is not None:
        facts["accepted_issuers"] = [issuer.subject_der.hex() for issuer in server.asks]
    return exchange.session(facts, server.chain, shown)
