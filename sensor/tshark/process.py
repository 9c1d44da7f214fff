"""One run of tshark over one capture, driven by pyshark: the frames that matter, and how it ended.

This is the only file that knows pyshark. What pyshark 0.6 does not do itself: wait for the exit status of a tshark that
has written all it had, and keep what it said on standard error.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
import warnings
from typing import TYPE_CHECKING, Any

from sensor.engine import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Tree = dict[str, Any]
"""A layer as tshark's JSON has it: names to texts, trees, and lists of these where a name occurs more than once."""

LAYERS = "frame eth sll vlan ieee8021ad null ip ipv6 tcp tcp.segments tls"
"""Layers that are asked for; more cost time only."""
PREFERENCES = {
    "ip.defragment": "TRUE",
    "tcp.analyze_sequence_numbers": "TRUE",
    "tcp.calculate_timestamps": "FALSE",
    "tcp.check_checksum": "FALSE",
    "tcp.desegment_tcp_streams": "TRUE",
    "tcp.reassemble_out_of_order": "TRUE",
    "tcp.relative_sequence_numbers": "TRUE",
    # TLS on any port: its heuristic comes before what the port suggests.
    "tcp.try_heuristic_first": "TRUE",
    "tls.desegment_ssl_application_data": "TRUE",
    "tls.desegment_ssl_records": "TRUE",
    "tls.keylog_file": "",
}
OTHER_CARRIERS = {
    "dtls": "dtls.handshake.type == 1",
    "quic": "quic && tls.handshake.type == 1",
    "eap": "eap && tls.handshake.type == 1",
}
"""Hellos that travel without TCP, by who carries them: filters of their own, counted and not read."""
# The first segments of a handshake are shown as nothing but segments; later ones matter to no handshake.
# A hello in the format of SSL 2 has a type, and no tree of its own.
_PLAIN_TLS = "tls.handshake || tls.handshake.type || tls.alert_message || tls.change_cipher_spec"
_WANTED = f"tcp && (tcp.flags.syn == 1 || {_PLAIN_TLS} || (tcp.segment_data && tcp.seq < 65536))"
_FILTER = " || ".join([f"({_WANTED})", *(f"({wanted})" for wanted in OTHER_CARRIERS.values())])
_ARGUMENTS = ["--enable-heuristic", "tls_tcp", "-J", LAYERS]
_MAX_SAID = 1 << 16
_PATIENCE_S = 60
"""For tshark to end after its last packet: it frees much memory."""


class TsharkEndedError(Exception):
    """Tshark failed: exit status (negative: the signal; 0: it does not know itself) and its last words, or ours."""

    def __init__(self, status: int, complaint: str) -> None:
        super().__init__(complaint)
        self.status = status
        self.complaint = complaint


@functools.cache
def version() -> str:
    """Give tshark's version; EngineError if pyshark or tshark is not installed, or too old."""
    return str(_pyshark()[1])


@functools.cache
def _pyshark() -> tuple[Any, Any]:
    """Import pyshark, which takes a third of a second, and ask tshark for its version."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some of its texts have escapes that Python does not know
            from pyshark import FileCapture  # noqa: PLC0415
            from pyshark.tshark import tshark  # noqa: PLC0415
    except ImportError as error:
        raise EngineError("the tshark engine needs pyshark: pip install 'certspan[tshark]'") from error
    try:
        found = tshark.get_tshark_version()
    except tshark.TSharkNotFoundException as error:
        raise EngineError("the tshark engine needs tshark (on Debian: apt-get install tshark)") from error
    except (OSError, ValueError, LookupError, tshark.TSharkVersionException) as error:
        raise EngineError(f"tshark does not tell its version: {error}") from error
    if found.major < _OLDEST:
        raise EngineError(f"the tshark engine needs tshark 4.0 or newer, this is {found}")
    return FileCapture, found


_OLDEST = 4


@functools.cache
def _capture_class() -> Any:
    base: Any
    base, found = _pyshark()

    class Capture(base):  # type: ignore[misc]  # pyshark has no types
        """One file; afterwards `status` and `said` (on standard error) tell how tshark ended."""

        def __init__(self, *args: Any, **extra: Any) -> None:
            self.status: int | None = None
            self.said = b""
            super().__init__(*args, **extra)

        def _get_tshark_version(self) -> Any:
            return found  # asked once, not for each capture

        def _created_new_process(self, parameters: Any, process: Any, process_name: str = "TShark") -> None:
            del parameters, process_name
            self._running_processes.add(process)  # one that has ended already is not yet a reason to raise

        async def _handle_process_stderr_forever(self, stderr: asyncio.StreamReader) -> None:
            while data := await stderr.read(_MAX_SAID):
                self.said = (self.said + data)[-_MAX_SAID:]

        async def _cleanup_subprocess(self, process: asyncio.subprocess.Process) -> None:
            if not self._eof_reached:
                _kill(process)
            try:
                self.status = await asyncio.wait_for(process.wait(), _PATIENCE_S)
            except TimeoutError:
                _kill(process)
                self.status = await process.wait()

    return Capture


def _kill(process: asyncio.subprocess.Process) -> None:
    """End it; asyncio's own way would also take its exit status, away from who waits for it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


def packets(path: Path) -> Iterator[dict[str, Tree]]:
    """Give the layers of each frame that matters, in the order of the capture.

    EngineError as `version`; TsharkEndedError at the end, if tshark did not end well.
    """
    loop = asyncio.new_event_loop()
    try:
        capture = _capture_class()(
            path,
            keep_packets=False,
            use_json=True,
            display_filter=_FILTER,
            custom_parameters=list(_ARGUMENTS),
            override_prefs=PREFERENCES,
            eventloop=loop,
        )
        try:
            for packet in capture:
                yield {"frame": _tree(packet.frame_info)} | {layer.layer_name: _tree(layer) for layer in packet.layers}
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise TsharkEndedError(0, "writes what pyshark cannot read") from error
        finally:
            capture.close()
    finally:
        loop.close()
    if capture.status:
        _, _, words = capture.said.decode(errors="replace").rpartition("tshark: ")
        raise TsharkEndedError(capture.status, words.replace(f'The file "{path}" ', "it ").strip())


def _tree(layer: Any) -> Any:
    """Give what pyshark wraps: of a layer that occurs more than once, the list."""
    first = layer._all_fields  # noqa: SLF001  its own access renames and searches, and hides what is nested
    more = [each._all_fields for each in layer.duplicate_layers]  # noqa: SLF001
    return [first, *more] if more else first
