"""`certspan compare`: the native core against tshark, for whoever must trust the one or the other."""

from __future__ import annotations

import os
import sys

import click

from analytics.compare.reasons import UNEXPLAINED
from analytics.compare.run import Comparison, compare_capture
from analytics.compare.text import document, lines, summary
from analytics.engines import NATIVE, TSHARK, engine
from analytics.exits import Exit, Failure, complain
from analytics.output import ReaderGoneError, write_out
from analytics.report.text import LONG, inert
from sensor.source import SourceError, expand


@click.command()
@click.argument("captures", nargs=-1, required=True, metavar="CAPTURE...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a capture instead of text.")
def command(captures: tuple[str, ...], *, as_json: bool) -> None:
    """Read captures with certspan's own core and with tshark, and print each difference with its reason.

    Sessions are matched by their ids, then by their flows; every field that both know is compared. The reasons are
    listed in docs/using.md; a difference without one is unexplained, and worth looking at. CAPTURE is a file, plain or
    compressed, a folder, or a pattern. tshark and pyshark must be installed; tshark is slow and needs much memory.

    \b
    certspan compare office.pcap
    certspan compare --json captures/ | jq '.differences[] | select(.reason == "unexplained")'

    Exit status: 0 no difference, or each is explained; 1 one is not, or a capture is damaged or is none; 2 a path
    cannot be opened, or tshark is not installed; 4 the output cannot be written.
    """  # noqa: D301  click's own mark
    try:
        inputs = expand(captures)
    except SourceError as error:
        raise Failure(str(error), Exit.USAGE) from error
    native, tshark = engine(NATIVE, inputs), engine(TSHARK, inputs)
    comparisons: list[Comparison] = []
    status = Exit.DONE
    try:
        for capture in inputs:
            try:
                comparison = compare_capture(capture, native, tshark)
            except OSError as error:
                complain(f"{inert(capture.name, LONG)}: {os.strerror(error.errno) if error.errno else error}")
                status = Exit.USAGE
                continue
            comparisons.append(comparison)
            _show(comparison, as_json=as_json)
        if not as_json:
            write_out(summary(comparisons).encode() + b"\n")
    except ReaderGoneError:
        return
    sys.exit(max(status, _status(comparisons)))


def _show(comparison: Comparison, *, as_json: bool) -> None:
    write_out(document(comparison) if as_json else "".join(f"{line}\n" for line in lines(comparison)).encode())
    for who, damage in ((NATIVE, comparison.native_damage), (TSHARK, comparison.tshark_damage)):
        for item in damage:
            complain(f"{inert(comparison.capture, LONG)}: {who}: {inert(item.message, LONG)}")


def _status(comparisons: list[Comparison]) -> Exit:
    """Found in a folder or named: what is no capture is damage here, too, for nothing was compared."""
    bad = any(item.native_damage or item.tshark_damage or item.reasons[UNEXPLAINED] for item in comparisons)
    return Exit.DAMAGED if bad else Exit.DONE
