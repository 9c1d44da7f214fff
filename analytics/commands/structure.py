"""`certspan structure`: how certificates are built, as text and fingerprint, and where two of them differ."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from analytics.exits import Exit, Failure

MAX_FILE = 16 << 20
"""Bytes of a file; nothing that holds certificates for people is longer."""


@click.command(
    epilog="""\b
Examples:
  certspan structure device.pem
  certspan structure --diff device-1.pem device-2.der
  certspan extract --certificates --der-dir der/ office.pcap && certspan structure der/*.der
"""
)
@click.argument("files", nargs=-1, required=True, metavar="CERTIFICATE...", type=click.Path(path_type=Path))
@click.option("--diff", is_flag=True, help="Show where two certificates are built differently.")
def command(files: tuple[Path, ...], *, diff: bool) -> None:
    """Print how certificates are built (csf1, docs/csf1.md): certificates of one generator and template are alike.

    CERTIFICATE is a file in PEM or DER; '-' is standard input. Of PEM all certificates are told, with --diff the first
    one. The exit status is 1 if something is no certificate at all, and with --diff if the two differ.
    """
    from analytics.output import ReaderGoneError, write_out  # noqa: PLC0415  `--help` need not wait

    if diff and len(files) != 2:  # noqa: PLR2004  two sides
        raise Failure("--diff needs two certificates", Exit.USAGE)
    text, whole = _difference(files[0], files[1]) if diff else _tell(files)
    try:
        write_out(text.encode())
    except ReaderGoneError:
        sys.exit(Exit.SINK)
    sys.exit(Exit.DONE if whole else Exit.DAMAGED)


def _tell(files: tuple[Path, ...]) -> tuple[str, bool]:
    """Give fingerprint and text of each certificate; whether each is one."""
    from analytics.derive.structure import fingerprint, structure  # noqa: PLC0415
    from analytics.report.text import inert  # noqa: PLC0415

    pieces: list[str] = []
    whole = True
    for path in files:
        certificates = _read(path)
        for number, der in enumerate(certificates, 1):
            name = inert(str(path)) + (f" ({number})" if len(certificates) > 1 else "")
            text = structure(der)
            whole = whole and text is not None
            said = "no certificate: no SEQUENCE in a SEQUENCE\n" if text is None else f"{fingerprint(text)}\n{text}"
            pieces.append(f"{name}\n{said}")
    return "\n".join(pieces), whole


def _difference(left: Path, right: Path) -> tuple[str, bool]:
    """Give a unified difference of two texts; whether there is none."""
    import difflib  # noqa: PLC0415

    from analytics.derive.structure import fingerprint, structure  # noqa: PLC0415
    from analytics.report.text import inert  # noqa: PLC0415

    texts: list[str] = []
    for path in (left, right):
        text = structure(_read(path)[0])
        if text is None:
            raise Failure(f"{inert(str(path))}: no certificate: no SEQUENCE in a SEQUENCE", Exit.DAMAGED)
        texts.append(text)
    if texts[0] == texts[1]:
        return f"alike: {fingerprint(texts[0])}\n", True
    names = [f"{inert(str(path))} {fingerprint(text)}" for path, text in zip((left, right), texts, strict=True)]
    before, after = (text.splitlines() for text in texts)
    lines = difflib.unified_diff(before, after, names[0], names[1], n=len(before), lineterm="")
    return "\n".join([*lines, ""]), False


def _read(path: Path) -> list[bytes]:
    """Give the certificates of a file: all of PEM, or its bytes as they are."""
    import binascii  # noqa: PLC0415
    import re  # noqa: PLC0415

    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(MAX_FILE + 1)
        else:
            with path.open("rb") as file:
                data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", Exit.USAGE) from error
    if len(data) > MAX_FILE:
        raise Failure(f"{path}: longer than {MAX_FILE >> 20} MiB; no certificate is", Exit.USAGE)
    blocks = re.findall(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(.*?)-----END", data, re.DOTALL)
    try:
        return [binascii.a2b_base64(block) for block in blocks] or [data]
    except binascii.Error as error:
        raise Failure(f"{path}: not well-formed PEM ({error})", Exit.DAMAGED) from error
