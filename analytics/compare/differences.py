"""The sessions of two engines, matched and compared field by field. The rows are those of docs/session.schema.json."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sensor.tshark.columns import UNKNOWN_TO_TSHARK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Row = dict[str, Any]
Pair = tuple[Row | None, Row | None]

NEVER_COMPARED = frozenset(
    {
        # The same for both by what they are.
        "sensor",
        "capture",
        "transport",
        "protocol",
        # Names of numbers that are compared.
        "version",
        "version_offered",
        "cipher_suite",
        "named_group",
        "signature_scheme",
        # tshark does not tell, or in words of its own.
        "carrier",
        *UNKNOWN_TO_TSHARK,
    }
)
NULL_IS_SILENCE = frozenset(
    {
        "client_certificate_requested",
        "client_mac",
        "client_visibility",
        "encapsulation",
        "ja4",
        "ocsp_stapled",
        "resumed",
        "server_mac",
        "server_visibility",
    }
)
"""Fields where tshark's None means only that it cannot tell."""
SESSION = "session"
"""Stands for the field where a whole session is missing on one side."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field, or one session, that the engines see differently."""

    field: str
    native: Row | None
    """The whole row; None: the native core has no such session."""
    tshark: Row | None
    repeated: bool = False
    """The native core has another session of the same id: the capture holds these packets more than once."""

    @property
    def row(self) -> Row:
        """The row that says where it is."""
        return self.native or self.tshark or {}

    @property
    def values(self) -> tuple[Any, Any]:
        """What each says of the field; of a session, whether it has it."""
        if self.field == SESSION:
            return self.native is not None, self.tshark is not None
        return (self.native or {}).get(self.field), (self.tshark or {}).get(self.field)


def compare(native: Sequence[Row], tshark: Sequence[Row]) -> Iterator[Difference]:
    """Give each difference, in the order of the capture."""
    times = Counter(_id(row) for row in native)
    for ours, theirs in sorted(match(native, tshark), key=_place):
        if ours is None or theirs is None:
            repeated = ours is not None and times[_id(ours)] > 1
            yield Difference(SESSION, ours, theirs, repeated=repeated)
            continue
        for field in ours:
            difference = Difference(field, ours, theirs)
            if field not in NEVER_COMPARED and _differs(difference):
                yield difference


def _differs(difference: Difference) -> bool:
    ours, theirs = difference.values
    return ours != theirs and not (theirs is None and difference.field in NULL_IS_SILENCE)


def _place(pair: Pair) -> tuple[int, str]:
    row = pair[0] or pair[1] or {}
    return row["frame"], row["session_id"]


def match(native: Iterable[Row], tshark: Iterable[Row]) -> Iterator[Pair]:
    """Pair the sessions: by their id, then what is left by flow and by what they name, in order."""
    ours, theirs = list(native), list(tshark)
    for key in (_id, _flow_and_hello, _flow):
        waiting: dict[object, list[Row]] = defaultdict(list)
        for row in theirs:
            waiting[key(row)].append(row)
        rest = []
        for row in ours:
            if found := waiting[key(row)]:
                yield row, found.pop(0)
            else:
                rest.append(row)
        ours = rest
        theirs = [row for rows in waiting.values() for row in rows]
    yield from ((row, None) for row in ours)
    yield from ((None, row) for row in theirs)


def _id(row: Row) -> object:
    return row["session_id"]


def _flow(row: Row) -> object:
    return frozenset((row[f"{side}_address"], row[f"{side}_port"]) for side in ("client", "server"))


def _flow_and_hello(row: Row) -> object:
    return _flow(row), row["ja3"], row["server_name"], row["ja3s"]
