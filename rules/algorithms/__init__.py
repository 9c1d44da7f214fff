"""The algorithms of signatures."""
