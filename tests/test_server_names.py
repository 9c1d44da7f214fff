"""Names against certificates: the view `endpoint_names` beside the examples of RFC 9525 and beside openssl."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from analytics.forge.certificates import forge_certificate
from analytics.forge.trial import Trial, trial
from analytics.network import home_ranges
from rules.rule import CertificateRecipe, Example, ExampleSession, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Alternative names, the name asked for, and whether the one is for the other.
PUBLISHED = [
    # RFC 9525 6.3: an asterisk is the whole left-most label; the others are the examples of RFC 6125 6.4.3
    ("dns:*.example.com", "foo.example.com", True),
    ("dns:*.example.com", "bar.foo.example.com", False),
    ("dns:*.example.com", "example.com", False),
    ("dns:baz*.example.net", "baz1.example.net", False),
    ("dns:*baz.example.net", "foobaz.example.net", False),
    ("dns:b*z.example.net", "buzz.example.net", False),
    ("dns:bar.*.example.net", "bar.foo.example.net", False),
    ("dns:*.*.example.com", "a.b.example.com", False),
    # RFC 9525 6.3: without regard to case; A-labels are compared as they are
    ("dns:WWW.Example.com", "www.example.COM", True),
    ("dns:xn--e1aybc.example", "XN--E1aybc.example", True),
    ("dns:xn--e1aybc.example", "xn--80ak6aa.example", False),
    # RFC 9525 6.4: an address in iPAddress, and nowhere else
    ("ip:192.0.2.1", "192.0.2.1", True),
    ("dns:192.0.2.1", "192.0.2.1", False),
    ("ip:192.0.2.1", "192.0.2.2", False),
    ("ip:2001:db8::1", "2001:db8:0:0::1", True),
    ("ip:2001:db8::1", "2001:db8::2", False),
    ("ip:192.0.2.1", "a.example", False),
]
"""openssl is asked the same, see below."""
OURS = [
    # a dot at the end stands for the root: the same name (openssl compares letters)
    ("dns:www.example.com", "www.example.com.", True),
    # an asterisk before a single label: RFC 9525 does not forbid it (openssl wants two dots, for fear of *.com)
    ("dns:*.lan", "camera.lan", True),
    ("dns:*", "camera", False),
]


def case(san: str, name: str) -> ExampleSession:
    return ExampleSession((CertificateRecipe(sans=(san,)),), server_name=name)


@pytest.fixture(scope="module")
def place() -> Iterator[Trial]:
    with trial() as found:
        sessions = [(case(san, name),) for san, name, _ in (*PUBLISHED, *OURS)]
        found.prepare(Example("silent", "", each, Verdict.PASS) for each in sessions)
        yield found


@pytest.mark.parametrize(("san", "name", "matches"), PUBLISHED + OURS)
def test_a_name_is_in_a_certificate_or_not(place: Trial, san: str, name: str, *, matches: bool) -> None:
    load = place.load_of((case(san, name),))
    sql = "SELECT name_checks.verdict FROM endpoint_names(loads = {loads:Array(String)}, home = {home:Array(String)})"
    [(verdicts,)] = place.store.query(sql, {"loads": [load], "home": home_ranges(())})
    assert verdicts == ["match" if matches else "mismatch"]


@pytest.mark.tools("openssl")
@pytest.mark.parametrize(("san", "name", "matches"), PUBLISHED)
def test_openssl_says_the_same(tmp_path: Path, san: str, name: str, *, matches: bool) -> None:
    recipe = CertificateRecipe(sans=(san,))
    path = tmp_path / "certificate.der"
    path.write_bytes(forge_certificate(recipe, recipe))
    # x509_check_host would fall back to the common name; there is an alternative name in all of them.
    option = "-checkip" if name.replace(".", "").isdigit() or ":" in name else "-checkhost"
    command = ["openssl", "x509", "-in", str(path), "-inform", "DER", "-noout", option, name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # openssl lets an asterisk stand at either end of a label, too, as RFC 6125 6.4.3 did; RFC 9525 forbids it.
    label = san.split(":")[1].partition(".")[0]
    partial = label != "*" and "*" in (label[0], label[-1])
    assert ("does match" in done.stdout) == (matches or partial)
