"""The keys that certificates carry."""
