"""What can be done with the records of sales beyond creating and changing them."""

from klientel.sales.actions import contract, deal, invoice, lead, order, pipeline, quote

__all__ = ["contract", "deal", "invoice", "lead", "order", "pipeline", "quote"]
