"""What will have to be replaced, and by when."""
