"""The native core: captures in, sessions and certificates out. See sensor/rust/src/python.rs."""

from collections.abc import Sequence
from typing import Self, final

__all__ = [
    "DEFAULT_BUDGET",
    "ENGINE_VERSION",
    "SMALLEST_BUDGET",
    "Batch",
    "CaptureDamage",
    "FileReport",
    "Reading",
    "Watched",
    "default_limits",
    "encode_arrow",
    "first_packet_ns",
    "keep_net_raw_only",
    "known_counters",
    "no_sessions",
    "registry_name",
    "session_columns",
]

ENGINE_VERSION: str
"""Version of the core's answers: two runs of the same version over the same bytes agree."""

DEFAULT_BUDGET: int
"""Bytes that the core takes at most with the default caps."""

SMALLEST_BUDGET: int
"""Bytes; a smaller budget of memory would leave room for nothing."""

@final
class CaptureDamage:
    """What is wrong with a capture, and where."""

    @property
    def code(self) -> str:
        """From a closed list: `empty`, `not_a_capture`, `unknown_link_type`, `cut_packet`, `cut_compression`, ..."""
    @property
    def message(self) -> str:
        """What and where, one line, without the capture's name."""
    @property
    def offset(self) -> int | None:
        """Bytes from the start of the (uncompressed) capture."""

@final
class FileReport:
    """What reading one capture came to, of several that are read as one."""

    @property
    def packets(self) -> int: ...
    @property
    def sessions(self) -> int:
        """Those whose first frame is in it."""
    @property
    def first_ns(self) -> int | None:
        """Earliest packet time, nanoseconds since 1970; None without a packet."""
    @property
    def last_ns(self) -> int | None:
        """Latest packet time."""
    @property
    def damage(self) -> list[CaptureDamage]: ...
    @property
    def sha256(self) -> bytes | None:
        """Of the uncompressed bytes; after the end, if asked for."""

@final
class Batch:
    """Some sessions, in the order they were finished, and the certificates new in them."""

    def __len__(self) -> int: ...
    def json(self) -> bytes:
        """One JSON object a line, fields of docs/session.schema.json."""
    def arrow(self) -> bytes:
        """One complete Arrow IPC stream with the columns of `session_columns()`."""
    @property
    def certificates(self) -> list[tuple[bytes, bytes]]:
        """(SHA-256, DER) of each certificate not handed out before by this `Reading`."""

@final
class Watched:
    """What can be told of a watched interface."""

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str:
        """`up`, `down` (or without carrier), `gone`."""
    @property
    def frames(self) -> int:
        """Frames that the kernel had for the ring, those dropped included."""
    @property
    def drops(self) -> int:
        """Frames dropped because the ring was full."""
    @property
    def freezes(self) -> int:
        """How often the ring was full."""
    @property
    def returns(self) -> int:
        """How often the interface was down or gone and came back."""

@final
class Reading:
    """One capture being read, several as one, or interfaces; iterate with `read` until it gives None."""

    def __new__(
        cls,
        path: str | None,
        *,
        name: str,
        sensor: str = "",
        sha256: bool = False,
        limits: dict[str, int] | None = None,
        memory: int | None = None,
        workers: int = 1,
        mapped: bool = False,
    ) -> Self:
        """Open `path`, or standard input if None.

        `memory` is a budget in bytes, at least SMALLEST_BUDGET, from which the caps follow; `limits` set single ones.
        So many `workers` read it, threads of the core; 1: the thread that calls `read`. The answer is the same.
        `mapped`: regular files that are not compressed are mapped. Shortening one meanwhile kills the process (SIGBUS).

        Raises OSError if it cannot be opened, ValueError on an unknown limit.
        """
    @staticmethod
    def joined(
        files: Sequence[tuple[str, str]],
        *,
        sensor: str = "",
        sha256: bool = False,
        limits: dict[str, int] | None = None,
        memory: int | None = None,
        workers: int = 1,
        mapped: bool = False,
    ) -> Reading:
        """Read captures as one observation, in this order; each is a path and a name. One file is open at a time.

        What cannot be opened is damage of its file, `cannot_open`. Raises ValueError on an unknown limit.
        """
    @staticmethod
    def live(
        interfaces: Sequence[str],
        *,
        program: Sequence[tuple[int, int, int, int]],
        kept_bits: tuple[int, int],
        excluded: Sequence[tuple[bytes, int]],
        sensor: str = "",
        limits: dict[str, int] | None = None,
        memory: int | None = None,
        workers: int = 1,
        ring_bytes: int | None = None,
        promiscuous: bool = True,
        clients: str = "keep",
        key: bytes | None = None,
    ) -> Reading:
        """Watch interfaces (Linux, CAP_NET_RAW) until `stop`; nothing is ever sent.

        `read` gives a batch, perhaps an empty one, at least every second. `ring_bytes` of memory for each interface;
        `program`: classic BPF as (code, jt, jf, k), by which the kernel chooses frames; empty: all.
        `clients`: keep, truncate (to `kept_bits` of IPv4 and IPv6) or hash (with `key`, 32 bytes) their addresses; with
        the last two, ids hang on `key`, and client MAC addresses are not told. `excluded`: networks, as 16 bytes (IPv4
        as `::ffff:a.b.c.d`) and how many bits count, whose packets are passed over.

        Raises OSError with the interface as `filename`, ValueError on an unknown limit.
        """
    def stop(self) -> None:
        """Ask a live reading to end: what is unfinished comes as it stands, then `read` gives None."""
    @property
    def watched(self) -> list[Watched]:
        """The interfaces of a live reading."""
    def forget_certificates(self) -> None:
        """Hand out each certificate once more when it is seen again."""
    def read(self) -> Batch | None:
        """Work for some megabytes or until enough sessions are ready, without the GIL. None at the end."""
    @property
    def packets(self) -> int: ...
    @property
    def bytes_read(self) -> int:
        """Bytes taken from the file so far, as stored (compressed)."""
    @property
    def first_ns(self) -> int | None:
        """Earliest packet time, nanoseconds since 1970; None before the first packet."""
    @property
    def last_ns(self) -> int | None:
        """Latest packet time."""
    @property
    def damage(self) -> list[CaptureDamage]:
        """What was wrong with the captures so far."""
    @property
    def sha256(self) -> bytes | None:
        """Of the uncompressed bytes of the only capture; after the end, if asked for."""
    @property
    def files(self) -> list[FileReport]:
        """Each capture that was begun, in their order; all of them at the end."""
    @property
    def counters(self) -> dict[str, int]:
        """Everything counted: frames by kind, caps hit, bytes lost."""

def keep_net_raw_only() -> None:
    """Give up every capability but CAP_NET_RAW, for this thread and those it begins later (Linux). Raises OSError."""

def first_packet_ns(path: str) -> int | None:
    """Time of the first packet of a capture, nanoseconds since 1970; None if it has no packet, or the packet no time.

    Raises OSError if the file cannot be opened.
    """

def session_columns() -> list[tuple[str, str, bool]]:
    """(name, Arrow type in words, nullable) of the sessions stream, in order."""

def no_sessions() -> bytes:
    """Give an Arrow IPC stream with the columns of `session_columns()` and no row."""

def encode_arrow(columns: Sequence[tuple[str, str, Sequence[object]]]) -> bytes:
    """One Arrow IPC stream of one batch from (name, kind, values); kinds: bool, int64, string, binary, fixed_N,
    timestamp_ms (integers, UTC), list_string. None is NULL, except in list_string, where it is an empty list.
    Raises ValueError when a value does not fit its kind or columns differ in length.
    """

def default_limits() -> dict[str, int]:
    """Every cap of the core by name, with its default."""

def known_counters() -> list[str]:
    """Names of all counters that `Reading.counters` can hold."""

def registry_name(registry: str, number: int) -> str | None:
    """Name of a number of TLS; registry: version, cipher_suite, named_group, signature_scheme, alert.

    Raises ValueError for another registry, OverflowError for a number beyond 65,535.
    """
