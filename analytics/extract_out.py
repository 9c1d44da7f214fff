"""What `certspan extract` prints: JSON lines, or one Arrow IPC stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

from analytics.output import write_out
from sensor import arrow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sensor.engine import Batch
    from sensor.events import Certificate

JSON, ARROW = "json", "arrow"


class Out(Protocol):
    """A form of output: either sessions come, or certificates."""

    def sessions(self, batch: Batch) -> None:
        """Print some sessions."""
        ...

    def certificates(self, new: Sequence[tuple[Certificate, bytes]]) -> None:
        """Print facts of certificates, each with its DER."""
        ...

    def close(self, *, certificates: bool) -> None:
        """Nothing more comes; what was expected says which columns an empty output has."""
        ...


class JsonOut:
    """One JSON object a line."""

    def sessions(self, batch: Batch) -> None:
        """Print a line for each."""
        write_out(batch.json())

    def certificates(self, new: Sequence[tuple[Certificate, bytes]]) -> None:
        """Print a line for each."""
        from sensor.certificate import certificate_json  # noqa: PLC0415  not needed for sessions

        lines = (json.dumps(certificate_json(facts), separators=(",", ":")) + "\n" for facts, _ in new)
        write_out("".join(lines).encode())

    def close(self, *, certificates: bool) -> None:
        """Nothing ends a list of lines."""


class ArrowOut:
    """One stream: a schema, the record batches of all captures, an end mark."""

    def __init__(self) -> None:
        self._begun = False

    def sessions(self, batch: Batch) -> None:
        """Print them as the columns of `sensor._rust.session_columns`."""
        self._add(batch.arrow())

    def certificates(self, new: Sequence[tuple[Certificate, bytes]]) -> None:
        """Print them as the columns of the store's table, the DER among them."""
        from sensor._rust import encode_arrow  # noqa: PLC0415  `--help` needs no native module
        from sensor.certificate import certificate_rows  # noqa: PLC0415  not needed for sessions

        self._add(encode_arrow(certificate_rows(new)))

    def close(self, *, certificates: bool) -> None:
        """Print the end mark; before it the schema, if there was no row."""
        if not self._begun and certificates:
            self.certificates([])
        elif not self._begun:
            from sensor._rust import no_sessions  # noqa: PLC0415

            self._add(no_sessions())
        write_out(arrow.END)

    def _add(self, stream: bytes) -> None:
        schema, batches = arrow.split(stream)
        if not self._begun:
            write_out(schema)
        self._begun = True
        write_out(batches)
