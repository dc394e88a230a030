"""Questions about what customers see."""
