"""What can be done with workflows, and what their steps do."""

from klientel.automation.actions import request, workflow

__all__ = ["request", "workflow"]
