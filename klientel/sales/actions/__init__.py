"""What can be done with leads, deals, pipelines and quotes beyond creating and changing them."""

from klientel.sales.actions import deal, lead, pipeline, quote

__all__ = ["deal", "lead", "pipeline", "quote"]
