"""What the user's own policy demands; without one these rules are not applicable."""
