"""Questions about workflows and their runs."""
