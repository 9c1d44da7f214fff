"""What certificates may be used for."""
