"""What we would like to sell, to whom, and how far we are."""

from klientel.sales.models.deal import Deal
from klientel.sales.models.lead import Lead
from klientel.sales.models.pipeline import CloseReason, Pipeline, Stage
from klientel.sales.models.pricelist import Price, PriceList
from klientel.sales.models.product import Product
from klientel.sales.models.quote import Quote
from klientel.sales.models.quoteform import QuoteForm
from klientel.sales.models.stakeholder import Stakeholder

__all__ = [
    "CloseReason",
    "Deal",
    "Lead",
    "Pipeline",
    "Price",
    "PriceList",
    "Product",
    "Quote",
    "QuoteForm",
    "Stage",
    "Stakeholder",
]
