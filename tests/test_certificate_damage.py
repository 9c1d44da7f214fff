"""One defect at a time: it is told by code, place and offset, and everything else is still read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from damage import EXTENSIONS, ISSUER, SERIAL, SUBJECT, find, integer, raw, replace, tlv
from damaged_certificates import CASES, Case, put
from made_certificates import plain, rich

from sensor import certificate as room
from sensor.certificate import DEFECTS, read_certificate
from sensor.certificate_defects import LOOSE, UNREADABLE, Notes
from sensor.der import Der

if TYPE_CHECKING:
    from sensor.events import Defect


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_damage_is_told_and_the_rest_is_read(case: Case) -> None:
    der = case.der()
    certificate = read_certificate(der)
    met = [(defect.code, defect.where) for defect in certificate.defects]
    assert (case.code, case.where) in met
    if not case.among:
        assert len(met) == 1
    if case.path is not None:
        offsets = [one.offset for one in certificate.defects if (one.code, one.where) == (case.code, case.where)]
        assert find(der, *case.path).head + case.inside in offsets
    untouched = {name: getattr(certificate, name) for name in case.facts}
    assert untouched == case.facts
    _check_defects(certificate.defects, len(der))


def _check_defects(defects: tuple[Defect, ...], size: int) -> None:
    for defect in defects:
        assert defect.code in DEFECTS
        assert defect.offset is None or 0 <= defect.offset <= size
        assert len(defect.need or "") + len(defect.got or "") < 200


def test_every_code_has_an_example() -> None:
    assert {case.code for case in CASES} | {"unreadable"} == set(DEFECTS)


def test_sentences_are_sentences_and_differ() -> None:
    assert len(set(DEFECTS.values())) == len(DEFECTS) == len(UNREADABLE) + len(LOOSE)
    assert all(text[0].isalpha() and text.endswith(".") for text in DEFECTS.values())


def test_a_fault_of_ours_is_a_defect_not_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(room, "read_name", fail)
    certificate = read_certificate(plain())
    assert [(one.code, one.where, one.got) for one in certificate.defects] == [
        ("unreadable", "tbs.issuer", "RecursionError"),
        ("unreadable", "tbs.subject", "RecursionError"),
    ]
    assert (certificate.subject, certificate.key_curve, certificate.is_ca) == (None, "secp256r1", True)


def test_serial_zero_of_a_root_and_twenty_bytes_with_a_sign_are_no_defects() -> None:
    root = replace(put(SERIAL, integer(0)), ISSUER, raw(plain(), *SUBJECT))
    assert read_certificate(root).defects == ()
    assert read_certificate(put(SERIAL, integer(2**160 - 1))).defects == ()


def test_other_good_extensions_survive_each_broken_one() -> None:
    """Break the value of each extension of the rich certificate in turn: only its own facts are lost."""
    whole = read_certificate(rich())
    fields = {
        0: {"sans"}, 1: {"is_ca"}, 2: {"key_usage"}, 3: {"extended_key_usage"}, 4: {"subject_key_id"},
        5: {"authority_key_id"}, 6: {"policies"}, 7: {"ocsp_urls", "ca_issuer_urls"}, 8: {"crl_urls"},
        9: {"name_constraints"}, 10: {"adcs_template"},
    }  # fmt: skip
    every = set().union(*fields.values())
    for place, lost in fields.items():
        path = (*EXTENSIONS, place, 2 if place in (1, 2, 9) else 1)
        certificate = read_certificate(replace(rich(), path, tlv(0x04, b"\x1f\xff")))
        assert {name for name in every if getattr(certificate, name) is None} == lost
        kept = every - lost
        assert {name: getattr(certificate, name) for name in kept} == {name: getattr(whole, name) for name in kept}
        assert [(one.code, one.where) for one in certificate.defects] == [("bad_extension", f"tbs.extensions[{place}]")]


def test_an_element_is_never_read_beyond_its_container() -> None:
    notes = Notes()
    outer = Der(b"\x30\x03\x02\x05\x01" + bytes(20), notes)
    read = notes.guard("x", "broken_structure", outer.sequence, outer.element(0, 25), "a list")
    assert read is None
    assert [(one.code, one.offset) for one in notes.found()] == [("broken_structure", 2)]
