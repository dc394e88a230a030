"""What sales does by itself."""

from klientel.sales.jobs import backfill, contract, forecast, lead, payment, quote, stay

__all__ = ["backfill", "contract", "forecast", "lead", "payment", "quote", "stay"]
