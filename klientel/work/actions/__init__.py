"""What can be done with tasks beyond creating and changing them."""

from klientel.work.actions import task

__all__ = ["task"]
