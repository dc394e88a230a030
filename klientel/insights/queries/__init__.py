"""What insights read."""
