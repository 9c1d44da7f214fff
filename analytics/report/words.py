"""What people read for the sensor's codes: why a certificate is, or is not, known. Every output uses these words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sensor.events import Visibility

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Word:
    """One reason in words."""

    short: str
    """For a legend or a line."""
    meaning: str
    """One sentence."""
    remedy: str
    """What would make it visible; "" where there is nothing to do."""
    tone: str
    """How a chart paints it: `seen`, `nature` (the protocol hides or omits it), `fault` (the observation failed)."""


SERVER: dict[str, Word] = {
    Visibility.VISIBLE: Word("with certificate", "The server's certificate was read.", "", "seen"),
    Visibility.DECRYPTED: Word("decrypted", "The certificate was read with the session's secrets.", "", "seen"),
    Visibility.ENCRYPTED: Word(
        "TLS 1.3 (encrypted)",
        "TLS 1.3 encrypts certificates; no passive observer can see them.",
        "Ask these servers directly with a scanner, or give their sessions' secrets.",
        "nature",
    ),
    Visibility.RESUMED: Word(
        "resumed",
        "An earlier session was resumed; no certificate is sent again.",
        "Watch longer: the first full handshake shows it.",
        "nature",
    ),
    Visibility.PSK_OR_ANONYMOUS: Word(
        "no certificate used", "The cipher suite works without certificates (a shared key, or none).", "", "nature"
    ),
    Visibility.NONE_SENT: Word("none sent", "It could have sent a certificate and sent none.", "", "nature"),
    Visibility.NOT_REQUESTED: Word("not asked for", "The server did not ask for one.", "", "nature"),
    Visibility.ONE_WAY: Word(
        "one direction only",
        "Only the other direction of the traffic is in the capture.",
        "Mirror both directions of the port (the commonest fault of a SPAN session).",
        "fault",
    ),
    Visibility.TRUNCATED: Word(
        "cut off",
        "The observation ends before the certificate does.",
        "Capture whole packets (snap length 0), and longer.",
        "fault",
    ),
    Visibility.LOST: Word(
        "packets lost",
        "Packets that carried it are missing from the capture.",
        "The mirror port or the recorder drops packets: give it fewer ports, or more buffer.",
        "fault",
    ),
    Visibility.EVICTED: Word(
        "given up", "One of certspan's own limits was hit.", "Raise the limit that is named below.", "fault"
    ),
    Visibility.UNSUPPORTED: Word(
        "not readable", "A form of certificate or message that certspan cannot read.", "", "fault"
    ),
}
"""By the value of `server_visibility`."""

CLIENT: dict[str, Word] = SERVER | {
    Visibility.VISIBLE: Word("with certificate", "The client's certificate was read.", "", "seen"),
    Visibility.NONE_SENT: Word("none sent", "The server asked, the client sent none.", "", "nature"),
}
"""By the value of `client_visibility`."""


def ranked(counts: Mapping[str, int], words: dict[str, Word]) -> list[tuple[str, int]]:
    """Order reasons as charts and lines show them: seen, then by nature, then faults; largest first. Zeros go."""
    tones = ("seen", "nature", "fault")
    present = [(reason, count) for reason, count in counts.items() if count]
    return sorted(present, key=lambda pair: (tones.index(word(pair[0], words).tone), -pair[1], pair[0]))


def word(reason: str, words: dict[str, Word]) -> Word:
    """Words for a reason; a reason of a newer engine stands for itself."""
    return words.get(reason) or Word(reason, "", "", "fault")
