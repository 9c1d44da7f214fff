"""What cipher suites are made of: the lists of numbers in rules/suites.py beside what openssl says of each suite."""

from __future__ import annotations

import re
import subprocess

import pytest

from rules import suites

LINE = re.compile(
    r"0x(?P<a>..),0x(?P<b>..) - (?P<name>\S+) .* (?P<version>\S+)\s+Kx=(?P<kx>\S+)\s+Au=(?P<au>\S+)\s+Enc=(?P<enc>\S+)"
)


@pytest.mark.tools("openssl")
def test_openssl_says_the_same_of_every_suite_that_it_knows() -> None:
    command = ["openssl", "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:eNULL:@SECLEVEL=0"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    found = [match for line in lines if (match := LINE.search(line))]
    assert len(found) == len(lines) > 100
    wrong = []
    for match in found:
        code = int(match["a"] + match["b"], 16)
        before_13 = match["version"] != "TLSv1.3"
        said = {
            "NO_ENCRYPTION": match["enc"] == "None",
            "ANONYMOUS": match["au"] == "None" and match["kx"] not in {"PSK", "SRP"},
            "STATIC": match["kx"] in {"RSA", "PSK", "RSAPSK", "GOST", "GOST18"},
            "SIGNED": before_13 and match["kx"] in {"DH", "ECDH", "SRP"} and match["au"] in {"RSA", "ECDSA", "DSS"},
            "FINITE_FIELD": match["kx"] in {"DH", "DHEPSK"},
            "KNOWN": True,
        }
        wrong += [(match["name"], word) for word, holds in said.items() if (code in getattr(suites, word)) != holds]
    assert wrong == []


def test_the_lists_are_of_known_suites_and_no_cipher_is_in_two() -> None:
    kinds = {**suites.OPEN_TO_ANYONE, **suites.RETIRED}
    ciphers = [code for kind, codes in kinds.items() if kind != "an anonymous suite" for code in codes]
    assert len(ciphers) == len(set(ciphers)) > 90
    every = {*ciphers, *suites.ANONYMOUS, *suites.STATIC, *suites.SIGNED, *suites.FINITE_FIELD}
    assert every <= set(suites.KNOWN)
    assert not set(suites.STATIC) & set(suites.SIGNED)
    assert suites.codes("0001-0003 c0b4") == (1, 2, 3, 0xC0B4)
