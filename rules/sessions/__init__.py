"""What endpoints negotiate, and what they do not let anyone see."""
