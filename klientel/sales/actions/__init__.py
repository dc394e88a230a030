"""What can be done with deals beyond creating and changing them."""

from klientel.sales.actions import deal, pipeline

__all__ = ["deal", "pipeline"]
