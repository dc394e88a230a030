"""Merging records that are one and the same, and taking them apart again. Events are never rewritten."""
