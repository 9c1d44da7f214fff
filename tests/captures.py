"""Captures for tests that need one: forged packets whose content the test chooses."""

from __future__ import annotations

from analytics.forge.packets import forge_capture
from rules.rule import CertificateRecipe, ExampleSession

LEAF = CertificateRecipe(name="leaf.example", issuer="maker")
MAKER = CertificateRecipe(name="maker", is_ca=True)
BADGE = CertificateRecipe(name="badge")
THREE = (
    ExampleSession(server_chain=(LEAF, MAKER), server_name="one.example", time="2026-01-01T00:00:00Z"),
    ExampleSession(server_chain=(LEAF, MAKER), client_chain=(BADGE,), time="2026-01-01T00:00:10Z"),
    ExampleSession(server_chain=None, version="TLSv1.3", time="2026-01-01T00:00:20Z"),
)


def capture(sessions: tuple[ExampleSession, ...] = THREE) -> bytes:
    """Give a pcap: by default three sessions that show three certificates (`leaf.example`, `maker`, `badge`)."""
    return forge_capture(sessions)
