"""What a file of another tool says: one certificate, and where it was met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt


class ImportFileError(Exception):
    """A file that cannot be read at all; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a source met a certificate; None: it does not say."""

    address: str | None = None
    """IPv4 or IPv6."""
    port: int | None = None
    server_name: str | None = None
    seen: dt.datetime | None = None


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Found:
    """One certificate of a file."""

    der: bytes
    place: Place = NOWHERE
    position: int = 0
    """In the chain; 0 is the leaf."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One record that could not be taken; the others go on."""

    where: str
    """`line 7`, `record 3`, `certificate 2`."""
    message: str
