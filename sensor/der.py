"""Walks DER (X.690) by offsets, with every bound checked; what is merely written loosely is read and noted.

Three outcomes, as everywhere: a value; a value and a note (BER that DER forbids); `DerError`, with the offset.
Nothing here recurses, and no element is visited twice, so the work is linear in the bytes whatever they hold.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from sensor.certificate_defects import DerError, quote

if TYPE_CHECKING:
    from sensor.certificate_defects import Notes

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OID: Final = 0x06
SEQUENCE: Final = 0x30
SET: Final = 0x31

MAX_ELEMENTS: Final = 10_000
"""Members read of one list (names, extensions, relative names ...); a longer list is cut, with a defect."""
MAX_OID_BYTES: Final = 128
"""Content of an OBJECT IDENTIFIER; the longest in honest use (templates of AD CS) have some 40."""
MAX_LENGTH_BYTES: Final = 8
"""Significant bytes of a length: more cannot be true of anything held in memory."""

_HIGH_TAG = 0x1F
_MORE = 0x80
_INDEFINITE = 0x80
_RESERVED = 0xFF
_TRUE = 0xFF
_MAX_UNUSED_BITS = 7


class Element(NamedTuple):
    """One tag, length and value. All offsets count from the start of the certificate."""

    tag: int
    """The first identifier byte; a tag of several bytes gives 0x1F with the class bits, which matches nothing."""
    head: int
    """Of the tag."""
    start: int
    """Of the content."""
    stop: int
    """One past the content."""


class Der:
    """The bytes of one certificate and the notebook for what is wrong in them."""

    __slots__ = ("cut", "data", "notes")

    def __init__(self, data: bytes, notes: Notes) -> None:
        self.data = data
        self.notes = notes
        self.cut = False
        """An element was ended by the end of the bytes: see `element`."""

    def is_cut(self, element: Element) -> bool:
        """Tell whether bytes of this element may be missing at the end of the data."""
        return self.cut and element.stop == len(self.data)

    def content(self, element: Element) -> bytes:
        """Give the value's bytes."""
        return self.data[element.start : element.stop]

    def raw(self, element: Element) -> bytes:
        """Give tag, length and value as encoded."""
        return self.data[element.head : element.stop]

    def element(self, at: int, stop: int, *, cut: bool = False) -> Element:
        """Read the element that begins at `at`, in a container that ends at `stop`.

        With `cut`, one that states more than there is ends where the container does, with a note.
        """
        data = self.data
        start = at + 2
        if start > stop:
            raise DerError(at, "a tag and a length", f"{stop - at} bytes")
        tag = data[at]
        if tag & _HIGH_TAG == _HIGH_TAG:
            start = self._after_tag(at, stop) + 1
        length = data[start - 1]
        if length >= _MORE:
            length, start = self._long_length(start - 1, stop)
        end = start + length
        if end > stop:
            if not cut:
                raise DerError(at, f"at most {stop - start} content bytes", f"a length of {length}")
            self.cut = True
            self.notes.add("truncated", at, f"{length} content bytes", f"{stop - start}")
            end = stop
        return Element(tag, at, start, end)

    def _after_tag(self, at: int, stop: int) -> int:
        """Give the offset of the length behind a tag of several bytes."""
        end = at + 1
        while end < stop and self.data[end] & _MORE:
            end += 1
        if end + 1 >= stop:
            raise DerError(at, "a tag and a length", f"a tag of {stop - at} bytes or more")
        return end + 1

    def _long_length(self, at: int, stop: int) -> tuple[int, int]:
        """Read a length of several bytes at `at`; give it and the offset of the content."""
        first = self.data[at]
        start = at + 1 + (first & ~_MORE)
        if first == _INDEFINITE:
            raise DerError(at, "a definite length (X.690 10.1)", "an indefinite length")
        if first == _RESERVED or start > stop:
            raise DerError(at, f"at most {stop - at - 1} bytes of length", f"{first & ~_MORE}")
        digits = self.data[at + 1 : start].lstrip(b"\0")
        if len(digits) > MAX_LENGTH_BYTES:
            raise DerError(at, f"at most {MAX_LENGTH_BYTES} bytes of length", f"{len(digits)}")
        length = int.from_bytes(digits, "big")
        if length < _MORE or len(digits) < start - at - 1:
            self.notes.add("non_minimal_length", at, f"the shortest form of {length}", quote(self.data[at:start]))
        return length, start

    def children(self, outer: Element, *, partial: bool = False) -> list[Element]:
        """Read the members of a list or structure, at most MAX_ELEMENTS.

        With `partial`, those before a broken one are given, with a note.
        """
        found: list[Element] = []
        at, stop = outer.start, outer.stop
        while at < stop:
            if len(found) == MAX_ELEMENTS:
                self.notes.add("limit_reached", at, f"at most {MAX_ELEMENTS} members", None)
                break
            try:
                one = self.element(at, stop)
            except DerError as error:
                if not partial:
                    raise
                self.notes.add("broken_structure", error.offset, error.need, error.got)
                break
            found.append(one)
            at = one.stop
        return found

    def need(self, element: Element | None, tag: int, what: str) -> Element:
        """Give the element back if it has this tag."""
        if element is None:
            raise DerError(None, what, "nothing")
        if element.tag != tag:
            raise DerError(element.head, f"{what} (tag {tag:02x})", f"tag {element.tag:02x}")
        return element

    def sequence(self, element: Element | None, what: str) -> list[Element]:
        """Give the members of a SEQUENCE."""
        return self.children(self.need(element, SEQUENCE, what))

    def inner(self, element: Element) -> Element:
        """Give the one element that an EXPLICIT tag, an OCTET STRING or the like wraps."""
        one = self.element(element.start, element.stop)
        if one.stop != element.stop:
            self.notes.add("trailing_bytes", one.stop, None, quote(self.data[one.stop : element.stop]))
        return one

    def end(self, members: list[Element], known: int) -> None:
        """Note members of a structure behind those the standard knows."""
        if len(members) > known:
            extra = members[known]
            self.notes.add("trailing_bytes", extra.head, f"{known} members", f"{len(members)}")

    def oid(self, element: Element | None, what: str) -> str:
        """Give an OBJECT IDENTIFIER in dotted digits."""
        element = self.need(element, OID, what)
        content = self.content(element)
        text = oid_text(content) if len(content) <= MAX_OID_BYTES else None
        if text is None:
            raise DerError(element.head, f"{what} of at most {MAX_OID_BYTES} bytes, well formed", quote(content))
        return text

    def integer(self, element: Element | None, what: str, tag: int = INTEGER) -> int:
        """Give an INTEGER of any size."""
        element = self.need(element, tag, what)
        content = self.content(element)
        if not content:
            raise DerError(element.head, f"{what} of at least one byte", "no content")
        # X.690 8.3.2: the first nine bits shall not be all alike.
        if len(content) > 1 and content[0] in (0, _TRUE) and content[0] >> 7 == content[1] >> 7:
            self.notes.add("non_minimal_integer", element.head, None, quote(content))
        return int.from_bytes(content, "big", signed=True)

    def boolean(self, element: Element) -> bool:
        """Give a BOOLEAN."""
        content = self.content(element)
        if len(content) != 1:
            raise DerError(element.head, "a BOOLEAN of one byte", f"{len(content)} bytes")
        if content[0] not in (0, _TRUE):
            self.notes.add("bad_boolean", element.head, "ff", content.hex())
        return content[0] != 0

    def bits(self, element: Element | None, what: str, tag: int = BIT_STRING) -> tuple[int, int]:
        """Give where the bytes of a BIT STRING begin, and how many bits of the last are unused."""
        element = self.need(element, tag, what)
        if element.start == element.stop:
            raise DerError(element.head, f"{what} with a count of unused bits", "no content")
        unused = self.data[element.start]
        if unused > _MAX_UNUSED_BITS or (unused and element.stop - element.start == 1):
            raise DerError(element.start, "at most 7 unused bits of a last byte", f"{unused}")
        if unused and self.data[element.stop - 1] & ((1 << unused) - 1):
            self.notes.add("bad_bits", element.start, f"{unused} zero bits", f"{self.data[element.stop - 1]:02x}")
        return element.start + 1, unused

    def whole_bytes(self, element: Element | None, what: str) -> Element:
        """Give a BIT STRING that holds whole bytes, without its count of unused bits."""
        element = self.need(element, BIT_STRING, what)
        start, unused = self.bits(element, what)
        if unused:
            raise DerError(element.start, f"{what} of whole bytes", f"{unused} unused bits")
        return element._replace(start=start)


@lru_cache(maxsize=4096)
def oid_text(content: bytes) -> str | None:
    """Give dotted digits for the content of an OBJECT IDENTIFIER, None when it breaks X.690 8.19."""
    if not content or content[-1] & _MORE:
        return None
    arcs: list[int] = []
    value, fresh = 0, True
    for byte in content:
        if fresh and byte == _MORE:
            return None
        value = value << 7 | byte & ~_MORE
        fresh = not byte & _MORE
        if fresh:
            arcs.append(value)
            value = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (top, arcs[0] - 40 * top, *arcs[1:]))
