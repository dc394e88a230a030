"""What can be done with the records of sales beyond creating and changing them."""

from klientel.sales.actions import (
    approval,
    capture,
    contract,
    deal,
    following,
    invoice,
    lead,
    order,
    pipeline,
    quote,
    routing,
)

__all__ = [
    "approval",
    "capture",
    "contract",
    "deal",
    "following",
    "invoice",
    "lead",
    "order",
    "pipeline",
    "quote",
    "routing",
]
