"""What sales does by itself."""

from klientel.sales.jobs import quote

__all__ = ["quote"]
