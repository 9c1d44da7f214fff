"""What certificates say whom they are for."""
