"""Coverage-guided fuzzing of the certificate facts, with atheris: `fuzz_certificate.py [libFuzzer's arguments]`.

`check` is what must hold for any bytes; test_fuzz_found.py holds it for the inputs that are kept.
"""

from __future__ import annotations

import hashlib
import json
import sys
from itertools import islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from damage import children, element, find, raw, replace, tlv

if TYPE_CHECKING:
    from collections.abc import Callable

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import atheris

    with atheris.instrument_imports(include=["sensor"]):
        import sensor.certificate  # noqa: F401  for its coverage

from sensor import _rust
from sensor.certificate import DEFECTS, certificate_json, certificate_rows, read_certificate
from sensor.certificate_defects import MAX_DEFECTS

CONSTRUCTED = 0x20
MAX_CHILDREN = 200
DEEPER, SURGERY = 0.85, 0.6
"""How often the walk goes on, and how often an input is made by surgery."""
TAGS = (
    0x01,
    0x02,
    0x03,
    0x04,
    0x05,
    0x06,
    0x0C,
    0x13,
    0x16,
    0x17,
    0x18,
    0x1E,
    0x1F,
    0x30,
    0x31,
    0x80,
    0x82,
    0x87,
    0xA0,
)


def check(der: bytes) -> None:
    """Nothing raises; defects are of the catalogue, in their place and bounded; facts travel; no answer is luck."""
    certificate = read_certificate(der)
    assert certificate.sha256 == hashlib.sha256(der).digest()
    assert certificate.der_length == len(der)
    assert len(certificate.defects) <= MAX_DEFECTS + 1
    for defect in certificate.defects:
        assert defect.code in DEFECTS, defect
        assert defect.code != "unreadable", defect
        assert defect.offset is None or 0 <= defect.offset <= len(der), defect
    text = json.dumps(certificate_json(certificate), ensure_ascii=False).encode()
    assert text.isascii() or text.decode()
    assert _rust.encode_arrow(certificate_rows([(certificate, der)]))
    assert read_certificate(der) == certificate


def path_into(der: bytes, random: Random) -> tuple[int, ...]:
    """Choose an element, by a walk from the outermost one inwards. IndexError where the DER is not good."""
    path: tuple[int, ...] = ()
    place = element(der, 0)
    while der[place.head] & CONSTRUCTED or random.random() < DEEPER:
        inside = list(islice(children(der, place), MAX_CHILDREN))
        if not inside or (path and random.random() > DEEPER):
            break
        path += (random.randrange(len(inside)),)
        place = inside[path[-1]]
        if place.stop > len(der):
            raise IndexError(place)
    return path


def surgery(der: bytes, random: Random, mutate: Callable[[bytes, int], bytes]) -> bytes:
    """Change one element, and fit all lengths around it: what random bytes hardly ever do."""
    path = path_into(der, random)
    old = find(der, *path)
    tag, content = der[old.head], der[old.start : old.stop]
    ways = (
        lambda: tlv(tag, mutate(content, len(content) + 64)),
        lambda: tlv(tag),
        lambda: b"",
        lambda: tlv(tag, content) * 2,
        lambda: tlv(random.choice(TAGS), content),
        lambda: raw(der, *path_into(der, random)),
    )
    return replace(der, path, random.choice(ways)())


def mutated(data: bytes, max_size: int, seed: int) -> bytes:
    """Make a new input: by surgery, or by libFuzzer's own means."""
    random = Random(seed)
    if random.random() < SURGERY:
        try:
            return surgery(data, random, atheris.Mutate)[:max_size]
        except (IndexError, ValueError, OverflowError, MemoryError):
            pass
    return bytes(atheris.Mutate(data, max_size))


if __name__ == "__main__":
    atheris.Setup(sys.argv, check, custom_mutator=mutated)
    atheris.Fuzz()
