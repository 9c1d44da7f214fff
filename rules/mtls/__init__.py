"""Certificates of clients: who asks for them, who shows them, who is let in."""
