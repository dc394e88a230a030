"""What sales does by itself."""

from klientel.sales.jobs import contract, forecast, payment, quote, stay

__all__ = ["contract", "forecast", "payment", "quote", "stay"]
