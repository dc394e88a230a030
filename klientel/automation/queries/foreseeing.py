"""Which workflows rows of an import would begin, told while the rows are tried out."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.utils.translation import gettext as _

from klientel.automation.models import Workflow
from klientel.automation.queries import triggers
from klientel.automation.queries.starting import would_begin
from klientel.kernel.events import Event
from klientel.kernel.transfer.effects import Teller, follows


def foresees(events: list[Event]) -> dict[UUID, set[str]]:
    """The workflows that would begin, by record; their conditions are asked of what the rows would make."""
    found: dict[UUID, set[str]] = {}
    loud = [e for e in events if not e.muted]
    index = triggers.index()
    for rule, event in would_begin(triggers.wanted(index, loud), index.rules):
        found.setdefault(event.record_id, set()).add(str(rule.workflow))
    return found


def phrases(workflows: Collection[str]) -> dict[str, str]:
    """By name, as they are called now."""
    names = Workflow.objects.filter(pk__in=workflows).values_list("pk", "name")
    return {str(pk): _("Workflow “%(name)s” begins") % {"name": name} for pk, name in names}


follows(Teller("automation", foresees, phrases))
