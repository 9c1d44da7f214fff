"""What became of certificates: which came after which at one endpoint, and where the old ones still are."""
