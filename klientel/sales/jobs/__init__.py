"""What sales does by itself."""

from klientel.sales.jobs import accepted, backfill, contract, forecast, lead, payment, quote, stay, sums

__all__ = ["accepted", "backfill", "contract", "forecast", "lead", "payment", "quote", "stay", "sums"]
