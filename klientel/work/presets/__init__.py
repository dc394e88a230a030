"""What work begins with."""
