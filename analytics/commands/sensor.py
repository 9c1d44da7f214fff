"""`certspan sensor`: watch interfaces, write segments. It holds no store, listens on nothing and sends nothing."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analytics.duration import Duration
from analytics.engines import LEAST_MEMORY, processors, workers_option
from analytics.exits import Exit, Failure
from analytics.service.config import ServiceCommand, log_option
from analytics.size import Size
from sensor.room import KEEP_FREE_BYTES, NEWEST, OLDEST

if TYPE_CHECKING:
    from analytics.service.log import ServiceLog
    from sensor._rust import Reading
    from sensor.live import Watch
    from sensor.room import Room
    from sensor.watch import Requests, Rotation

_LEAST_RING = 4 << 20
_LEAST_SPOOL = 1 << 20


@click.command(
    cls=ServiceCommand,
    epilog="""\b
Examples:
  sudo certspan sensor --interface eth1 --spool /var/spool/certspan
  certspan sensor --config /etc/certspan.toml            the same from a file, table [sensor]
  certspan sensor -i eth1 -i eth2 --spool SPOOL --clients hash --key-file /etc/certspan.key
  certspan sensor -i eth1 --spool SPOOL --filter <(tcpdump -ddd -i eth1 'not port 9100')

\b
Signals: SIGTERM and Ctrl-C finish what is open and end; SIGHUP reads the configuration again and says
what changed. Exit status: 0 ended as asked; 2 usage, or an interface that cannot be watched; 4 the spool.
""",
)
@click.option("-i", "--interface", "interfaces", multiple=True, required=True, metavar="IF", help="What to watch.")
@click.option(
    "--spool",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder for the segments, which `certspan collector` takes from there.",
)
@click.option("--name", metavar="NAME", help="What the sensor is called in the store.  [default: the host's name]")
@click.option("--memory", metavar="SIZE", type=Size(LEAST_MEMORY), help="Budget of the core, such as 256M.")
@workers_option
@click.option(
    "--ring", metavar="SIZE", type=Size(_LEAST_RING), help="Memory of the kernel's ring, for each interface.  [64M]"
)
@click.option("--promiscuous/--no-promiscuous", default=True, help="Frames for other machines too.  [promiscuous]")
@click.option(
    "--filter",
    "filter_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Frames to look at, as `tcpdump -ddd EXPRESSION` writes them; the kernel passes over the rest.",
)
@click.option("--exclude", multiple=True, metavar="CIDR", help="A network whose packets are passed over.")
@click.option(
    "--clients",
    type=click.Choice(["keep", "truncate", "hash"]),
    default="keep",
    show_default=True,
    help="What becomes of client addresses before anything is written.",
)
@click.option(
    "--kept-bits",
    nargs=2,
    type=(click.IntRange(0, 32), click.IntRange(0, 128)),
    default=(24, 48),
    show_default=True,
    metavar="V4 V6",
    help="With --clients truncate: bits that stay.",
)
@click.option(
    "--key-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="With --clients truncate or hash: 64 hex digits (openssl rand -hex 32).",
)
@click.option(
    "--segment-time", type=Duration(), default="10s", show_default=True, help="A segment is sealed after so long."
)
@click.option("--spool-size", metavar="SIZE", type=Size(_LEAST_SPOOL), help="How much may wait in the spool.")
@click.option("--spool-age", type=Duration(), help="How long a segment may wait, such as 7d.")
@click.option(
    "--keep-free",
    metavar="SIZE",
    type=Size(0),
    default=KEEP_FREE_BYTES,
    help="What is left to others on the disk.  [256M]",
)
@click.option(
    "--when-full",
    type=click.Choice([OLDEST, NEWEST]),
    default=OLDEST,
    show_default=True,
    help="Which segments go when the spool is full; what goes is counted.",
)
@log_option
@click.pass_context
def command(context: click.Context, /, **options: Any) -> None:
    """Watch mirrored traffic, and write what it shows of certificates into a spool folder.

    It needs one right, CAP_NET_RAW, and gives up all others. `certspan doctor` says what is missing.
    """
    from analytics.cli import clock  # noqa: PLC0415  `--help` need not wait
    from analytics.service.log import ServiceLog  # noqa: PLC0415
    from analytics.service.signals import heard  # noqa: PLC0415
    from sensor import backlog, watch  # noqa: PLC0415
    from sensor.live import LiveError  # noqa: PLC0415
    from sensor.segment import SpoolError  # noqa: PLC0415

    log = ServiceLog(options["log_form"], clock=clock, monotonic=time.monotonic)
    requests = watch.Requests()
    service = _Service(context, options, log, requests)
    try:
        with heard(requests), backlog.held(options["spool"], "sensor"):
            if left := backlog.sweep(options["spool"]):
                log("info", "remains of a broken run removed", segments=left)
            while not requests.stop:
                service.work()
    except LiveError as error:
        raise Failure(str(error), Exit.USAGE) from error
    except SpoolError as error:
        raise Failure(str(error), Exit.SINK) from error


class _Service:
    """The sensor with its configuration, which may change while it works."""

    def __init__(self, context: click.Context, options: dict[str, Any], log: ServiceLog, requests: Requests) -> None:
        self._context = context
        self._options = options
        self._proven = options
        """Those that it could work with."""
        self._log = log
        self._requests = requests

    def work(self) -> None:
        """Watch until the end is asked for, or other options; LiveError, SpoolError."""
        from sensor.live import LiveError  # noqa: PLC0415

        plan = _plan(self._options)
        try:
            reading = _open(plan)
        except LiveError as error:
            if self._options is self._proven:
                raise
            self._log("error", "configuration not taken over", message=str(error))
            self._options = self._proven
            return
        self._proven = self._options
        self._watch(plan, reading)

    def _watch(self, plan: Watch, reading: Reading) -> None:
        from analytics.cli import clock_ns  # noqa: PLC0415
        from sensor import watch  # noqa: PLC0415
        from sensor._rust import ENGINE_VERSION  # noqa: PLC0415
        from sensor.spool import Spool  # noqa: PLC0415

        folder = self._options["spool"]
        self._log("info", "watching", interfaces=",".join(plan.interfaces), sensor=plan.sensor, spool=folder)
        spool = Spool(folder, engine_version=ENGINE_VERSION, sensor=plan.sensor, began_ns=clock_ns())
        line = _StatusLine()
        sensor = watch.Sensor(
            reading,
            spool,
            folder,
            plan.sensor,
            watch.Clocks(clock_ns, time.monotonic),
            self._log,
            self._requests,
            *_limits(self._options),
            tick=line.show,
            reload=self._reload,
        )
        try:
            sensor.run()
        finally:
            line.clear()
        told = sensor.counters()
        names = ("packets", "kernel_drops", "interface_drops", "sessions", "segments", "sessions_dropped")
        self._log("info", "ended", **{name: told.get(name, 0) for name in names})

    def _reload(self) -> tuple[Rotation, Room] | None:
        """Read the configuration again and say what changed; what cannot be read changes nothing."""
        from sensor.live import LiveError  # noqa: PLC0415

        old = self._options
        try:
            new = self._context.command.read_again(self._context)  # type: ignore[attr-defined]
            plans = _plan(old), _plan(new)
        except (click.ClickException, LiveError) as error:
            message = error.format_message() if isinstance(error, click.ClickException) else str(error)
            self._log("error", "configuration not read", message=message)
            return _limits(old)
        if "spool" in ServiceCommand.tell_changes(old, new, self._log):
            self._log("warning", "another spool needs a new start")
            new["spool"] = old["spool"]
        self._options = new
        return _limits(new) if plans[0] == plans[1] else None


def _open(plan: Watch) -> Reading:
    from sensor._rust import keep_net_raw_only  # noqa: PLC0415
    from sensor.live import open_live  # noqa: PLC0415

    if sys.platform == "linux":
        keep_net_raw_only()
    return open_live(plan)


def _plan(options: dict[str, Any]) -> Watch:
    """Say what to watch; LiveError."""
    from sensor.live import LiveError, Privacy, Watch, network_bits, read_key, read_program  # noqa: PLC0415

    for network in options["exclude"]:
        network_bits(network)
    key = None
    if options["clients"] != "keep":
        if options["key_file"] is None:
            raise LiveError(f"--clients {options['clients']} needs --key-file: openssl rand -hex 32 > FILE makes one")
        key = read_key(options["key_file"])
    program: tuple[tuple[int, int, int, int], ...] = ()
    if options["filter_file"] is not None:
        try:
            program = read_program(options["filter_file"].read_text("ascii").splitlines())
        except (OSError, UnicodeDecodeError) as error:
            raise LiveError(f"{options['filter_file']}: {getattr(error, 'strerror', None) or 'not text'}") from error
    return Watch(
        interfaces=tuple(dict.fromkeys(options["interfaces"])),
        sensor=options["name"] or socket.gethostname(),
        memory=options["memory"],
        workers=options["workers"] or processors(),
        ring_bytes=options["ring"],
        promiscuous=options["promiscuous"],
        program=program,
        privacy=Privacy(options["clients"], tuple(options["kept_bits"]), key, tuple(options["exclude"])),
    )


def _limits(options: dict[str, Any]) -> tuple[Rotation, Room]:
    from sensor.room import Room  # noqa: PLC0415
    from sensor.watch import Rotation  # noqa: PLC0415

    room = Room(options["spool_size"], options["spool_age"], options["keep_free"], options["when_full"])
    return Rotation(seconds=options["segment_time"]), room


class _StatusLine:
    """One line on a terminal, written over and over."""

    def __init__(self) -> None:
        self._wanted = sys.stderr.isatty()
        self._before: tuple[float, int] | None = None

    def show(self, counters: dict[str, int]) -> None:
        """Write how it is."""
        if not self._wanted:
            return
        now, packets = time.monotonic(), counters["packets"]
        rate = 0.0
        if self._before is not None and now > self._before[0]:
            rate = (packets - self._before[1]) / (now - self._before[0])
        self._before = now, packets
        drops = counters["kernel_drops"] + counters["interface_drops"]
        sealed = counters.get("sessions", 0)
        text = f"{rate:,.0f} packets/s, {packets:,} in all, {sealed:,} handshakes sealed, {drops:,} drops"
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Leave the line empty."""
        if self._wanted:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
