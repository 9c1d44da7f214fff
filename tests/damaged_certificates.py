"""The catalogue of damage: one certificate for each thing that can be wrong, and all that must be said about it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from damage import (
    ALGORITHM,
    EXTENSIONS,
    ISSUER,
    NOT_AFTER,
    NOT_BEFORE,
    SERIAL,
    SIGNATURE,
    SPKI,
    SUBJECT,
    TBS_ALGORITHM,
    VALIDITY,
    VERSION,
    common_name,
    extension,
    insert,
    integer,
    oid,
    raw,
    replace,
    sequence,
    tlv,
)
from made_certificates import plain

from sensor.certificate_defects import MAX_DEFECTS
from sensor.der import MAX_ELEMENTS

if TYPE_CHECKING:
    from collections.abc import Callable

UNTOUCHED = {"subject": "CN=door-1.example,OU=Access,O=Acme,C=DE", "key_curve": "secp256r1", "is_ca": True}
"""Facts of `plain` that no damage of another part may hide."""
SAN = (*EXTENSIONS, 0)
SAN_VALUE = (*SAN, 1, 0)
CONSTRAINTS = (*EXTENSIONS, 1)
CONSTRAINTS_VALUE = (*CONSTRAINTS, 2, 0)
NULL = tlv(0x05)
RSA_ALGORITHM = sequence(oid("1.2.840.113549.1.1.1"), NULL)


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc, arg-type]


def put(path: tuple[int, ...], new: bytes) -> bytes:
    return replace(plain(), path, new)


def put_san(*names: bytes) -> bytes:
    return put(SAN_VALUE, sequence(*names))


def add(dotted: str, value: bytes, *, flag: bytes = b"") -> bytes:
    return insert(plain(), CONSTRAINTS, extension(dotted, value, flag=flag))


def rsa(modulus: bytes, exponent: bytes = integer(65537)) -> bytes:
    return put(SPKI, sequence(RSA_ALGORITHM, tlv(0x03, b"\0", sequence(modulus, exponent))))


@dataclass(frozen=True)
class Case:
    """One kind of damage and all that must be said about it."""

    name: str
    der: Callable[[], bytes]
    code: str
    where: str
    path: tuple[int, ...] | None = None
    """The element that the offset points at; None: the offset is not looked at."""
    facts: dict[str, Any] = field(default_factory=dict)
    inside: int = 0
    """Bytes from the head of that element to the offset."""
    among: bool = False
    """Other defects are there, too."""


CASES = (
    Case("empty", lambda: b"", "not_der", "certificate", None, {"version": None, "sans": None, "subject": None}),
    Case("a number", lambda: integer(7), "not_der", "certificate", (), {"serial": None, "extensions": None}),
    Case("text", lambda: b"<html>not a certificate</html>", "not_der", "certificate", among=True),
    Case("cut in the signature", lambda: plain()[:-9], "truncated", "certificate", (), UNTOUCHED, among=True),
    Case("bytes behind", lambda: plain() + b"\0\0", "trailing_bytes", "certificate", None, UNTOUCHED),
    Case("a third member", lambda: insert(plain(), SIGNATURE, NULL), "trailing_bytes", "certificate", (3,),
         UNTOUCHED),
    Case("no signature", lambda: put(SIGNATURE, b""), "missing_field", "certificate", None, {"self_signed": None}),
    Case("no key", lambda: put(SPKI, b""), "missing_field", "tbs", None, {"version": 3, "is_ca": True}),
    Case("broken member", lambda: put(SUBJECT, b"\x30\x82\xff\xff"), "broken_structure", "tbs", None,
         {"serial": "00e10203040506070809", "sans": None, "is_ca": None, "spki_sha256": None}, among=True),
    Case("indefinite length", lambda: put(SUBJECT, b"\x30\x80\0\0"), "broken_structure", "tbs", None,
         {"subject": None}, among=True),
    Case("long length", lambda: put(SERIAL, b"\x02\x81\x01\x05"), "non_minimal_length", "tbs", SERIAL,
         {"serial": "05", **UNTOUCHED}, inside=1),
    Case("very long length", lambda: put(SERIAL, b"\x02\x8a" + bytes(9) + b"\x01\x05"), "non_minimal_length", "tbs",
         SERIAL, {"serial": "05"}, inside=1),
    Case("absurd length", lambda: put(SERIAL, b"\x02\x8a" + b"\x01" * 10), "broken_structure", "tbs", SERIAL,
         {"serial": None, "version": 3}, inside=1, among=True),
    Case("version 4", lambda: put((*VERSION, 0), integer(3)), "bad_version", "tbs.version", (*VERSION, 0),
         {"version": 4, **UNTOUCHED}),
    Case("version 0", lambda: put((*VERSION, 0), integer(-1)), "bad_version", "tbs.version", (*VERSION, 0),
         {"version": 0, **UNTOUCHED}),
    Case("huge version", lambda: put((*VERSION, 0), tlv(0x02, b"\x01" * 99)), "bad_version", "tbs.version", None,
         {"version": None, **UNTOUCHED}),
    Case("version 1 written out", lambda: replace(put((*VERSION, 0), integer(0)), (0, 7), b""), "explicit_default",
         "tbs.version", VERSION, {"version": 1, "sans": ()}),
    Case("version 1 with extensions", lambda: put(VERSION, b""), "version_mismatch", "tbs", (0, 6), {"version": 1,
         **UNTOUCHED}),
    Case("version 2 with extensions", lambda: put((*VERSION, 0), integer(1)), "version_mismatch", "tbs", (0, 7),
         {"version": 2, **UNTOUCHED}),
    Case("version 1 with unique id", lambda: replace(replace(plain(), (0, 7), tlv(0x81, b"\0\x07")), VERSION, b""),
         "version_mismatch", "tbs", (0, 6), {"version": 1}),
    Case("serial of text", lambda: put(SERIAL, tlv(0x0C, b"7")), "bad_serial", "tbs.serialNumber", SERIAL,
         {"serial": None, **UNTOUCHED}),
    Case("empty serial", lambda: put(SERIAL, tlv(0x02)), "bad_serial", "tbs.serialNumber", SERIAL, {"serial": None,
         **UNTOUCHED}),
    Case("negative serial", lambda: put(SERIAL, integer(-2)), "negative_serial", "tbs.serialNumber", SERIAL,
         {"serial": "fe", **UNTOUCHED}),
    Case("serial zero", lambda: put(SERIAL, integer(0)), "zero_serial", "tbs.serialNumber", SERIAL, {"serial": "00",
         **UNTOUCHED}),
    Case("padded serial", lambda: put(SERIAL, tlv(0x02, b"\0\0\x81")), "non_minimal_integer", "tbs.serialNumber",
         SERIAL, {"serial": "000081", **UNTOUCHED}),
    Case("long serial", lambda: put(SERIAL, tlv(0x02, b"\x41" * 21)), "long_serial", "tbs.serialNumber", SERIAL,
         {"serial": "41" * 21, **UNTOUCHED}),
    Case("endless serial", lambda: put(SERIAL, tlv(0x02, b"\x41" * 9999)), "limit_reached", "tbs.serialNumber",
         SERIAL, {"serial": None, **UNTOUCHED}, among=True),
    Case("algorithm without OID", lambda: put(TBS_ALGORITHM, sequence()), "bad_algorithm", "tbs.signature", None,
         {"tbs_signature_algorithm": None, "signature_hash": "sha256", **UNTOUCHED}),
    Case("bad OID", lambda: put((*ALGORITHM, 0), tlv(0x06, b"\x2a\x80\x01")), "bad_algorithm", "signatureAlgorithm",
         (*ALGORITHM, 0), {"signature_algorithm": None, "self_signed": None, **UNTOUCHED}),
    Case("algorithms differ", lambda: put(TBS_ALGORITHM, sequence(oid("1.2.840.10045.4.3.3"))),
         "algorithm_mismatch", "signatureAlgorithm", ALGORITHM, {"tbs_signature_hash": "sha384",
         "signature_hash": "sha256"}),
    Case("ECDSA with NULL", lambda: replace(put(ALGORITHM, sequence(oid("1.2.840.10045.4.3.2"), NULL)),
         TBS_ALGORITHM, sequence(oid("1.2.840.10045.4.3.2"), NULL)), "bad_parameters", "tbs.signature",
         (*TBS_ALGORITHM, 1), {"signature_hash": "sha256"}, among=True),
    Case("issuer is a number", lambda: put(ISSUER, integer(1)), "bad_name", "tbs.issuer", ISSUER, {"issuer": None,
         "issuer_attributes": None, "self_issued": False, **UNTOUCHED}),
    Case("empty relative name", lambda: put(ISSUER, sequence(tlv(0x31))), "bad_name", "tbs.issuer", (*ISSUER, 0),
         {"issuer": None, **UNTOUCHED}),
    Case("empty issuer", lambda: put(ISSUER, sequence()), "empty_issuer", "tbs.issuer", ISSUER, {"issuer": "",
         "issuer_attributes": (), **UNTOUCHED}),
    Case("unsorted set", lambda: put(SUBJECT, sequence(tlv(0x31, sequence(oid("2.5.4.10"), tlv(0x0C, b"B")),
         sequence(oid("2.5.4.3"), tlv(0x0C, b"A"))))), "unsorted_set", "tbs.subject", (*SUBJECT, 0, 0),
         {"subject": "O=B+CN=A", "subject_attributes": ("O=B", "CN=A")}),
    Case("underscore in PrintableString", lambda: put(SUBJECT, common_name(tlv(0x13, b"door_1"))), "bad_string",
         "tbs.subject", (*SUBJECT, 0, 0, 1), {"subject": "CN=door_1"}),
    Case("not UTF-8", lambda: put(SUBJECT, common_name(tlv(0x0C, b"T\xfcr"))), "bad_string", "tbs.subject",
         (*SUBJECT, 0, 0, 1), {"subject": "CN=T\\\\xfcr", "subject_attributes": ("CN=T\\xfcr", )}, inside=3),
    Case("half a BMPString", lambda: put(SUBJECT, common_name(tlv(0x1E, b"\0T\0"))), "bad_string", "tbs.subject",
         (*SUBJECT, 0, 0, 1), {"subject": "CN=T\\\\x00"}, inside=4),
    Case("lone surrogate", lambda: put(SUBJECT, common_name(tlv(0x1E, b"\xd8\0\0T"))), "bad_string", "tbs.subject",
         (*SUBJECT, 0, 0, 1), {"subject": "CN=\\\\xd8\\\\x00T"}, inside=2),
    Case("one time", lambda: put(NOT_AFTER, b""), "bad_time", "tbs.validity", VALIDITY, {"not_before": utc(2025, 3,
         1, 12, 30, 15), "not_after": None, **UNTOUCHED}),
    Case("a time of words", lambda: put(NOT_AFTER, tlv(0x17, b"next summer!Z")), "bad_time",
         "tbs.validity.notAfter", NOT_AFTER, {"not_after": None, "not_before": utc(2025, 3, 1, 12, 30, 15),
         **UNTOUCHED}),
    Case("a time of other digits", lambda: put(NOT_AFTER, tlv(0x17, "٢50301123015Z".encode())), "bad_time",
         "tbs.validity.notAfter", NOT_AFTER, {"not_after": None, **UNTOUCHED}),
    Case("the 30th of February", lambda: put(NOT_AFTER, tlv(0x17, b"260230120000Z")), "time_out_of_range",
         "tbs.validity.notAfter", NOT_AFTER, {"not_after": None, **UNTOUCHED}, inside=2),
    Case("the year 0", lambda: put(NOT_BEFORE, tlv(0x18, b"00000101000000Z")), "time_out_of_range",
         "tbs.validity.notBefore", NOT_BEFORE, {"not_before": None, **UNTOUCHED}, inside=2),
    Case("the year 1849", lambda: put(NOT_BEFORE, tlv(0x18, b"18491231235959Z")), "time_out_of_range",
         "tbs.validity.notBefore", NOT_BEFORE, {"not_before": None, **UNTOUCHED}, inside=2),
    Case("beyond the calendar", lambda: put(NOT_AFTER, tlv(0x18, b"99991231235959-0100")), "time_out_of_range",
         "tbs.validity.notAfter", NOT_AFTER, {"not_after": None, **UNTOUCHED}, inside=2, among=True),
    Case("no seconds", lambda: put(NOT_AFTER, tlv(0x17, b"2703011230Z")), "loose_time", "tbs.validity.notAfter",
         NOT_AFTER, {"not_after": utc(2027, 3, 1, 12, 30), **UNTOUCHED}, inside=2),
    Case("not Zulu", lambda: put(NOT_AFTER, tlv(0x17, b"270301123015+0530")), "loose_time", "tbs.validity.notAfter",
         NOT_AFTER, {"not_after": utc(2027, 3, 1, 7, 0, 15), **UNTOUCHED}, inside=2),
    Case("no zone", lambda: put(NOT_AFTER, tlv(0x18, b"20520301123015")), "loose_time", "tbs.validity.notAfter",
         NOT_AFTER, {"not_after": utc(2052, 3, 1, 12, 30, 15), **UNTOUCHED}, inside=2),
    Case("a fraction", lambda: put(NOT_AFTER, tlv(0x18, b"20520301123015.5Z")), "loose_time",
         "tbs.validity.notAfter", NOT_AFTER, {"not_after": utc(2052, 3, 1, 12, 30, 15, 500_000), **UNTOUCHED},
         inside=2),
    Case("GeneralizedTime too early", lambda: put(NOT_AFTER, tlv(0x18, b"20270301123015Z")), "wrong_time_type",
         "tbs.validity.notAfter", NOT_AFTER, {"not_after": utc(2027, 3, 1, 12, 30, 15), **UNTOUCHED}),
    Case("key without bits", lambda: put((*SPKI, 1), b""), "bad_key", "tbs.subjectPublicKeyInfo", None,
         {"key_algorithm": "EC", "key_bits": None, "self_signed": None}),
    Case("half a point", lambda: put((*SPKI, 1), tlv(0x03, b"\0\x04" + bytes(32))), "bad_key",
         "tbs.subjectPublicKeyInfo", (*SPKI, 1), {"key_curve": "secp256r1", "self_signed": None}, inside=3),
    Case("RSA key of noise", lambda: put(SPKI, sequence(RSA_ALGORITHM, tlv(0x03, b"\0\xff\xff"))), "bad_key",
         "tbs.subjectPublicKeyInfo", None, {"key_algorithm": "RSA", "key_bits": None, "is_ca": True}),
    Case("negative modulus", lambda: rsa(tlv(0x02, b"\x81" + b"\x55" * 127)), "negative_integer",
         "tbs.subjectPublicKeyInfo", (*SPKI, 1, 0, 0), {"key_bits": 1024, "key_exponent": "65537"}),
    Case("exponent of 2,000 bytes", lambda: rsa(integer(2**1023), integer(2**16_000)), "limit_reached",
         "tbs.subjectPublicKeyInfo", (*SPKI, 1, 0, 1), {"key_bits": 1024, "key_exponent": None}),
    Case("RSA without NULL", lambda: put(SPKI, sequence(sequence(oid("1.2.840.113549.1.1.1")), tlv(0x03, b"\0",
         sequence(integer(2**1023), integer(3))))), "bad_parameters", "tbs.subjectPublicKeyInfo", None,
         {"key_bits": 1024, "key_exponent": "3"}),
    Case("no extension at all", lambda: put(EXTENSIONS, sequence()), "bad_extension", "tbs.extensions", (0, 7),
         {"sans": (), "extensions": ()}),
    Case("extensions are a number", lambda: put(EXTENSIONS, integer(1)), "bad_extension", "tbs.extensions",
         EXTENSIONS, {"sans": None, "extensions": None, "is_ca": None, "version": 3}),
    Case("broken SAN", lambda: put(SAN_VALUE, sequence() + b"\x01"), "trailing_bytes", "tbs.extensions[0]", None,
         {"is_ca": True, "path_length": 3}, among=True),
    Case("SAN of noise", lambda: put(SAN_VALUE, b"\xff\xff\xff"), "bad_extension", "tbs.extensions[0]", None,
         {"sans": None, "extensions": ("2.5.29.17", "2.5.29.19"), **UNTOUCHED}),
    Case("empty SAN", put_san, "bad_extension", "tbs.extensions[0]", SAN_VALUE, {"sans": (), **UNTOUCHED}),
    Case("address of five bytes", lambda: put_san(tlv(0x87, b"12345"), tlv(0x82, b"ok.example")),
         "bad_general_name", "tbs.extensions[0]", (*SAN_VALUE, 0), {"sans": ("invalid:#87053132333435",
         "dns:ok.example"), **UNTOUCHED}),
    Case("umlaut in a DNS name", lambda: put_san(tlv(0x82, "tür.example".encode())), "bad_string",
         "tbs.extensions[0]", (*SAN_VALUE, 0), {"sans": ("dns:tür.example", ), **UNTOUCHED}),
    Case("constraints of noise", lambda: put(CONSTRAINTS_VALUE, b"\x30\x7f"), "bad_extension", "tbs.extensions[1]",
         None, {"is_ca": None, "path_length": None, "sans": ("dns:door-1.example", )}),
    Case("FALSE written out", lambda: put(CONSTRAINTS_VALUE, sequence(tlv(0x01, b"\0"))), "explicit_default",
         "tbs.extensions[1]", (*CONSTRAINTS_VALUE, 0), {"is_ca": False}),
    Case("not critical written out", lambda: put((*CONSTRAINTS, 1), tlv(0x01, b"\0")), "explicit_default",
         "tbs.extensions[1]", (*CONSTRAINTS, 1), {"critical_extensions": (), **UNTOUCHED}),
    Case("TRUE is one", lambda: put(CONSTRAINTS_VALUE, sequence(tlv(0x01, b"\x01"))), "bad_boolean",
         "tbs.extensions[1]", (*CONSTRAINTS_VALUE, 0), UNTOUCHED),
    Case("negative path length", lambda: put((*CONSTRAINTS_VALUE, 1), integer(-1)), "bad_extension",
         "tbs.extensions[1]", (*CONSTRAINTS_VALUE, 1), {"path_length": None, **UNTOUCHED}),
    Case("padded key usage", lambda: add("2.5.29.15", tlv(0x03, b"\x05\x80")), "bad_bits", "tbs.extensions[2]",
         (*EXTENSIONS, 2, 1, 0), {"key_usage": ("digitalSignature", ), **UNTOUCHED}),
    Case("key usage of nothing", lambda: add("2.5.29.15", tlv(0x03, b"\0")), "bad_extension", "tbs.extensions[2]",
         (*EXTENSIONS, 2, 1, 0), {"key_usage": (), **UNTOUCHED}),
    Case("timestamps of another length", lambda: add("1.3.6.1.4.1.11129.2.4.2", tlv(0x04, b"\0\x09\0\x01x")),
         "bad_extension", "tbs.extensions[2]", None, {"sct_count": None, **UNTOUCHED}),
    Case("same extension twice", lambda: insert(plain(), CONSTRAINTS, raw(plain(), *SAN)), "duplicate_extension",
         "tbs.extensions[2]", None, {"sans": ("dns:door-1.example", ), "extensions": ("2.5.29.17", "2.5.29.19",
         "2.5.29.17"), **UNTOUCHED}),
    Case("two different SANs", lambda: add("2.5.29.17", sequence(tlv(0x82, b"other"))), "duplicate_extension",
         "tbs.extensions[2]", None, {"sans": None, **UNTOUCHED}),
    Case("extension without OID", lambda: insert(plain(), CONSTRAINTS, sequence(tlv(0x04, b""))), "bad_extension",
         "tbs.extensions[2]", (*EXTENSIONS, 2, 0), {"extensions": None, "unknown_extensions": None,
         "key_usage": None, "sans": ("dns:door-1.example", ), **UNTOUCHED}),
    Case("unused bits of the signature", lambda: put(SIGNATURE, tlv(0x03, b"\x01\x02")), "bad_signature",
         "signatureValue", SIGNATURE, {"self_signed": None, **UNTOUCHED}, inside=2),
    Case("noise in unused bits", lambda: add("2.5.29.15", tlv(0x03, b"\x05\xa1")), "bad_bits", "tbs.extensions[2]",
         None, {"key_usage": ("digitalSignature", "keyEncipherment")}, among=True),
    Case("endless SAN", lambda: put_san(*[tlv(0x82, b"x")] * (MAX_ELEMENTS + 1)), "limit_reached",
         "tbs.extensions[0]", (*SAN_VALUE, MAX_ELEMENTS), {"sans": ("dns:x", ) * MAX_ELEMENTS, **UNTOUCHED}),
    Case("endless defects", lambda: put_san(*[tlv(0x87, b"x")] * (MAX_DEFECTS + 1)), "too_many_defects",
         "tbs.extensions[0]", None, UNTOUCHED, among=True),
)  # fmt: skip
