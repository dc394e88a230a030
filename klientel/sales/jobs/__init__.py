"""What sales does by itself."""

from klientel.sales.jobs import contract, forecast, lead, payment, quote, stay

__all__ = ["contract", "forecast", "lead", "payment", "quote", "stay"]
