"""Views: one module per kind of page."""
