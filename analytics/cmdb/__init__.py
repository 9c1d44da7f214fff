"""A table of what should be there, as other programs export it: read, and compared with what was seen."""
