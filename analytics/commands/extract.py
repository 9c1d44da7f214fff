"""`certspan extract`: sessions or certificates of captures, as JSON lines or as Arrow."""

from __future__ import annotations

import os
import sys
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analytics.engines import ENGINES, JOINED_HELP, LEAST_MEMORY, NATIVE, TSHARK, engine, reader_option, workers_option
from analytics.exits import Exit, Failure, complain
from analytics.extract_out import ARROW, JSON, ArrowOut, JsonOut
from analytics.output import ReaderGoneError
from analytics.progress import progress
from analytics.report.text import LONG, inert
from analytics.size import Size
from sensor.joined import check, run_joined
from sensor.pipeline import CANNOT_OPEN, run
from sensor.source import SourceError, expand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.extract_out import Out
    from sensor.engine import Batch, Engine
    from sensor.events import Certificate
    from sensor.pipeline import CaptureReport
    from sensor.pipeline import Progress as Numbers
    from sensor.source import CaptureInput


@click.command()
@click.argument("captures", nargs=-1, required=True, metavar="CAPTURE...")
@click.option(
    "--certificates", is_flag=True, help="Print one line for each distinct certificate, not for each session."
)
@click.option(
    "--der-dir",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also write each distinct certificate into DIR, as <SHA-256>.der and <SHA-256>.pem.",
)
@click.option(
    "--engine",
    "engine_name",
    type=click.Choice(ENGINES),
    default=NATIVE,
    help="Who reads the packets: certspan's own core, or tshark, to check it by (slow; files only).",
)
@click.option(
    "--format",
    "form",
    type=click.Choice([JSON, ARROW]),
    default=JSON,
    help="What to print: JSON lines, or one Arrow IPC stream with the columns of the store's tables.",
)
@click.option("--joined", is_flag=True, help=JOINED_HELP)
@click.option(
    "--memory",
    metavar="SIZE",
    type=Size(LEAST_MEMORY),
    help="Budget of the core, such as 256M; at its limit the least promising flows are given up, and counted.",
)
@workers_option
@reader_option
def command(
    captures: tuple[str, ...],
    *,
    certificates: bool,
    der_dir: Path | None,
    engine_name: str,
    form: str,
    joined: bool,
    memory: int | None,
    workers: int | None,
    reader: str,
) -> None:
    """Print what captures hold, one JSON object a line: a line for each TLS handshake.

    CAPTURE is a pcap or pcapng file, plain or compressed (gzip, zstd, lz4), a folder of such files, a pattern, or - for
    standard input. The fields are described in docs/session.schema.json and docs/certificate.schema.json.

    \b
    certspan extract office.pcap | jq -r .server_name
    certspan extract --certificates captures/ | jq 'select(.self_signed)'
    certspan extract --format arrow fleet.pcap > sessions.arrow
    certspan extract --joined ring/
    tcpdump -w - port 443 | certspan extract -

    Exit status: 0 done; 1 a capture is damaged or is none (what could be read is printed); 2 a path cannot be opened;
    4 the output cannot be written.
    """  # noqa: D301  click's own mark
    try:
        inputs = expand(captures)
        if joined:
            check(inputs)
    except SourceError as error:
        raise Failure(str(error), Exit.USAGE) from error
    chosen = engine(engine_name, inputs, memory=memory, workers=workers, reader=reader, joined=joined)
    if form == ARROW and engine_name == TSHARK:
        raise Failure("--format arrow: the tshark engine prints JSON only", Exit.USAGE)
    if form == ARROW and sys.stdout.isatty():
        raise Failure("--format arrow is not for a terminal: send it to a file or a program", Exit.USAGE)
    sink = _Extract(ArrowOut() if form == ARROW else JsonOut(), certificates=certificates, der_dir=der_dir)
    try:
        reports = _read(inputs, sink, chosen, joined=joined)
        sink.close()
    except ReaderGoneError:
        return
    finally:
        sink.tell()
    sys.exit(_status(reports))


def _read(inputs: list[CaptureInput], sink: _Extract, reader: Engine, *, joined: bool) -> list[CaptureReport]:
    sizes = [capture.size for capture in inputs]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    with progress(total, wanted=not sys.stdout.isatty()) as bar:

        def tell(now: Numbers) -> None:
            bar.update(now.bytes, now.packets, now.sessions)

        read = run_joined if joined else run
        return read(inputs, sink, engine=reader, progress=tell)


def _status(reports: Sequence[CaptureReport]) -> int:
    if any(item.code == CANNOT_OPEN for report in reports for item in report.damage):
        return Exit.USAGE
    return Exit.DAMAGED if any(report.damage for report in reports) else Exit.DONE


class _Extract:
    """Standard output, and a folder of certificates; each certificate once, in however many captures it is."""

    def __init__(self, out: Out, *, certificates: bool, der_dir: Path | None) -> None:
        self._out = out
        self._certificates = certificates
        self._folder = der_dir
        self._done: set[bytes] = set()
        self._troubles: list[str] = []
        if der_dir is not None:
            try:
                der_dir.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise Failure(f"--der-dir {der_dir}: {error.strerror}", Exit.SINK) from error

    @property
    def wants_certificates(self) -> bool:
        return self._certificates or self._folder is not None

    def start(self, name: str) -> None:
        pass

    def batch(self, batch: Batch, certificates: Sequence[tuple[Certificate, bytes]]) -> None:
        new = [(facts, der) for facts, der in certificates if facts.sha256 not in self._done]
        for facts, der in new:
            if self._folder is not None:
                _save(self._folder, facts.sha256.hex(), der)
            self._done.add(facts.sha256)
        if not self._certificates:
            self._out.sessions(batch)
        elif new:
            self._out.certificates(new)

    def finish(self, report: CaptureReport) -> None:
        for file in report.files:
            for item in file.damage:
                self._troubles.append(f"{inert(file.name, LONG)}: {inert(item.message, LONG)}")

    def abort(self) -> None:
        pass

    def close(self) -> None:
        """Nothing more comes."""
        self._out.close(certificates=self._certificates)

    def tell(self) -> None:
        """Say what was wrong with the captures; not before the end, lest it run into the progress."""
        for trouble in self._troubles:
            complain(trouble)


def _save(folder: Path, name: str, der: bytes) -> None:
    """Write the two files, each whole or not at all; those that are there from an earlier run are left."""
    for path, data in ((folder / f"{name}.der", der), (folder / f"{name}.pem", _pem(der))):
        part = folder / f".{path.name}.{os.getpid()}"
        try:
            if path.is_file() and path.stat().st_size == len(data):
                continue
            part.write_bytes(data)
            part.replace(path)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise Failure(f"--der-dir {folder}: {path.name}: {error.strerror}", Exit.SINK) from error


def _pem(der: bytes) -> bytes:
    """Write textual encoding, RFC 7468."""
    text = b64encode(der)
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return b"\n".join((b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""))
