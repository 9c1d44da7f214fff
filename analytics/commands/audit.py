"""`certspan audit`: captures in, findings out."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from analytics.budget import LEAST
from analytics.engines import JOINED_HELP, MAPPED, processors, reader_option, workers_option
from analytics.exits import Exit, Failure, complain, store_failure
from analytics.size import Size
from analytics.trust_options import settings, trust_options
from rules.rule import SEVERITIES, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from analytics.audit import Request
    from analytics.report.model import Run
    from analytics.runlog import RunLog
    from rules.pack import RulePack

_PIPE_WIDTH = 100
"""Columns of a summary that goes into a file or a pipe."""
_FILE = click.Path(dir_okay=True, allow_dash=True)


@click.command(
    epilog="""\b
Examples:
  certspan audit office.pcap                            the summary
  certspan audit captures/ --report report.html         a folder; the report for a browser or the auditor
  certspan audit 'span-*.pcapng.zst' --home 10.0.0.0/8  a pattern; what counts as yours
  certspan audit --joined ring/                         one capture in many files, as tcpdump -C writes it
  certspan audit old.pcap --at now                      judge as of today, not as of the capture
  zcat big.pcap.gz | certspan audit - --json - | jq .coverage
  certspan audit nightly.pcap --fail-on high || mail -s certificates me@example.com
  certspan audit plant.pcap --policy site.toml            your own demands, and who answers for what
  certspan audit monday.pcap --store chdb:///srv/certspan   keep sessions, certificates, findings

\b
Exit status:
  0  done
  1  an input was damaged, nothing could be read, or a rule broke; the rest is reported
  2  usage, or a path that cannot be opened
  3  findings at or above --fail-on
  4  the store or an output failed
If several apply: 4, then 3, then 1.
"""
)
@click.argument("captures", nargs=-1, required=True, metavar="CAPTURE...")
@click.option("--report", type=_FILE, metavar="FILE", help="Write the report, one HTML file that loads nothing.")
@click.option(
    "--json", type=_FILE, metavar="FILE", help="Write everything as one JSON document (docs/audit.schema.json)."
)
@click.option("--csv", type=_FILE, metavar="FILE", help="Write findings for a spreadsheet, one row each.")
@click.option("--ndjson", type=_FILE, metavar="FILE", help="Write findings as JSON lines, one each.")
@click.option(
    "--at",
    default="capture",
    show_default=True,
    metavar="WHEN",
    help="Judge as of: 'capture' (the latest packet), 'now', or a time such as 2026-12-01T00:00:00Z or 2026-12-01.",
)
@click.option(
    "--home",
    multiple=True,
    metavar="CIDR",
    help="A network that is yours; give it several times. Default: private, unique-local, link-local, loopback ranges.",
)
@click.option(
    "--policy",
    type=click.Path(),
    metavar="FILE",
    help="Judge by this policy, in TOML; `certspan policy example` prints one.",
)
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    help="Exit 3 if there are findings of this severity or above about machines of yours "
    "(about any machine, with --all or where nothing is yours).",
)
@trust_options
@click.option("--store", metavar="URL", help="Keep what was found in this store, such as chdb:///srv/certspan.")
@click.option(
    "--memory",
    metavar="SIZE",
    type=Size(LEAST),
    help="Budget of the whole process, such as 1G, half of it for queries of the store; see docs/using.md.",
)
@click.option(
    "--rules", "folder", type=click.Path(), metavar="FOLDER", help="Judge by rules of your own too; see certspan rules."
)
@workers_option
@reader_option
@click.option("--joined", is_flag=True, help=JOINED_HELP)
@click.option("--all", "everything", is_flag=True, help="Leave nothing out of the summary; others' machines too.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How trouble is told on standard error.",
)
def command(captures: tuple[str, ...], **options: Any) -> None:
    """Tell what is wrong with the certificates in captures: what, where, how bad, what next.

    CAPTURE is a pcap or pcapng file (also gzip, zstd, lz4), a folder, a pattern, or '-' for standard input. FILE may
    be '-' for standard output, once; the summary is then left out.
    """
    with _stopping():
        sys.exit(_run(captures, options))


def _run(captures: tuple[str, ...], options: dict[str, Any]) -> int:
    """Do the audit; the exit status. Everything that can be refused is refused before the work starts."""
    from rules.pack import RuleFolderError, load_rules  # noqa: PLC0415

    try:
        pack = load_rules(Path(options["folder"]) if options["folder"] else None)
    except RuleFolderError as error:
        raise Failure(str(error), Exit.USAGE) from error
    request = _request(captures, options, pack)
    outputs = _outputs(options, request)

    from analytics.audit import audit  # noqa: PLC0415  `--help` need not wait for the store
    from analytics.cli import clock  # noqa: PLC0415  the composition root imports us
    from analytics.derive.blocklist import BlocklistError  # noqa: PLC0415
    from analytics.progress import progress  # noqa: PLC0415
    from analytics.runlog import RunLog  # noqa: PLC0415
    from analytics.store_errors import StoreError  # noqa: PLC0415
    from sensor.segment import SpoolError  # noqa: PLC0415

    log = RunLog(options["log_format"], clock)
    try:
        with progress(_total(request)) as bar:
            run = audit(request, pack, progress=lambda now: bar.update(now.bytes, now.packets, now.sessions))
    except StoreError as error:
        log.trouble("store failed", str(error))
        return store_failure(error).exit_code
    except SpoolError as error:
        log.trouble("spool failed", str(error))
        return Exit.SINK
    except BlocklistError as error:  # it was there when the work began
        log.trouble("blocklist failed", str(error))
        return Exit.USAGE
    log.tell(run)
    failed = _write(run, outputs, options | {"captures": captures}, log)
    return _status(run, options, failed=failed)


def _total(request: Request) -> int | None:
    """Add up the bytes to read; None where a pipe makes it unknown."""
    sizes = [capture.size for capture in request.captures]
    return None if None in sizes else sum(size or 0 for size in sizes)


def _request(captures: tuple[str, ...], options: dict[str, Any], pack: RulePack) -> Request:
    """Check what the user asked for."""
    from analytics import at, network  # noqa: PLC0415
    from analytics.audit import Request  # noqa: PLC0415
    from analytics.cli import clock  # noqa: PLC0415
    from analytics.policy.apply import home  # noqa: PLC0415
    from analytics.policy.read import PolicyError, read_policy  # noqa: PLC0415
    from sensor.joined import check  # noqa: PLC0415
    from sensor.source import SourceError, expand  # noqa: PLC0415

    try:
        when, how = at.parse(options["at"], clock)
        policy = None if options["policy"] is None else read_policy(options["policy"], pack)
        inputs = expand(captures)
        if options["joined"]:
            check(inputs)
        return Request(
            inputs,
            when,
            how,
            home(policy, options["home"]),
            options["store"],
            options["memory"],
            options["workers"] or processors(),
            mapped=options["reader"] == MAPPED,
            joined=options["joined"],
            settings=settings(options, policy),
            policy=policy,
        )
    except network.NetworkError as error:
        raise Failure(f"--home {error}", Exit.USAGE) from error
    except (at.AtError, SourceError, PolicyError) as error:
        raise Failure(str(error), Exit.USAGE) from error


def _outputs(options: dict[str, Any], request: Request) -> dict[str, str]:
    """Check that every output can be written, and that none overwrites another or a capture."""
    from analytics.report import files  # noqa: PLC0415

    outputs = {name: options[name] for name in ("report", "json", "csv", "ndjson") if options[name] is not None}
    taken = {os.path.realpath(one.path): f"it is the capture {one.name}" for one in request.captures if one.path}
    for name, path in outputs.items():
        place = "-" if path == "-" else os.path.realpath(path)
        if place in taken:
            raise Failure(f"--{name} {path}: {taken[place]}; choose another file", Exit.USAGE)
        if not _is_device(place):
            taken[place] = "another output goes there"
        if path != "-":
            try:
                files.check(path)
            except files.UnusablePathError as error:
                raise Failure(f"--{name} {error}", Exit.USAGE) from error
    return outputs


def _is_device(place: str) -> bool:
    """Several outputs may go to one device: /dev/null."""
    return place.startswith("/dev/")


def _write(run: Run, outputs: dict[str, str], options: dict[str, Any], log: RunLog) -> bool:
    """Write all outputs, then the summary; True if any of them failed. One that fails does not stop the others."""
    from analytics.output import ReaderGoneError, write_out  # noqa: PLC0415
    from analytics.report import files  # noqa: PLC0415

    failed = False
    for name, path in outputs.items():
        try:
            if path == "-":
                write_out("".join(_pieces(run, name)).encode())
            else:
                files.write(path, _pieces(run, name))
        except ReaderGoneError:
            failed = True
        except OSError as error:
            failed = True
            log.trouble("output failed", f"not written: {error.strerror}", about=f"--{name} {path}")
        except Failure as failure:
            failed = True
            log.trouble("output failed", failure.message)
    if "-" not in outputs.values():
        failed = _summarise(run, outputs, options, log) or failed
    return failed


def _pieces(run: Run, name: str) -> Iterable[str]:
    """Give one output, in pieces."""
    from analytics.report import csv, html, json, ndjson  # noqa: PLC0415

    if name == "report":
        return [html.render(run)]
    if name == "json":
        return [json.render(run)]
    return csv.lines(run) if name == "csv" else ndjson.lines(run)


def _summarise(run: Run, outputs: dict[str, str], options: dict[str, Any], log: RunLog) -> bool:
    """Print the summary; True if standard output failed. A reader that went away (`| head`) is no failure."""
    from analytics.output import ReaderGoneError, write_out  # noqa: PLC0415
    from analytics.report import terminal  # noqa: PLC0415

    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    summary = terminal.render(
        run,
        everything=options["everything"],
        width=_width(),
        colour=colour,
        asked=shlex.join(options["captures"]),
        written=outputs,
    )
    try:
        write_out(summary.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
    except ReaderGoneError:
        return False
    except Failure as failure:
        log.trouble("output failed", failure.message)
        return True
    return False


def _width() -> int:
    """Columns: of the terminal, else what the environment says, else a fixed number."""
    import shutil  # noqa: PLC0415

    fallback = (_PIPE_WIDTH, 24)
    return max(20, shutil.get_terminal_size(fallback).columns if sys.stdout.isatty() else int(_columns()))


def _columns() -> str:
    given = os.environ.get("COLUMNS", "")
    return given if given.isdecimal() and int(given) else str(_PIPE_WIDTH)


def _status(run: Run, options: dict[str, Any], *, failed: bool) -> int:
    """Give the exit status: the gravest that applies."""
    from sensor.pipeline import CANNOT_OPEN  # noqa: PLC0415

    if failed:
        return Exit.SINK
    if options["fail_on"] is not None:
        threshold = Severity[options["fail_on"].upper()]
        counted = run.findings if options["everything"] else run.scope
        if any(finding.severity >= threshold for finding in counted):
            return Exit.FINDINGS
    inputs = run.provenance.inputs
    if any(damage.code == CANNOT_OPEN for capture in inputs for damage in capture.damage):
        return Exit.USAGE
    whole = inputs and not any(capture.damage or capture.state == "unreadable" for capture in inputs)
    return Exit.DONE if whole and not run.rule_errors else Exit.DAMAGED


@contextlib.contextmanager
def _stopping() -> Iterator[None]:
    """Leave in order when interrupted or terminated: the temporary store goes away."""

    def leave(number: int, _frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    before = signal.getsignal(signal.SIGTERM)
    with contextlib.suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGTERM, leave)
    try:
        yield
    except KeyboardInterrupt:
        complain("interrupted: nothing was reported")
        sys.exit(128 + signal.SIGINT)
    finally:
        with contextlib.suppress(ValueError, TypeError):
            signal.signal(signal.SIGTERM, before)
