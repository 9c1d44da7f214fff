"""How certificates are built."""
