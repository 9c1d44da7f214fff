"""A certificate, an endpoint and a capture whose every text is hostile, for the tests of outputs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import sample_run

from analytics.report.model import BlindEndpoint, CertificateRow, Run
from rules.pack import RuleError
from rules.rule import Severity
from sensor.engine import Damage

if TYPE_CHECKING:
    from analytics.finding import Finding

TEXTS = (
    "\x1b]0;owned\x07\x1b[2J\x1b[31m",
    "line\r\nbreak\x85\u2028\u2029",
    "right\u202e\u2066to\u200fleft",
    "nul\x00byte",
    "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'",
    "{{ 7 * 7 }}{% raw %}",
    '=HYPERLINK("http://example.com")',
    "@SUM(1)",
    "\t=1+1",
    "[bold red]rich[/]",
    ":smile:",
    "\udce9surrogate",
    "x" * 65_536,
)
"""Each is put into every field."""
NAMES = (
    "escapes",
    "lines",
    "direction",
    "nul",
    "script",
    "template",
    "formula",
    "at",
    "tab",
    "markup",
    "emoji",
    "surrogate",
    "long",
)


def run(hostile: str) -> Run:
    """Give the sample run with this text wherever text from outside can stand."""
    device = sample_run.DEVICES[0]
    base = sample_run.finding("expired", Severity.CRITICAL, hostile, device)
    holder = dataclasses.replace(base.holders[0], server_names=(hostile,))
    evidence = {"certificates": [base.subject], "subject": hostile, "names": [hostile], hostile: hostile}
    finding: Finding = dataclasses.replace(base, holders=(holder,), evidence=evidence)
    endpoint = dataclasses.replace(
        sample_run.endpoint_finding("old-tls", Severity.MEDIUM, hostile, "10.0.0.1", 443), holders=(holder,)
    )
    made = sample_run.run([finding, endpoint], [row(hostile)])
    capture = dataclasses.replace(
        made.provenance.inputs[0], name=hostile, damage=(Damage("cut_packet", hostile, None),)
    )
    blind = BlindEndpoint("10.0.0.2:443", True, 1, {"encrypted": 1}, (hostile,), (hostile,), None)
    return dataclasses.replace(
        made,
        provenance=dataclasses.replace(made.provenance, inputs=(capture,), store=hostile),
        coverage=dataclasses.replace(made.coverage, blind=(blind,)),
        rule_errors=(RuleError("broken", hostile),),
    )


def row(hostile: str) -> CertificateRow:
    """Give a certificate whose every text is this one."""
    return dataclasses.replace(
        sample_run.row(sample_run.DEVICES[0]),
        name=hostile,
        subject=hostile,
        issuer=hostile,
        issuer_name=hostile,
        serial=hostile,
        sans=(hostile,),
        key=hostile,
        signature_hash=hostile,
        defects=(hostile,),
    )
