"""What sales begins with."""
