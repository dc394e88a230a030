"""What sales does by itself."""

from klientel.sales.jobs import contract, payment, quote, stay

__all__ = ["contract", "payment", "quote", "stay"]
