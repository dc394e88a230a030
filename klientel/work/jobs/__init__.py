"""Work that is done in the background."""

from klientel.work.jobs import reminder

__all__ = ["reminder"]
