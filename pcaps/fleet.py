"""The devices of the smart building and what is wrong with them. One line a kind of device; docs in README.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from peers import OLD
from pki import Fault, Recipe, days
from scenes import OPERATOR, corporate

if TYPE_CHECKING:
    from pki import Identity, Workshop

CAMERAS = 24
EXPIRED = Fault("expired", "critical")
NOT_YET_VALID = Fault("not-yet-valid", "critical")
SELF_SIGNED = Fault("self-signed", "medium")
WEAK_HASH = Fault("weak-hash", "high")
OLD_TLS = Fault("old-tls", "medium")
MALFORMED = Fault("malformed-certificate", "low")
_FORGEABLE = Fault("weak-key", "high")
_TLS12 = ("-tls1_2",)
_RSA, _DHE = ("-cipher", "AES128-SHA:@SECLEVEL=0"), ("-cipher", "DHE-RSA-AES128-SHA:@SECLEVEL=0")


def expiring(step: int, severity: str) -> tuple[Fault, ...]:
    """Give the finding of a certificate that ends within `step` days."""
    return (Fault("expiring", severity, step),)


@dataclass(frozen=True, slots=True)
class Device:
    """One thing in the building, or outside of it."""

    address: str
    port: int
    chain: tuple[Identity, ...]
    options: tuple[str, ...] = _TLS12
    """Of openssl s_server: what the firmware can do."""
    program: str = "openssl"
    """openssl, nginx or gnutls."""
    name: str | None = None
    """By which it is called; None: by its address."""
    faults: tuple[Fault, ...] = ()
    """Those of the endpoint; the certificates know theirs."""
    only_modern: bool = False
    """Speaks TLS 1.3 alone."""


@dataclass(slots=True)
class Fleet:
    """Everything with a certificate."""

    root: Identity
    issuing: Identity
    devices: list[Device] = field(default_factory=list)
    meters: list[tuple[str, tuple[Identity, ...]]] = field(default_factory=list)
    """Clients only: address and what they present."""
    meter_ca: Identity | None = None


def fleet(workshop: Workshop) -> Fleet:
    """Make all the certificates."""
    root, issuing = corporate(workshop)
    all_of_it = Fleet(root, issuing)
    add = all_of_it.devices.extend
    add(_vendors(workshop))
    add(_ending(workshop, issuing))
    add(_weak(workshop, issuing))
    add(_oldest(workshop, issuing))
    add(_healthy(workshop, issuing))
    add(_outside(workshop))
    all_of_it.meter_ca, all_of_it.meters = _meters(workshop)
    return all_of_it


def _vendor(workshop: Workshop, name: str, organization: str, hash_name: str = "sha256") -> Identity:
    recipe = Recipe(
        name,
        organization,
        key="rsa2048",
        is_ca=True,
        hash=hash_name,
        not_before=days(-2500),
        not_after=days(5000),
    )
    return workshop.make(recipe)


def _vendors(workshop: Workshop) -> list[Device]:
    """Door controllers that ended, cameras with one key, SHA-1 locks, a lift for 20 years."""
    make = workshop.make
    access = _vendor(workshop, "Acme Access CA", "Acme Access")
    found = []
    for i in (1, 2, 3):
        door = Recipe(
            f"door-ctl-{i}", "Acme Access", access, not_before=days(-741), not_after=days(-11), faults=(EXPIRED,)
        )
        found.append(Device(f"10.20.4.{10 + i}", 4433, (make(door),)))
    cameras = _vendor(workshop, "Vista Cam Root", "Vista Optics, Ltd.")
    first: Identity | None = None
    for i in range(1, CAMERAS + 1):
        camera = make(
            Recipe(
                f"cam-{i:02}",
                "Vista Optics, Ltd.",
                cameras,
                key="rsa2048",
                same_key_as=first,
                not_before=days(-400),
                not_after=days(3250),
            )
        )
        first = first or camera
        found.append(Device(f"10.20.8.{10 + i}", 443, (camera, cameras)))
    locks = _vendor(workshop, "Lockwerk Root", "Lockwerk GmbH", "sha1")
    for i in (1, 2, 3):
        lock = Recipe(f"lock-{i}", "Lockwerk GmbH", locks, key="rsa2048", hash="sha1", faults=(WEAK_HASH,))
        found.append(Device(f"10.20.5.{10 + i}", 8443, (make(lock), locks), (*_TLS12, *OLD)))
    lifts = _vendor(workshop, "Lift Works Device CA", "Lift Works")
    twenty_years = make(Recipe("lift-1", "Lift Works", lifts, not_before=days(-1000), not_after=days(6305)))
    found.append(Device("10.20.7.11", 443, (twenty_years,)))
    hash_chain = _vendor(workshop, "Signage Root", "Signage")
    middle = make(
        Recipe("Signage CA 2", "Signage", hash_chain, key="rsa2048", is_ca=True, hash="sha1", faults=(WEAK_HASH,))
    )
    found.append(Device("10.20.3.14", 443, (make(Recipe("display-lobby", "Signage", middle)), middle), (*_TLS12, *OLD)))
    return found


def _named(workshop: Workshop, issuing: Identity, host: str, **more: object) -> Identity:
    """Make a certificate of the operator's own CA for a host name."""
    name = f"{host}.building.example"
    return workshop.make(Recipe(name, OPERATOR, issuing, sans=(f"dns:{name}",), **more))  # type: ignore[arg-type]


def _ending(workshop: Workshop, issuing: Identity) -> list[Device]:
    """One in each band before the end, and one before its beginning."""
    bands = (
        ("hvac-gw", "10.20.6.11", 6, expiring(7, "high")),
        ("hvac-roof", "10.20.6.12", 0.8, expiring(1, "high")),
        ("light-gw-1", "10.20.7.21", 12, expiring(15, "medium")),
        ("light-gw-2", "10.20.7.22", 25, expiring(30, "medium")),
    )
    found = []
    for host, address, left, faults in bands:
        leaf = _named(workshop, issuing, host, not_after=days(left), faults=faults)
        found.append(Device(address, 443, (leaf, issuing), name=leaf.recipe.name))
    early = _named(workshop, issuing, "parking", not_before=days(3), faults=(NOT_YET_VALID,))
    found.append(Device("10.20.9.11", 443, (early, issuing), name=early.recipe.name))
    return found


def _weak(workshop: Workshop, issuing: Identity) -> list[Device]:
    """Short keys, MD5, self-signed ones, a version that does not exist."""
    make = workshop.make
    short = _named(workshop, issuing, "ups", key="rsa1024", faults=(Fault("weak-key", "medium"),))
    shorter = make(Recipe("siren", "Loud", _vendor(workshop, "Loud CA", "Loud"), key="rsa512", faults=(_FORGEABLE,)))
    pbx_ca = _vendor(workshop, "Dial Root", "Dial")
    pbx = make(Recipe("pbx", "Dial", pbx_ca, key="rsa2048", hash="md5", faults=(WEAK_HASH,)))
    printer = make(Recipe("printer-3f", "Inkwell", key="rsa2048", faults=(SELF_SIGNED,)))
    nas = make(Recipe("nas", "Boxes", key="rsa2048", hash="sha1", faults=(SELF_SIGNED, WEAK_HASH)))
    cosy_ca = _vendor(workshop, "Cosy Devices", "Cosy")
    cosy = make(Recipe("thermostat", "Cosy", cosy_ca, wire_version=3, sans=("dns:thermostat",), faults=(MALFORMED,)))
    return [
        Device("10.20.9.12", 443, (short, issuing), (*_TLS12, *OLD), name=short.recipe.name),
        Device("10.20.9.13", 4433, (shorter,), (*_TLS12, *OLD)),
        Device("10.20.3.13", 5061, (pbx,), (*_TLS12, *OLD)),
        Device("10.20.3.11", 443, (printer,), program="nginx", name="printer-3f"),
        Device("10.20.3.12", 5001, (nas,), program="nginx"),
        Device("10.20.6.31", 443, (cosy,)),
    ]


def _oldest(workshop: Workshop, issuing: Identity) -> list[Device]:
    """TLS 1.0 and 1.1, and TLS 1.3 alone, behind which nobody sees that one certificate has ended."""
    boiler, chiller, pump = (_named(workshop, issuing, host, key="rsa2048") for host in ("boiler", "chiller", "pump"))
    wifi = _named(workshop, issuing, "wifi")
    badges = _named(workshop, issuing, "badges", not_before=days(-500), not_after=days(-40), faults=(EXPIRED,))
    return [
        Device("10.20.6.21", 443, (boiler, issuing), ("-tls1", *OLD), faults=(OLD_TLS,)),
        Device("10.20.6.22", 8443, (chiller, issuing), ("-tls1_1", *_RSA), faults=(OLD_TLS,)),
        Device("fd20:20::9:31", 443, (pump, issuing), ("-tls1_1", *_DHE), faults=(OLD_TLS,), name=pump.recipe.name),
        Device("10.20.1.201", 443, (wifi, issuing), ("-tls1_3",), name=wifi.recipe.name, only_modern=True),
        Device("10.20.3.15", 8443, (badges, issuing), ("-tls1_3",), name=badges.recipe.name, only_modern=True),
    ]


def _healthy(workshop: Workshop, issuing: Identity) -> list[Device]:
    """Devices as they should be, on several programs."""
    found = []
    for host, address, port, program in (
        ("hvac-1", "10.20.6.41", 443, "openssl"),
        ("hvac-2", "10.20.6.42", 443, "openssl"),
        ("light-gw-3", "fd20:20::7:31", 443, "openssl"),
        ("intercom", "10.20.9.21", 6061, "gnutls"),
        ("lift-2", "10.20.7.12", 9443, "gnutls"),
        ("rooms", "10.20.3.16", 443, "nginx"),
    ):
        leaf = _named(workshop, issuing, host)
        options = () if program == "openssl" else _TLS12
        found.append(Device(address, port, (leaf, issuing), options, program, leaf.recipe.name))
    return found


def _outside(workshop: Workshop) -> list[Device]:
    """Other people's services, one of them past its end."""
    public = _vendor(workshop, "Example Public CA", "Example Trust")
    cloud = workshop.make(Recipe("cloud.vista.example", None, public, sans=("dns:cloud.vista.example",)))
    weather = workshop.make(
        Recipe(
            "api.weather.example",
            None,
            public,
            not_before=days(-95),
            not_after=days(-5),
            sans=("dns:api.weather.example",),
            faults=(EXPIRED,),
        )
    )
    return [
        Device("203.0.113.10", 443, (cloud, public), program="nginx", name="cloud.vista.example"),
        Device("198.51.100.20", 443, (weather,), name="api.weather.example"),
    ]


def _meters(workshop: Workshop) -> tuple[Identity, list[tuple[str, tuple[Identity, ...]]]]:
    """Meters only call: they are seen by their client certificates."""
    make = workshop.make
    vendor = _vendor(workshop, "Watt Meter CA", "Watt")
    faults: dict[int, tuple[Fault, ...]] = {3: (EXPIRED,), 4: expiring(7, "high")}
    ends = {3: -2.5, 4: 5}
    found: list[tuple[str, tuple[Identity, ...]]] = []
    for i in (1, 2, 3, 4):
        recipe = Recipe(f"meter-{i}", "Watt", vendor, not_after=days(ends.get(i, 900)), faults=faults.get(i, ()))
        found.append((f"10.20.10.{10 + i}", (make(recipe), vendor)))
    found.append(("10.20.10.15", (make(Recipe("meter-5", "Watt", faults=(SELF_SIGNED,))),)))
    found.append(("10.20.10.16", ()))
    return vendor, found
