"""Search: find as you type, and find what is likely the same."""
