"""Facts that need the inventory or cost time."""
