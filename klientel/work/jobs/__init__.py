"""Work that is done in the background."""

from klientel.work.jobs import reminder, series

__all__ = ["reminder", "series"]
