"""An MQTT broker that demands client certificates: what it says and what its clients were given."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from peers import Server, chain_files, suites
from pki import Fault, Identity, Recipe, days
from scenes import OPERATOR, corporate
from stage import Session

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from network import Process
    from stage import Stage

LONG_AGO, LONG_HENCE = days(-650), days(9000)
"""The broker checks dates by the machine's own clock: valid whenever this script runs."""
_SETTINGS = """\
listener {port} {address}
cafile {trusted}
certfile {chain}
keyfile {key}
require_certificate true
use_identity_as_username true
tls_version tlsv1.2
log_type all
log_dest stderr
user root
"""
# What --tls-version says is a lower bound; a device with an older library is made by its configuration.
_LIBRARY = """\
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = default
[default]
MinProtocol = {version}
MaxProtocol = {version}
"""


@dataclass(frozen=True, slots=True)
class Publisher:
    """One device that publishes, and what must come of it."""

    address: str
    chain: tuple[Identity, ...] = ()
    version: str = "TLSv1.2"
    suite: str = "ECDHE-RSA-AES128-GCM-SHA256"
    refused: str | None = None
    """The alert it gets."""
    about: str = ""


class Broker:
    """Mosquitto, started and listened to."""

    def __init__(self, stage: Stage, server: Server, trusted: Identity) -> None:
        self.stage = stage
        self.server = stage.known(server)
        self._trusted = trusted
        chain = chain_files(server.chain, stage.folder)[0]
        settings = stage.folder / "mosquitto.conf"
        settings.write_text(
            _SETTINGS.format(
                port=server.port,
                address=server.address,
                trusted=trusted.pem_file,
                chain=chain,
                key=server.chain[0].key_file,
            )
        )
        command: list[str | Path] = ["env", "OPENSSL_CONF=/dev/null", "mosquitto", "-c", settings]
        self._process: Process = stage.network.start(command)
        self._process.wait_for("running")

    def publish(self, root: Identity, publisher: Publisher, *, from_far: bool = False) -> None:
        """Let a device publish one reading; its port is what the broker says it is."""
        before = self._ports()
        self.stage.mark()
        command = [*(self.stage.network.far if from_far else ()), *self._command(root, publisher)]
        library = self.stage.folder / f"{publisher.version}.cnf"
        library.write_text(_LIBRARY.format(version=publisher.version))
        environment = {**os.environ, "OPENSSL_CONF": str(library)}
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        if (done.returncode != 0) != (publisher.refused is not None):
            raise RuntimeError(f"{publisher}: {done.stdout}{done.stderr}{self._process.output}")
        new = [one for one in self._ports() if one not in before]
        if len(new) != 1 or new[0][0] != publisher.address:
            raise RuntimeError(f"{publisher}: the broker says {new}")
        self.stage.sessions.append(self._session(publisher, new[0]))

    def _ports(self) -> list[tuple[str, int]]:
        found = re.findall(r"New connection from (\S+):(\d+) on port", self._process.output)
        return [(address, int(port)) for address, port in found]

    def _command(self, root: Identity, publisher: Publisher) -> Sequence[str]:
        command = ["mosquitto_pub", "-h", self.server.address, "-p", str(self.server.port), "-A", publisher.address]
        command += ["--cafile", str(root.pem_file), "--insecure", "--tls-version", publisher.version.lower()]
        command += ["--ciphers", publisher.suite] if publisher.version == "TLSv1.2" else []
        command += ["-i", publisher.address, "-t", "plant/reading", "-m", "21.5", "-q", "1"]
        if publisher.chain:
            chain = chain_files(publisher.chain, self.stage.folder)[0]
            command += ["--cert", str(chain), "--key", str(publisher.chain[0].key_file)]
        return command

    def _session(self, publisher: Publisher, client: tuple[str, int]) -> Session:
        code, suite = suites()[publisher.suite]
        facts: dict[str, object] = {
            "server_name": self.server.address,  # libmosquitto sends an address, too
            "version": publisher.version,
            "cipher_suite": suite,
            "cipher_suite_code": code,
            "alpn": None,
            "resumed": False,
            "alerts": [f"server fatal {publisher.refused}"] if publisher.refused else [],
            "established": publisher.refused is None,
            "confirmed": True,
        }
        if publisher.version == "TLSv1.3":
            facts |= {"server_chain": None, "client_chain": None, "client_certificate_requested": None}
            facts |= {"server_visibility": "encrypted", "client_visibility": "encrypted"}
            return Session(client, (self.server.address, self.server.port), facts, about=publisher.about)
        facts |= {
            "server_chain": [one.sha256 for one in self.server.chain],
            "client_chain": [one.sha256 for one in publisher.chain],
            "server_visibility": "visible",
            "client_visibility": "visible" if publisher.chain else "none_sent",
            "client_certificate_requested": True,
        }
        return Session(
            client, (self.server.address, self.server.port), facts, self.server.chain, publisher.chain, publisher.about
        )


def mqtt_mutual(stage: Stage) -> None:
    """Three sensors with certificates of their own; one with none, one unknown to the broker; one with TLS 1.3."""
    root, issuing = corporate(stage.workshop)
    make = stage.workshop.make
    sensors_ca = make(
        Recipe("Example Works Sensors", OPERATOR, root, is_ca=True, not_before=LONG_AGO, not_after=LONG_HENCE)
    )
    broker_leaf = make(
        Recipe(
            "broker.plant.example",
            OPERATOR,
            issuing,
            key="rsa2048",
            not_before=LONG_AGO,
            not_after=LONG_HENCE,
            sans=("dns:broker.plant.example",),
        )
    )
    sensors = [
        make(Recipe(f"sensor-{i}", OPERATOR, sensors_ca, not_before=LONG_AGO, not_after=LONG_HENCE, key=key))
        for i, key in enumerate(("p256", "rsa2048", "p384", "p256"), 1)
    ]
    stranger = make(Recipe("factory-default", "Nobody", faults=(Fault("self-signed", "medium"),)))
    broker = Broker(stage, Server("127.0.0.1", 8883, (broker_leaf, issuing)), root)
    for i, sensor in enumerate(sensors[:3], 1):
        broker.publish(root, Publisher(f"127.0.1.{i}", (sensor, sensors_ca), about=f"sensor-{i}: chain of two"))
    broker.publish(root, Publisher("127.0.1.8", refused="handshake_failure(40)", about="no certificate: refused"))
    broker.publish(root, Publisher("127.0.1.9", (stranger,), refused="unknown_ca(48)", about="stranger: refused"))
    hidden = Publisher("127.0.1.4", (sensors[3], sensors_ca), "TLSv1.3", "TLS_AES_256_GCM_SHA384", about="TLS 1.3")
    broker.publish(root, hidden)
