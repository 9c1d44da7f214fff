"""Standard output as bytes: complete, in time for the next program of a pipe, and quiet when that one has enough."""

from __future__ import annotations

import os
import sys

from analytics.exits import Exit, Failure


class ReaderGoneError(Exception):
    """Whoever reads our output has closed it, as `head` does: end without a word."""


def write_out(data: bytes | memoryview) -> None:
    """Write and flush; ReaderGoneError if nobody reads any more, Failure if it cannot be written."""
    stream = sys.stdout.buffer
    try:
        stream.write(data)
        stream.flush()
    except BrokenPipeError:
        silence()
        raise ReaderGoneError from None
    except OSError as error:
        silence()
        raise Failure(f"standard output: {error.strerror}", Exit.SINK) from error


def silence() -> None:
    """Send what may still be buffered nowhere, so that the interpreter does not complain about it at its end."""
    try:
        handle = os.open(os.devnull, os.O_WRONLY)
        os.dup2(handle, sys.stdout.fileno())
        os.close(handle)
    except (OSError, ValueError):  # a stream without a file, as in tests
        return
