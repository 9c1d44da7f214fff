"""A made-up message, for whoever sets a sink up."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from analytics.forward.message import FINDING, plain

if TYPE_CHECKING:
    from analytics.forward.message import Message

_DIGEST = "0" * 64


def sample(now: dt.datetime) -> Message:
    """Give the opening of a finding that no one has, about a certificate of an address for documentation (RFC 5737)."""
    message: Message = plain(
        {
            "id": f"test-{now:%Y%m%dT%H%M%S}",
            "topic": FINDING,
            "kind": "opened",
            "at": now,
            "severity": "info",
            "title": "certspan test message: nothing has happened",
            "finding": "test",
            "ordinal": 1,
            "state": "open",
            "reason": None,
            "replaced_by": [],
            "rule": "expiring",
            "subject_kind": "certificate",
            "subject": _DIGEST,
            "step": 30,
            "ours": True,
            "holders": [
                {
                    "role": "server",
                    "address": "192.0.2.10",
                    "port": 443,
                    "ours": True,
                    "confirmed": True,
                    "first_seen": now,
                    "last_seen": now,
                    "server_names": ["test.example"],
                }
            ],
            "holder_count": 1,
            "owners": [],
            "zones": [],
            "first_seen": now,
            "last_seen": now,
            "evidence": {},
            "certificate": {
                "sha256": _DIGEST,
                "sha1": "0" * 40,
                "serial": "00",
                "subject": "CN=test.example",
                "issuer": "CN=Test CA",
                "not_before": now - dt.timedelta(days=60),
                "not_after": now + dt.timedelta(days=30),
                "key_algorithm": "EC",
                "key_bits": 256,
                "key_curve": "P-256",
                "signature_algorithm": "ecdsa-with-SHA256",
                "sans": ["dns:test.example"],
                "self_signed": False,
                "version": 3,
                "spki_sha256": _DIGEST,
                "subject_attributes": ["CN=test.example"],
                "issuer_attributes": ["CN=Test CA"],
                "is_ca": False,
            },
        }
    )
    return message
