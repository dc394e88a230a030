"""What the page of a workflow tells: its flow in words, and how many runs are in which state."""

from __future__ import annotations

from typing import Any

from django.db.models import Count

from klientel.automation.models import Run
from klientel.automation.models.run import State
from klientel.automation.queries import saying
from klientel.kernel.web.panels import panel

KEY = "automation.workflow"


@panel(KEY)
def told(request: Any, workflow: Any) -> dict[str, Any]:
    """Under the rights of who looks."""
    counts = dict(Run.objects.filter(workflow=workflow.pk).values_list("state").annotate(n=Count("id")))
    definition = workflow.definition
    return {
        "trigger": saying.trigger(definition, request.scope) if definition else "",
        "steps": saying.steps(definition, request.scope) if definition else [],
        "runs": [(value, label, counts[value]) for value, label in State.choices if counts.get(value)],
    }
