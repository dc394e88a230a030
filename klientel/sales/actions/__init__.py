"""What can be done with the records of sales beyond creating and changing them."""

from klientel.sales.actions import capture, contract, deal, invoice, lead, order, pipeline, quote, routing

__all__ = ["capture", "contract", "deal", "invoice", "lead", "order", "pipeline", "quote", "routing"]
