"""What can be malformed in a certificate: the closed catalogue, and the notebook that readers write into."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

from sensor.events import Defect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

MAX_DEFECTS: Final = 64
"""Defects kept for one certificate; one more says that there were others."""
MAX_SHOWN_BYTES: Final = 24
"""Bytes of the certificate quoted in a defect."""

UNREADABLE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "not_der": "The bytes are not a DER SEQUENCE, so nothing in them can be read.",
        "broken_structure": "An element goes beyond its container or has no usable length; what follows it is unknown.",
        "missing_field": "A field that every certificate must have is missing.",
        "bad_version": "The version is not 1, 2 or 3.",
        "bad_serial": "The serial number is not an INTEGER.",
        "bad_algorithm": "An algorithm identifier cannot be read.",
        "bad_name": "A distinguished name cannot be read.",
        "bad_time": "A time cannot be read.",
        "time_out_of_range": "A time lies before 1850 or outside the calendar that certspan knows.",
        "bad_key": "The public key cannot be read, or not all of it.",
        "bad_extension": "An extension cannot be read, or not to its end.",
        "bad_signature": "The signature is not a BIT STRING of whole bytes.",
        "limit_reached": "A part is larger than certspan reads; what lies beyond the limit is unknown.",
        "too_many_defects": "There are more defects than are kept.",
        "unreadable": "certspan failed to read this part: a fault of certspan, please report it.",
    }
)
"""Code -> sentence: the part named in `where` could not be read, or not all of it; facts may be unknown."""

LOOSE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "truncated": "The bytes end before the length that the certificate states.",
        "trailing_bytes": "Bytes follow where the structure should end.",
        "non_minimal_length": "A length is written in more bytes than it needs (X.690 10.1).",
        "non_minimal_integer": "An integer is written in more bytes than it needs (X.690 8.3.2).",
        "negative_integer": "A number of the key is negative, for want of a zero byte; it was read as positive.",
        "bad_boolean": "TRUE is not written as FF (X.690 11.1).",
        "bad_bits": "Unused bits of a BIT STRING are not zero, or a list of flags has trailing zero bits.",
        "explicit_default": "A default value is written out, which DER forbids (X.690 11.5).",
        "unsorted_set": "The members of a SET OF are not in the order that DER demands (X.690 11.6).",
        "bad_string": "A text holds characters that its type does not allow.",
        "bad_general_name": "An alternative name cannot be read and is kept as raw bytes.",
        "loose_time": "A time is not written as YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ (RFC 5280 4.1.2.5).",
        "wrong_time_type": "UTCTime must be used to 2049 and GeneralizedTime after it (RFC 5280 4.1.2.5).",
        "negative_serial": "The serial number is negative (RFC 5280 4.1.2.2).",
        "zero_serial": "The serial number of an issued certificate is zero (RFC 5280 4.1.2.2).",
        "long_serial": "The serial number is longer than 20 bytes (RFC 5280 4.1.2.2).",
        "version_mismatch": "The certificate has extensions or unique identifiers that its version does not know.",
        "empty_issuer": "The issuer's name is empty (RFC 5280 4.1.2.4).",
        "bad_parameters": "An algorithm's parameters are not those its standard demands.",
        "algorithm_mismatch": "The signature algorithms inside and outside the signed part differ (RFC 5280 4.1.1.2).",
        "duplicate_extension": "An extension occurs more than once (RFC 5280 4.2).",
    }
)
"""Code -> sentence: the value was read; the standard forbids the way it is written."""

DEFECTS: Final[Mapping[str, str]] = MappingProxyType({**UNREADABLE, **LOOSE})
"""Code -> sentence. Nothing here is a judgement: each says that bytes break X.690 or a MUST of RFC 5280 and its kin."""


class DerError(ValueError):
    """Bytes that cannot be read as what they should be."""

    def __init__(self, offset: int | None, need: str, got: str, code: str | None = None) -> None:
        super().__init__(f"at {offset}: need {need}, got {got}")
        self.offset = offset
        self.need = need
        self.got = got
        self.code = code
        """Of DEFECTS, where it says more than the code of the part being read."""


class Notes:
    """Collects the defects of one certificate, each once, with the path of the part being read."""

    __slots__ = ("_found", "where")

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, int | None], Defect] = {}
        self.where = "certificate"

    def add(
        self,
        code: str,
        offset: int | None = None,
        need: str | None = None,
        got: str | None = None,
        *,
        where: str | None = None,
    ) -> None:
        """Note a defect of the part being read, or of another one."""
        where = where or self.where
        if (code, where, offset) in self._found or len(self._found) > MAX_DEFECTS:
            return
        if len(self._found) == MAX_DEFECTS:
            code, offset, need, got = "too_many_defects", None, f"at most {MAX_DEFECTS}", None
        self._found[code, where, offset] = Defect(code, where, offset, need, got)

    def guard(self, where: str, code: str, reader: Callable[..., T], *arguments: object) -> T | None:
        """Run one reader. What goes wrong in it becomes a defect (`code`, unless the error knows better) and None."""
        outside, self.where = self.where, where
        try:
            return reader(*arguments)
        except DerError as error:
            self.add(error.code or code, error.offset, error.need, error.got)
        except Exception as error:  # noqa: BLE001  hostile bytes must never stop the sensor, whatever we forgot
            self.add("unreadable", None, None, type(error).__name__)
        finally:
            self.where = outside
        return None

    def found(self) -> tuple[Defect, ...]:
        """Give the defects in the order they were met."""
        return tuple(self._found.values())


def quote(data: bytes) -> str:
    """Show a few bytes for people: as hexadecimal, or as text when they are plain ASCII."""
    shown = data[:MAX_SHOWN_BYTES]
    dots = "..." if len(data) > MAX_SHOWN_BYTES else ""
    if shown.isascii() and shown.decode("ascii").isprintable():
        return f"'{shown.decode('ascii')}{dots}'"
    return f"{shown.hex()}{dots}"
