"""Two engines over the same bytes: where they differ, and why."""
