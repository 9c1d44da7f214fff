"""Where messages go, a file for each way; each sends a batch, and says what of it was refused for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.forward.message import Message


class SinkError(Exception):
    """Nothing can be told now; what was not said to be there is tried again. The message says why, in a sentence."""


class Sink(Protocol):
    """A way to tell."""

    def send(self, messages: Sequence[Message]) -> dict[int, str]:
        """Tell all of these; give what was refused for good, by its place, with the reason. SinkError."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
