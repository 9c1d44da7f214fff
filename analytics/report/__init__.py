"""One result model, and one file for each output that shows it."""
