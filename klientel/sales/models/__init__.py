"""What we would like to sell, to whom, and how far we are."""

from klientel.sales.models.competitor import Competitor
from klientel.sales.models.contract import Contract
from klientel.sales.models.deal import Deal
from klientel.sales.models.forecastday import ForecastDay
from klientel.sales.models.invoice import Invoice
from klientel.sales.models.kept import DealSum, StaySum, SumsWanted
from klientel.sales.models.lead import Lead
from klientel.sales.models.leadrule import LeadInbox, LeadRule, LeadShare
from klientel.sales.models.order import Order
from klientel.sales.models.part import Part
from klientel.sales.models.payment import Payment
from klientel.sales.models.pipeline import CloseReason, Pipeline, Stage
from klientel.sales.models.pricelist import Price, PriceList
from klientel.sales.models.product import Product
from klientel.sales.models.quote import Quote
from klientel.sales.models.quoteform import QuoteForm
from klientel.sales.models.scorerule import ScoreRule
from klientel.sales.models.stakeholder import Stakeholder
from klientel.sales.models.stay import Stay
from klientel.sales.models.submission import Submission
from klientel.sales.models.target import Target

__all__ = [
    "CloseReason",
    "Competitor",
    "Contract",
    "Deal",
    "DealSum",
    "ForecastDay",
    "Invoice",
    "Lead",
    "LeadInbox",
    "LeadRule",
    "LeadShare",
    "Order",
    "Part",
    "Payment",
    "Pipeline",
    "Price",
    "PriceList",
    "Product",
    "Quote",
    "QuoteForm",
    "ScoreRule",
    "Stage",
    "Stakeholder",
    "Stay",
    "StaySum",
    "Submission",
    "SumsWanted",
    "Target",
]
