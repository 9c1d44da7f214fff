"""How a result was made: the clock, the inputs, the rules, and what did the work. Part of `model.Run`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sensor.engine import Damage


@dataclass(frozen=True, slots=True)
class Clock:
    """The time everything was judged at."""

    at: datetime | None
    """None: nothing was judged, because no capture holds a packet."""
    how: str
    """`capture` (latest packet of the run), `now`, or `time` (the user gave it)."""


@dataclass(frozen=True, slots=True)
class InputCapture:
    """One capture of the run."""

    name: str
    size: int | None
    """Bytes as stored; None where that has no meaning (standard input)."""
    sha256: str | None
    """Of the uncompressed bytes; None when it could not be read to its end."""
    packets: int
    sessions: int
    """Handshakes it holds; of joined captures, those that begin in it."""
    first_packet: datetime | None
    """None: it holds no packet."""
    last_packet: datetime | None
    state: str
    """`new`, `known` (already in the store: nothing was added), or `unreadable` (nothing could be read)."""
    damage: tuple[Damage, ...] = ()


@dataclass(frozen=True, slots=True)
class RulePack:
    """The rules that judged."""

    version: str
    sha256: str
    rules: tuple[str, ...]
    """Ids."""


@dataclass(frozen=True, slots=True)
class PolicyUsed:
    """The user's policy that was judged by."""

    name: str
    """The file."""
    sha256: str
    disabled: Mapping[str, str]
    """Rule id -> why it is switched off."""
    cmdb_sha256: str | None
    """Of the CMDB that owners were looked up in; None: the policy names none."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """How this result was made: enough to make it again."""

    clock: Clock
    certspan: str
    """Version."""
    engine: str
    """Version of the native core's answers."""
    facts: int
    """Version of how certificates are read."""
    rule_pack: RulePack
    parameters: Mapping[str, Mapping[str, object]]
    """Rule id -> its knobs and their values."""
    inputs: tuple[InputCapture, ...]
    joined: bool
    """The inputs were read as one observation, in this order."""
    home: tuple[str, ...]
    """CIDRs of what counts as ours."""
    store: str | None
    """URL; None: a temporary store, gone after the run."""
    policy: PolicyUsed | None = None
    """None: judged by certspan's rules alone."""
