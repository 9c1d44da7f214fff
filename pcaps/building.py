"""The smart building: its programs started, its traffic played."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet import Device, fleet
from mqtt import LONG_AGO, LONG_HENCE, Broker, Publisher
from network import FAR_MAC, NEAR_MAC
from peers import OLD, Server, chain_files
from pki import Recipe
from scenes import OPERATOR
from stage import EndpointFault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fleet import Fleet
    from stage import Stage

OTHERS = frozenset({"203.0.113.10", "198.51.100.20"})
"""Addresses that are not the operator's."""
BMS, RECORDER, OPERATOR_DESK, HEAD_END, BROKER = "10.20.1.10", "10.20.1.20", "10.20.1.50", "10.20.2.10", "10.20.2.20"
BMS_V6 = "fd20:20::1:10"
SENSORS = {"10.20.11.11": "sensor-1", "10.20.11.12": "sensor-2"}

_OLD_CLIENT = ("-min_protocol", "TLSv1", "-max_protocol", "TLSv1.2", *OLD)
_GET = (b"GET / HTTP/1.0\n\n", b"HTTP/1.")
_ECHO = (b"ping\n", b"ping")
_NGINX = """\
daemon off;
master_process off;
user root;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  scgi_temp_path {folder}/nginx-scgi;
  {servers}
}}
"""
_NGINX_SERVER = """
  server {{
    listen {place} ssl;
    ssl_certificate {chain};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.2;
    ssl_ciphers DEFAULT:@SECLEVEL=0;
    location / {{ return 200 "{name}"; }}
  }}
"""


def smart_building(stage: Stage) -> None:
    """Put some fifty devices on the far side of a cable, and what runs the building on the near side."""
    all_of_it = fleet(stage.workshop)
    meters = [address for address, _ in all_of_it.meters]
    inside = [f"{one.address}/{64 if ':' in one.address else 16}" for one in all_of_it.devices if _is_ours(one)]
    far = [*inside, *(f"{address}/16" for address in (*meters, *SENSORS)), *(f"{address}/24" for address in OTHERS)]
    near = [f"{address}/16" for address in (BMS, RECORDER, OPERATOR_DESK, HEAD_END, BROKER)]
    stage.network.cable([*near, f"{BMS_V6}/64"], far, ("203.0.113.0/24", "198.51.100.0/24"))
    servers = {one.address: _start(stage, one) for one in all_of_it.devices}
    _nginx(stage, [one for one in all_of_it.devices if one.program == "nginx"])
    head_end, broker = _collectors(stage, all_of_it)
    for device in all_of_it.devices:
        _first_visit(stage, device, servers[device.address])
    for address, chain in all_of_it.meters:
        stage.call(
            head_end,
            address,
            ("-tls1_2",),
            identity=chain,
            from_far=True,
            about=f"{chain[0].recipe.name if chain else 'a meter without a certificate'} reports",
        )
    _sensors(stage, all_of_it, broker)
    for device in all_of_it.devices:
        _second_visit(stage, device, servers[device.address])
    ends = {address.partition("/")[0]: NEAR_MAC for address in near} | {BMS_V6: NEAR_MAC}
    for session in stage.sessions:
        session.facts["client_mac"] = ends.get(session.client[0], FAR_MAC)
        session.facts["server_mac"] = ends.get(session.server[0], FAR_MAC)


def _is_ours(device: Device) -> bool:
    return device.address not in OTHERS


def _start(stage: Stage, device: Device) -> Server:
    server = Server(device.address, device.port, device.chain, options=device.options)
    stage.endpoint_faults += [EndpointFault(fault, server) for fault in device.faults]
    if device.program == "openssl":
        return stage.serve(server, far=True)
    if device.program == "gnutls":
        chain = chain_files(device.chain, stage.folder)[0]
        command: list[str | Path] = [
            "gnutls-serv",
            "--echo",
            "--disable-client-cert",
            "--port",
            str(device.port),
            "--x509certfile",
            chain,
        ]
        command += ["--x509keyfile", device.chain[0].key_file, "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2"]
        stage.network.start(command, far=True).wait_for("listening on IPv6")
    return stage.known(server)


def _nginx(stage: Stage, devices: Sequence[Device]) -> None:
    servers = [
        _NGINX_SERVER.format(
            place=f"{one.address}:{one.port}",
            chain=chain_files(one.chain, stage.folder)[0],
            key=one.chain[0].key_file,
            name=one.chain[0].recipe.name,
        )
        for one in devices
    ]
    settings = stage.folder / "nginx.conf"
    settings.write_text(_NGINX.format(folder=stage.folder, servers="".join(servers)))
    stage.network.start(["nginx", "-c", settings, "-g", "error_log stderr notice;"], far=True).wait_for("getrlimit")


def _collectors(stage: Stage, all_of_it: Fleet) -> tuple[Server, Broker]:
    """Start what devices report to: the meters' head-end, and the broker."""
    make = stage.workshop.make
    leaf = make(Recipe("head-end.building.example", OPERATOR, all_of_it.issuing, key="rsa2048"))
    asks = (all_of_it.meter_ca,) if all_of_it.meter_ca else ()
    head_end = stage.serve(Server(HEAD_END, 8883, (leaf, all_of_it.issuing), asks=asks, options=("-tls1_2",)))
    recipe = Recipe(
        "broker.building.example", OPERATOR, all_of_it.issuing, not_before=LONG_AGO, not_after=LONG_HENCE, key="rsa2048"
    )
    return head_end, Broker(stage, Server(BROKER, 8883, (make(recipe), all_of_it.issuing)), all_of_it.root)


def _sensors(stage: Stage, all_of_it: Fleet, broker: Broker) -> None:
    for address, name in SENSORS.items():
        recipe = Recipe(name, OPERATOR, all_of_it.root, not_before=LONG_AGO, not_after=LONG_HENCE)
        # libmosquitto adds the root that it knows from --cafile, given or not.
        publisher = Publisher(address, (stage.workshop.make(recipe), all_of_it.root), about=f"{name} publishes")
        broker.publish(all_of_it.root, publisher, from_far=True)


def _is_camera(device: Device) -> bool:
    return device.address.startswith("10.20.8.")


def _talk(device: Device) -> tuple[bytes, bytes]:
    return {"nginx": _GET, "gnutls": _ECHO}.get(device.program, (b"ping\n", b"gnip"))


def _first_visit(stage: Stage, device: Device, server: Server) -> None:
    """Let the building's server ask every device, and the recorder fetch from the cameras."""
    about = device.chain[0].recipe.name
    if device.only_modern:
        options: tuple[str, ...] = ("-tls1_3",)
        stage.call(server, OPERATOR_DESK, options, name=device.name, say=_talk(device), about=f"{about}, TLS 1.3 only")
        return
    client = RECORDER if _is_camera(device) else BMS_V6 if ":" in device.address else BMS
    ticket = ("-sess_out", str(stage.folder / f"ticket-{device.address}"))
    crlf = ("-crlf",) if device.program == "nginx" else ()
    options = (*_OLD_CLIENT, *ticket, *crlf)
    stage.call(server, client, options, name=device.name, say=_talk(device), about=about)


def _second_visit(stage: Stage, device: Device, server: Server) -> None:
    """Let the recorder resume its sessions, and the operator look at everything else with a program of today."""
    about = device.chain[0].recipe.name
    crlf = ("-crlf",) if device.program == "nginx" else ()
    if _is_camera(device):
        ticket = str(stage.folder / f"ticket-{device.address}")
        options: tuple[str, ...] = (*_OLD_CLIENT, "-sess_in", ticket)
        stage.call(server, RECORDER, options, name=device.name, about=f"{about} again")
    elif device.faults and ":" not in device.address:
        stage.call(server, OPERATOR_DESK, ("-min_protocol", "TLSv1.2"), about=f"{about}: too old for the operator")
    elif ":" not in device.address:
        options = ("-cipher", "DEFAULT:@SECLEVEL=0", "-alpn", "http/1.1", *crlf)
        stage.call(server, OPERATOR_DESK, options, name=device.name, say=_talk(device), about=f"operator at {about}")
