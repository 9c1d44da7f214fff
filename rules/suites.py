"""What cipher suites are made of: numbers of the IANA registry "TLS Cipher Suites", and the few in use beside it.

Data, because names err: `DES` stands in `3DES`, `TLS_SHA256_SHA256` (RFC 9150) encrypts nothing and says so nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


def codes(text: str) -> tuple[int, ...]:
    """Read numbers and ranges, hexadecimal: `0000-0002 c001`."""
    found: list[int] = []
    for part in text.split():
        first, _, last = part.partition("-")
        found.extend(range(int(first, 16), int(last or first, 16) + 1))
    return tuple(found)


NO_ENCRYPTION: Final = codes(
    "0000-0002 001c 002c-002e 003b 0082-0083 00b0-00b1 00b4-00b5 00b8-00b9 c001 c006 c00b c010 c015 c039-c03b c0b4-c0b5"
)
ANONYMOUS: Final = codes(
    "0017-001b 0034 003a 0046 006c-006d 0089 009b 00a6-00a7 00bf 00c5 c015-c019 c046-c047 c05a-c05b c084-c085"
)
EXPORT: Final = codes("0003 0006 0008 000b 000e 0011 0014 0017 0019 0026-002b 0060-0065")
DES: Final = codes("0009 000c 000f 0012 0015 001a 001e 0022 fefe ffe1")
"""Of 56 bits; what was cut to 40 for export stands under `EXPORT`."""
RC4: Final = codes("0004-0005 0018 0020 0024 0066 008a 008e 0092 c002 c007 c00c c011 c016 c033")
TRIPLE_DES: Final = codes(
    "000a 000d 0010 0013 0016 001b 001f 0023 008b 008f 0093 c003 c008 c00d c012 c017 c01a-c01c c034 feff ffe0"
)
IDEA: Final = codes("0007 0021 0025")

OPEN_TO_ANYONE: Final[Mapping[str, tuple[int, ...]]] = {
    "a suite without encryption": NO_ENCRYPTION,
    "an anonymous suite": ANONYMOUS,
    "an export suite": EXPORT,
    "DES": DES,
}
"""Read or forged with no more than a desktop computer; the gravest first."""
RETIRED: Final[Mapping[str, tuple[int, ...]]] = {"RC4": RC4, "3DES": TRIPLE_DES, "IDEA": IDEA}
"""Retired for what they give away over time: RFC 7465 (RC4), ciphers with blocks of 64 bits (RFC 9325 4.1)."""

STATIC: Final = codes(
    "0000-0010 001c-002c 002e-0031 0035-0037 003b-003f 0041-0043 0060-0062 0064 0068-0069 0080-0086 008a-008d "
    "0092-0098 "
    "009c-009d 00a0-00a1 00a4-00a5 00a8-00a9 00ac-00b1 00b6-00bc 00c0-00c2 c001-c005 c00b-c00f c025-c026 c029-c02a "
    "c02d-c02e c031-c032 c03c-c041 c04a-c04b c04e-c051 c054-c055 c058-c059 c05e-c05f c062-c065 c068-c06b c06e-c06f "
    "c074-c075 c078-c07b c07e-c07f c082-c083 c088-c089 c08c-c08f c092-c095 c098-c099 c09c-c09d c0a0-c0a1 c0a4-c0a5 "
    "c0a8-c0a9 c100-c102 ccab ccae e410-e411 e416-e417 e41a-e41b fefe-feff ffe0-ffe1"
)
"""Keys hang on a secret that lasts: RSA, static DH and ECDH, a shared key alone, Kerberos, the GOST suites before "
"1.3."""
SIGNED: Final = codes(
    "0011-0016 0032-0033 0038-0039 0040 0044-0045 0063 0065-0067 006a-006b 0087-0088 0099-009a 009e-009f 00a2-00a3 "
    "00bd-00be 00c3-00c4 c006-c00a c010-c014 c01b-c01c c01e-c01f c021-c024 c027-c028 c02b-c02c c02f-c030 c042-c045 "
    "c048-c049 c04c-c04d c052-c053 c056-c057 c05c-c05d c060-c061 c072-c073 c076-c077 c07c-c07d c080-c081 c086-c087 "
    "c08a-c08b c09e-c09f c0a2-c0a3 c0ac-c0af cc13-cc15 cca8-ccaa e412-e415 e41e-e41f"
)
"""Before TLS 1.3: the server signs its half of the key exchange."""
FINITE_FIELD: Final = codes(
    "0011-001b 002d 0032-0034 0038-003a 0040 0044-0046 0063 0065-0067 006a-006d 0087-0089 008e-0091 0099-009b "
    "009e-009f "
    "00a2-00a3 00a6-00a7 00aa-00ab 00b2-00b5 00bd-00bf 00c3-00c5 c042-c047 c052-c053 c056-c057 c05a-c05b c066-c067 "
    "c06c-c06d c07c-c07d c080-c081 c084-c085 c090-c091 c096-c097 c09e-c09f c0a2-c0a3 c0a6-c0a7 c0aa-c0ab cc15 ccaa "
    "ccad "
    "e41c-e41f"
)
"""Before TLS 1.3: Diffie-Hellman with a prime that the server names (DHE, DH_anon)."""
KNOWN: Final = codes(
    "0000-0046 0060-006d 0080-00c7 1301-1305 c001-c0b5 c0ff-c106 cc13-cc15 cca8-ccae d001-d003 d005 e410-e41f "
    "fefe-feff "
    "ffe0-ffe1"
)
"""All that the lists above were made of. Of any other number nothing is known."""
