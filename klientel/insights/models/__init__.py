"""What insights keep of their own."""

from klientel.insights.models.rate import Rate

__all__ = ["Rate"]
