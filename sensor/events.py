"""The ground floor: what the sensor reports, as frozen types and named columns; imports only the standard library.

`None` always means "not known": not seen, not readable, or not there to be seen; never empty, never zero.
Hashes in text are lower-case hexadecimal. A list that may be unknown travels, where a table cannot hold a missing list
(Arrow into ClickHouse), as two columns: the list, and `<name>_known`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

FACTS_VERSION = 1
"""Rises when `sensor.certificate` reads a certificate differently; stored beside the facts it made."""


class Visibility(enum.StrEnum):
    """Why one side's certificate is, or is not, known."""

    VISIBLE = "visible"
    """Its Certificate message was read to the end."""
    DECRYPTED = "decrypted"
    """Read with the session's secrets."""
    ENCRYPTED = "encrypted"
    """TLS 1.3: certificates travel encrypted."""
    RESUMED = "resumed"
    """An earlier session was resumed: no certificate is sent."""
    PSK_OR_ANONYMOUS = "psk_or_anonymous"
    """The cipher suite needs no certificate."""
    NONE_SENT = "none_sent"
    """It was free to send one and did not, or sent an empty list."""
    NOT_REQUESTED = "not_requested"
    """Clients only: the server never asked."""
    ONE_WAY = "one_way"
    """Only the other direction is in the capture."""
    TRUNCATED = "truncated"
    """The observation ends before the message does."""
    LOST = "lost"
    """Bytes of it are missing from the capture."""
    EVICTED = "evicted"
    """One of our own limits was hit."""
    UNSUPPORTED = "unsupported"
    """A form of certificate, or of message, that certspan cannot read."""


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is malformed in a certificate; the certificate itself is kept."""

    code: str
    """From the closed catalogue `sensor.certificate.DEFECTS`."""
    where: str
    """Field path, for example `tbs.extensions[3]`."""
    offset: int | None = None
    """Bytes from the start of the DER."""
    need: str | None = None
    """What would have been right."""
    got: str | None = None
    """What was there, shortened."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The facts of one distinct DER. Every field is read on its own: one that cannot be read is None, with a defect.

    A field that comes from an extension is None, too, when that extension occurs twice with different values, or when
    it may hide among extensions that cannot be read.
    """

    sha256: bytes
    """Of the DER; names the certificate. 32 bytes."""
    sha1: bytes
    """Of the DER. 20 bytes."""
    der_length: int
    """Bytes."""
    facts_version: int = FACTS_VERSION
    spki_sha256: bytes | None = None
    """Of the SubjectPublicKeyInfo's DER: names the key. 32 bytes."""
    version: int | None = None
    """1, 2 or 3 as people say it (one more than on the wire); the value found, when it is none of these."""
    serial: str | None = None
    """The INTEGER's content octets in hexadecimal, as encoded (leading zeros and sign octets kept); up to 1,024."""
    subject: str | None = None
    """RFC 4514 text. "" is an empty name, None one that cannot be read."""
    issuer: str | None = None
    """RFC 4514 text."""
    subject_attributes: tuple[str, ...] | None = None
    """`<short name or OID>=<value>`, in the order of the DER, values unescaped."""
    issuer_attributes: tuple[str, ...] | None = None
    """As `subject_attributes`."""
    sans: tuple[str, ...] | None = None
    """Subject alternative names of every kind, as `<kind>:<value>`: dns, ip, email, uri, dirname (RFC 4514), rid (OID),
    othername (`<OID>:<text or #hex>`), x400 and edi (#hex), and invalid (#hex) for one that cannot be read. () when the
    extension is absent."""
    not_before: datetime | None = None
    """UTC, from 1850 to 9999. One written without a zone is taken as UTC, with a defect."""
    not_after: datetime | None = None
    """UTC; the certificate is still valid in this very second (RFC 5280 4.1.2.5)."""
    key_algorithm: str | None = None
    """RSA (PSS keys too), EC, DSA, Ed25519, Ed448, X25519, ML-DSA-44 ...; the OID when it has no name here."""
    key_bits: int | None = None
    """RSA and DSA: bits of the modulus; EC: of the field; None where the notion does not apply."""
    key_curve: str | None = None
    """Named curve (`secp256r1`), its OID, or `explicit` (the numbers of a curve are written out). None: not EC."""
    key_exponent: str | None = None
    """RSA public exponent in decimal digits (it may be longer than any integer column)."""
    signature_algorithm: str | None = None
    """Name, such as `sha256WithRSAEncryption`, or OID, of the outer signatureAlgorithm."""
    signature_hash: str | None = None
    """sha1, md5, sha256 ... of the outer one, PSS parameters considered; None where the algorithm names none."""
    tbs_signature_algorithm: str | None = None
    """The one inside the signed part; it should equal the outer one."""
    tbs_signature_hash: str | None = None
    """As `signature_hash`, of the one inside."""
    is_ca: bool | None = None
    """Basic constraints say so. False when the extension is absent; None when it cannot be read."""
    path_length: int | None = None
    """Basic constraints' pathLenConstraint; None when absent."""
    key_usage: tuple[str, ...] | None = None
    """RFC 5280 names (`digitalSignature`, `keyCertSign` ...). () when absent."""
    extended_key_usage: tuple[str, ...] | None = None
    """RFC names (`serverAuth` ...) or OIDs. () when absent."""
    subject_key_id: str | None = None
    """Hexadecimal."""
    authority_key_id: str | None = None
    """Hexadecimal."""
    policies: tuple[str, ...] | None = None
    """OIDs. () when absent."""
    ocsp_urls: tuple[str, ...] | None = None
    """Authority information access, id-ad-ocsp. () when absent."""
    ca_issuer_urls: tuple[str, ...] | None = None
    """Authority information access, id-ad-caIssuers. () when absent."""
    crl_urls: tuple[str, ...] | None = None
    """CRL distribution points. () when absent."""
    sct_count: int | None = None
    """Embedded signed certificate timestamps; 0 when the extension is absent."""
    adcs_template: str | None = None
    """Microsoft AD CS template: the name (v1) or OID (v2); None when absent or not readable."""
    name_constraints: tuple[str, ...] | None = None
    """`permitted:dns:example.com`, `excluded:ip:10.0.0.0/8`. () when absent."""
    extensions: tuple[str, ...] | None = None
    """OIDs of all extensions, in order, repeated ones repeated. () when there are none; None unless all can be read."""
    critical_extensions: tuple[str, ...] | None = None
    """OIDs of those marked critical. None as `extensions`."""
    unknown_extensions: tuple[str, ...] | None = None
    """OIDs of those certspan has no name for. None as `extensions`."""
    self_issued: bool | None = None
    """Subject and issuer are the same name, compared as encoded."""
    self_signed: bool | None = None
    """Its signature verifies with its own key. None: it cannot be verified here (unknown algorithm, bad key)."""
    defects: tuple[Defect, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table as it travels in Arrow: see `sensor._rust.encode_arrow` for the kinds."""

    name: str
    kind: str


_KINDS = {
    "bytes": "binary",
    "int": "int64",
    "str": "string",
    "bool": "bool",
    "datetime": "timestamp_ms",
    "tuple[str, ...]": "list_string",
    "tuple[Defect, ...]": "list_string",
}
_FIXED = {"sha256": "fixed_32", "spki_sha256": "fixed_32", "sha1": "fixed_20"}


def certificate_columns() -> tuple[Column, ...]:
    """Columns of `certificates.arrow`: the fields of `Certificate` in order, the DER, and a `_known` flag after each
    list that may be unknown. Defects are JSON texts, one a defect.
    """
    columns: list[Column] = []
    for field in fields(Certificate):
        kind = str(field.type).removesuffix(" | None")
        columns.append(Column(field.name, _FIXED.get(field.name, _KINDS[kind])))
        if kind.startswith("tuple[str") and str(field.type).endswith("None"):
            columns.append(Column(f"{field.name}_known", "bool"))
    columns.append(Column("der", "binary"))
    return tuple(columns)
