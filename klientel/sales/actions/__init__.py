"""What can be done with deals, pipelines and quotes beyond creating and changing them."""

from klientel.sales.actions import deal, pipeline, quote

__all__ = ["deal", "pipeline", "quote"]
