"""What happens by itself: workflows, their versions, and their runs."""

from klientel.automation.models.request import Request
from klientel.automation.models.run import Entry, Run
from klientel.automation.models.version import Version
from klientel.automation.models.workflow import Workflow

__all__ = ["Entry", "Request", "Run", "Version", "Workflow"]
