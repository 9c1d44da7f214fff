"""When a certificate is valid."""
