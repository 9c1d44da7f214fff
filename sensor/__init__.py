"""Packets in, sessions and certificates out: what certspan saw, never what it thinks of it."""
