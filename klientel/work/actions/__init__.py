"""What can be done with tasks, calls and meetings beyond creating and changing them."""

from klientel.work.actions import call, meeting, task

__all__ = ["call", "meeting", "task"]
