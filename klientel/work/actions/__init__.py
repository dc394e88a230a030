"""What can be done with tasks and calls beyond creating and changing them."""

from klientel.work.actions import call, task

__all__ = ["call", "task"]
