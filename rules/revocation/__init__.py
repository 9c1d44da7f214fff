"""How a certificate can be called back."""
