"""What lets customers in."""

from klientel.portal.models.share import Share

__all__ = ["Share"]
