"""What we would like to sell, to whom, and how far we are."""

from klientel.sales.models.deal import Deal
from klientel.sales.models.pipeline import CloseReason, Pipeline, Stage
from klientel.sales.models.stakeholder import Stakeholder

__all__ = ["CloseReason", "Deal", "Pipeline", "Stage", "Stakeholder"]
