"""Whether this machine can watch an interface, and the mirror shows both directions."""

from __future__ import annotations

import errno
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.doctor import BAD, OK, WARN, Finding
from sensor import live, oneway

if TYPE_CHECKING:
    from collections.abc import Iterator

_UP, _PROMISC = 0x1, 0x100
_FEW = 20
"""Connections below which a share says nothing."""


def take_right() -> None:
    """Take the right to receive frames where the interpreter's file offers it, as the sensor does; all else goes."""
    with suppress(ImportError, OSError):
        from sensor._rust import keep_net_raw_only  # noqa: PLC0415  `--help` needs no native module

        keep_net_raw_only()


def right() -> Finding:
    """Check that raw frames may be received."""
    if not hasattr(socket, "AF_PACKET"):
        return Finding(
            BAD, "capture", f"{sys.platform} has no AF_PACKET", "watch on Linux, or audit captures of tcpdump"
        )
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except OSError as error:
        if error.errno in (errno.EPERM, errno.EACCES):
            program = Path(sys.executable).resolve()
            return Finding(
                BAD, "right", "no right to receive frames (CAP_NET_RAW)", f"sudo setcap cap_net_raw=ep {program}"
            )
        return Finding(BAD, "capture", f"frames cannot be received: {error.strerror}", None)
    return Finding(OK, "right", "frames may be received (CAP_NET_RAW)")


def interface(name: str) -> Iterator[Finding]:
    """Check that an interface is there, up, and one that only listens."""
    if name not in live.interfaces():
        there = ", ".join(live.interfaces()) or "none"
        yield Finding(BAD, name, f"no such interface; there are {there}", None)
        return
    flags = _flags(name)
    if flags is not None and not flags & _UP:
        yield Finding(BAD, name, "it is down", f"sudo ip link set {name} up")
    elif _text(name, "carrier") == "0":
        yield Finding(
            BAD, name, "no carrier: nothing is plugged in, or the other side is down", "look at cable and switch"
        )
    else:
        yield Finding(OK, name, "it is up")
    if addresses := _addresses(name):
        yield Finding(
            WARN,
            name,
            f"it has an address ({addresses[0]}): a mirror port should have none, or this machine answers on it",
            f"sudo ip address flush dev {name}; sudo sysctl -w net.ipv6.conf.{name}.disable_ipv6=1",
        )
    sent = _text(name, "statistics/tx_packets")
    if sent not in (None, "0"):
        yield Finding(
            WARN, name, f"it has sent {int(sent or 0):,} frames since it is there: a mirror port should send none", None
        )
    missed = sum(int(_text(name, f"statistics/{file}") or 0) for file in ("rx_missed_errors", "rx_fifo_errors"))
    if missed:
        yield Finding(
            WARN, name, f"its card has dropped {missed:,} frames for lack of room", f"sudo ethtool -G {name} rx 4096"
        )


def traffic(name: str, seconds: float) -> Iterator[Finding]:
    """Watch for a while whether anything comes, and from both sides."""
    try:
        sight = oneway.look(name, seconds)
    except OSError as error:
        yield Finding(BAD, name, f"it cannot be watched: {error.strerror}", None)
        return
    if not sight.frames:
        yield Finding(
            BAD, name, f"nothing came in {seconds:.0f} s", "look at the mirror session of the switch (SPAN, TAP, VXLAN)"
        )
        return
    yield Finding(OK, name, f"{sight.frames:,} frames in {seconds:.0f} s, {sight.tcp:,} of them TCP")
    known = sight.both + sight.one
    if known < _FEW:
        yield Finding(
            OK, name, f"{known} connections: too few to say whether both directions are mirrored (--seconds 60)", None
        )
    elif sight.one > known / 2:
        yield Finding(
            BAD,
            name,
            f"{sight.one:,} of {known:,} connections show one direction only: certificates will be missed",
            "mirror both directions: `monitor session 1 source interface ... both`, or both outputs of the TAP",
        )
    elif sight.one > known / 10:
        yield Finding(
            WARN,
            name,
            f"{sight.one:,} of {known:,} connections show one direction only",
            "look for a second path: port channels, asymmetric routes, VLANs that are not mirrored",
        )
    else:
        yield Finding(OK, name, f"both directions of {sight.both:,} of {known:,} connections")


def _flags(name: str) -> int | None:
    text = _text(name, "flags")
    return None if text is None else int(text, 16)


def _text(name: str, file: str) -> str | None:
    """Read what sysfs says of an interface; None: it is not mounted here, or says nothing."""
    try:
        return Path(f"/sys/class/net/{name}/{file}").read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None


def _addresses(name: str) -> list[str]:
    """Give the IPv6 addresses of an interface, and its IPv4 one."""
    found = []
    try:
        import fcntl  # noqa: PLC0415

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            answer = fcntl.ioctl(asking.fileno(), 0x8915, name.encode()[:15].ljust(40, b"\0"))  # SIOCGIFADDR
            found.append(socket.inet_ntoa(answer[20:24]))
    except OSError:
        pass
    try:
        for line in Path("/proc/net/if_inet6").read_text("ascii").splitlines():
            fields = line.split()
            if fields[-1] == name:
                found.append(socket.inet_ntop(socket.AF_INET6, bytes.fromhex(fields[0])))
    except OSError:
        pass
    return found
