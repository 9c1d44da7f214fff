"""`certspan forward`: what happened to findings, told to SIEMs and others."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analytics.duration import Duration
from analytics.exits import Exit, Failure, store_failure
from analytics.service.config import ServiceCommand, log_option, read_sinks

if TYPE_CHECKING:
    from analytics.forward.forwarder import Forwarder
    from analytics.forward.settings import SinkSettings


@click.command(
    cls=ServiceCommand,
    epilog="""\b
Examples:
  certspan forward --config certspan.toml --store URL --state DIR          go on until it is asked to end
  certspan forward --config certspan.toml --store URL --state DIR --once   what is new now, then end
  certspan forward --config certspan.toml --test soc                       one made-up message to this sink
  certspan forward --config certspan.toml --state DIR --dead soc           what the sink would not take
  certspan forward --config certspan.toml --state DIR --revive soc         try that again

\b
Sinks are tables [[sink]] of the file (docs/forward.md). Inside of `certspan collector --state DIR` the same
sinks are told after each check. Exit status: 0 done; 1 a sink refused some for good; 2 usage; 4 the store
failed, or with --once or --test a sink could not be told.
""",
)
@click.option("--store", "url", metavar="URL", help="The store, such as chdb:///srv/certspan.")
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder in which each sink's memory is: what it knows, what waits, what it would not take.",
)
@click.option("--every", type=Duration(), default="1m", show_default=True, help="How often the store is asked.")
@click.option("--home", multiple=True, metavar="CIDR", help="A network that is yours; as for certspan audit.")
@click.option("--once", is_flag=True, help="Tell what is new now, and end.")
@click.option("--test", metavar="SINK", help="Send one made-up message to this sink, and say what came of it.")
@click.option("--dead", metavar="SINK", help="Print what this sink would not take, a JSON object a line.")
@click.option("--revive", metavar="SINK", help="Let what this sink would not take wait again.")
@log_option
@click.pass_context
def command(context: click.Context, /, **options: Any) -> None:
    """Tell sinks what happened to findings, and by option of new certificates, issuers and sightings."""
    from analytics.forward.box import BoxError  # noqa: PLC0415  `--help` need not wait
    from analytics.store_errors import StoreError  # noqa: PLC0415

    sinks = read_sinks(context.command.config)  # type: ignore[attr-defined]
    if not sinks:
        raise Failure("no sink: write tables [[sink]] into the file of --config (docs/forward.md)", Exit.USAGE)
    if options["test"] is not None:
        _test(_named(sinks, options["test"]))
        return
    if options["state"] is None:
        raise Failure("--state DIR is missing: where is each sink's memory to be?", Exit.USAGE)
    try:
        if options["dead"] is not None or options["revive"] is not None:
            _look(options["state"], sinks, options)
            return
        if options["url"] is None:
            raise Failure("--store URL is missing", Exit.USAGE)
        _run(sinks, options)
    except StoreError as error:
        raise store_failure(error) from error
    except BoxError as error:
        raise Failure(str(error), Exit.SINK) from error


def _named(sinks: list[SinkSettings], name: str) -> SinkSettings:
    for sink in sinks:
        if sink.name == name:
            return sink
    there = ", ".join(sink.name for sink in sinks)
    raise Failure(f"there is no sink {name}; there are {there}", Exit.USAGE)


def _test(settings: SinkSettings) -> None:
    """Send a made-up message; Failure if it does not arrive."""
    from analytics.cli import clock  # noqa: PLC0415
    from analytics.forward.forwarder import make_sink  # noqa: PLC0415
    from analytics.forward.sample import sample  # noqa: PLC0415
    from analytics.forward.sinks import SinkError  # noqa: PLC0415

    try:
        sink = make_sink(settings)
        try:
            refused = sink.send([sample(clock())])
        finally:
            sink.close()
    except SinkError as error:
        raise Failure(str(error), Exit.SINK) from error
    if refused:
        raise Failure(f"{settings.shown}: refused: {refused[0]}", Exit.SINK)
    heard = "was sent; UDP tells no more" if settings.scheme == "udp" else "was taken"
    click.echo(f"{settings.shown}: a test message {heard}")


def _look(state: Path, sinks: list[SinkSettings], options: dict[str, Any]) -> None:
    from analytics.forward.box import Box  # noqa: PLC0415

    settings = _named(sinks, options["dead"] or options["revive"])
    box = Box(state, settings.name)
    try:
        if options["dead"] is not None:
            for letter in box.dead():
                click.echo(json.dumps(letter))
        else:
            click.echo(f"{box.revive()} messages wait again")
    finally:
        box.close()


def _run(sinks: list[SinkSettings], options: dict[str, Any]) -> None:
    from analytics import network  # noqa: PLC0415
    from analytics.cli import clock  # noqa: PLC0415
    from analytics.forward.forwarder import Forwarder  # noqa: PLC0415
    from analytics.service.log import ServiceLog  # noqa: PLC0415
    from analytics.service.signals import heard, wait  # noqa: PLC0415
    from sensor.watch import Requests  # noqa: PLC0415

    try:
        home = network.home_ranges(options["home"])
    except network.NetworkError as error:
        raise Failure(f"--home {error}", Exit.USAGE) from error
    log = ServiceLog(options["log_form"], clock=clock, monotonic=time.monotonic)
    requests = Requests()
    forwarder = Forwarder(sinks, options["state"], home, clock, log)
    with heard(requests):
        try:
            if options["once"]:
                sys.exit(_once(forwarder, options["url"]))
            forwarder.start()
            log("info", "forwarding", sinks=",".join(sink.name for sink in sinks), store=options["url"])
            while not requests.stop:
                requests.reload = False
                _take_in(forwarder, options["url"], log)
                wait(requests, options["every"], monotonic=time.monotonic, sleep=time.sleep)
        finally:
            forwarder.close()


def _take_in(forwarder: Forwarder, url: str, log: Any) -> None:
    """Ask the store once; a store that fails is asked again next time."""
    from analytics.store import StoreError, open_store  # noqa: PLC0415

    try:
        with open_store(url, read_only=True) as store:
            if count := forwarder.take_in(store):
                log("info", "to be told", messages=count)
    except StoreError as error:
        log("error", "failed", message=str(error))


def _once(forwarder: Forwarder, url: str) -> int:
    """Tell what is new; the exit status."""
    from analytics.exits import complain  # noqa: PLC0415
    from analytics.store import open_store  # noqa: PLC0415

    with open_store(url, read_only=True) as store:
        forwarder.take_in(store)
    forwarder.deliver()
    waiting = forwarder.waiting()
    for name, counts in forwarder.counts.items():
        if counts.error is not None:
            complain(counts.error)
        waits, dead = waiting[name]
        click.echo(f"{name}: {counts.sent:,} told, {waits:,} wait, {dead:,} refused")
    if any(counts.error for counts in forwarder.counts.values()):
        return Exit.SINK
    return Exit.DAMAGED if any(counts.refused for counts in forwarder.counts.values()) else Exit.DONE
