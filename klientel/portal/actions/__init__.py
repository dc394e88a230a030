"""What is done with a quote on its way to the customer and back."""

from klientel.portal.actions import answer, sending

__all__ = ["answer", "sending"]
