"""`certspan collector`: segments of spools into the store, judged on schedule, served to others, told to Prometheus."""

from __future__ import annotations

import re
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analytics.checking import check_options, read_checking
from analytics.duration import Duration
from analytics.exits import Exit, Failure, store_failure
from analytics.service.config import ServiceCommand, log_option, read_sinks

if TYPE_CHECKING:
    from analytics.checking import Checking
    from analytics.collector.loading import Loader
    from analytics.collector.metrics import Metrics
    from analytics.collector.service import Collector
    from analytics.forward.forwarder import Forwarder
    from analytics.service.log import ServiceLog
    from analytics.store import Store

_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\s\[\]]+)):(\d{1,5})")
_STUCK_SECONDS = 900.0
"""A loop that has not come round for so long is stuck."""


class Address(click.ParamType[tuple[str, int]]):
    """An option's value that is host and port: `127.0.0.1:9464`, `[::1]:9464`."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """Give host and port."""
        if isinstance(value, tuple):
            return value
        found = _ADDRESS.fullmatch(str(value).strip())
        if not found or int(found[3]) > 65_535:  # noqa: PLR2004  the last port
            self.fail(f"{value}: write an address as 127.0.0.1:9464 or [::1]:9464", param, ctx)
        return found[1] or found[2], int(found[3])


@click.command(
    cls=ServiceCommand,
    epilog="""\b
Examples:
  certspan collector --spool /var/spool/certspan --store chdb:///var/lib/certspan
  certspan collector --spool SPOOL --store clickhouses://certspan@db.example.com/ --listen 127.0.0.1:9464
  certspan collector --spool SPOOL --store URL --once      load what is there, check, end
  certspan collector --config /etc/certspan.toml           the same from a file, table [collector]

\b
Signals: SIGTERM and Ctrl-C finish what is being loaded and end; SIGHUP reads the configuration again.
Exit status: 0 ended as asked; 1 with --once: segments were set aside, or a rule broke; 2 usage; 4 the
store or a spool failed (with --once; else it is tried again).
""",
)
@click.option(
    "--spool",
    "spools",
    required=True,
    multiple=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder in which a sensor puts its segments; may be repeated.",
)
@click.option("--store", "url", required=True, metavar="URL", help="Where they go: chdb:///folder, or a server.")
@click.option("--once", is_flag=True, help="Load what is there, check, and end.")
@click.option("--check-every", type=Duration(), default="15m", show_default=True, help="How often all is judged.")
@click.option("--no-check", is_flag=True, help="Load only; `certspan check` judges.")
@click.option("--listen", type=Address(), metavar="HOST:PORT", help="Answer /metrics, /healthz and /readyz here.")
@click.option(
    "--serve/--no-serve",
    default=True,
    help="Let other commands use an embedded store meanwhile, over loopback.  [serve]",
)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where each sink's memory is, if the file of --config has tables [[sink]] (docs/forward.md).",
)
@check_options
@log_option
@click.pass_context
def command(context: click.Context, /, **options: Any) -> None:
    """Load what sensors wrote into a store, judge it on schedule, and let others ask it meanwhile."""
    from analytics.cli import clock, clock_ns  # noqa: PLC0415  `--help` need not wait for the store
    from analytics.collector import service  # noqa: PLC0415
    from analytics.collector.loading import Loader  # noqa: PLC0415
    from analytics.collector.metrics import Metrics  # noqa: PLC0415
    from analytics.forward.box import BoxError  # noqa: PLC0415
    from analytics.forward.forwarder import Forwarder  # noqa: PLC0415
    from analytics.service.log import ServiceLog  # noqa: PLC0415
    from analytics.service.signals import heard  # noqa: PLC0415
    from analytics.store_errors import StoreError  # noqa: PLC0415
    from sensor import backlog, watch  # noqa: PLC0415
    from sensor.segment import SpoolError  # noqa: PLC0415

    log = ServiceLog(options["log_form"], clock=clock, monotonic=time.monotonic)
    requests = watch.Requests()
    checking = None if options["no_check"] else read_checking(options)
    sinks = read_sinks(context.command.config)  # type: ignore[attr-defined]
    if sinks and (options["state"] is None or checking is None):
        raise Failure("sinks are told after checks, and need --state DIR for their memories", Exit.USAGE)
    loader = Loader(options["spools"], log)
    metrics = Metrics(options["spools"], loader.passed, [] if checking is None else checking.home, clock_ns)
    try:
        with ExitStack() as held:
            held.enter_context(heard(requests))
            for spool in options["spools"]:
                held.enter_context(backlog.held(spool, "collector"))
            told: list[service.Told] = [metrics]
            if sinks and checking is not None:
                forwarder = Forwarder(sinks, options["state"], checking.home, clock, log)
                held.callback(forwarder.close)
                if not options["once"]:
                    forwarder.start()
                metrics.forwarder = forwarder
                told.append(forwarder)
            collector = service.Collector(
                loader,
                lambda: _opened(options, held, log),
                checking,
                options["check_every"],
                service.Clocks(clock, time.monotonic, time.sleep),
                log,
                requests,
                tuple(told),
                lambda: _again(context, options, log),
            )
            held.callback(collector.close)
            if options["once"]:
                evaluation = collector.once()
                if metrics.forwarder is not None:
                    _deliver(metrics.forwarder, log)
                _tell(loader, log)
                sys.exit(Exit.DAMAGED if loader.passed.failed or (evaluation and evaluation.errors) else Exit.DONE)
            _run(collector, metrics, options, held, log)
    except StoreError as error:
        raise store_failure(error) from error
    except (SpoolError, BoxError) as error:
        raise Failure(str(error), Exit.SINK) from error


def _run(collector: Collector, metrics: Metrics, options: dict[str, Any], held: ExitStack, log: ServiceLog) -> None:
    """Work until a signal ends it."""
    if options["listen"] is not None:
        from analytics.collector.web import Listener  # noqa: PLC0415

        host, port = options["listen"]
        try:
            listener = Listener(host, port, metrics, lambda: collector.seconds_since_round() < _STUCK_SECONDS)
        except OSError as error:
            raise Failure(f"--listen {host}:{port}: {error.strerror}", Exit.USAGE) from error
        held.callback(listener.close)
        log("info", "listening", host=host, port=listener.port)
    log("info", "collecting", spools=",".join(map(str, options["spools"])), store=options["url"])
    collector.run()
    _tell(collector.loader, log)


def _opened(options: dict[str, Any], held: ExitStack, log: ServiceLog) -> Store:
    """Open the store, with its tables, and serve it if it is embedded; StoreError."""
    from analytics.serving.place import served  # noqa: PLC0415
    from analytics.store import StoreError, open_store  # noqa: PLC0415

    store = open_store(options["url"])
    try:
        if applied := store.migrate():
            log("info", "tables brought up to date", migrations=len(applied), last=applied[-1])
        if store.folder is not None and options["serve"] and not options["once"]:
            held.enter_context(served(store.folder))
            store.is_served = True
    except OSError as error:
        store.close()
        raise StoreError(f"{options['url']}: it cannot be served to others: {error.strerror}") from error
    except StoreError:
        store.close()
        raise
    return store


def _again(context: click.Context, options: dict[str, Any], log: ServiceLog) -> tuple[Checking | None, float]:
    """Read the configuration again and say what changed; what cannot be read changes nothing."""
    try:
        new = context.command.read_again(context)  # type: ignore[attr-defined]
        checking = None if new["no_check"] else read_checking(new)
    except click.ClickException as error:
        log("error", "configuration not read", message=error.format_message())
        return (None if options["no_check"] else read_checking(options)), options["check_every"]
    changed = ServiceCommand.tell_changes(options, new, log)
    if fixed := sorted(changed & {"spools", "url", "listen", "serve", "log_form", "once"}):
        log("warning", "a new start is needed", options=",".join(fixed))
    options.update({name: value for name, value in new.items() if name not in fixed})
    return checking, new["check_every"]


def _tell(loader: Loader, log: ServiceLog) -> None:
    passed = loader.passed
    log(
        "info",
        "loaded",
        segments=passed.segments,
        sessions=passed.sessions,
        certificates=passed.certificates,
        repeated=passed.repeated,
        set_aside=passed.failed,
    )


def _deliver(forwarder: Forwarder, log: ServiceLog) -> None:
    """Tell the sinks what there is to tell; what one cannot take now waits for the next time."""
    forwarder.deliver()
    for name, counts in forwarder.counts.items():
        if counts.error is not None:
            log("error", "sink away", message=counts.error, sink=name)
        else:
            log("info", "told", sink=name, messages=counts.sent, refused=counts.refused)
