"""From events to runs: one consumer for all workflows of a tenant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.automation.models import Workflow
from klientel.automation.models.workflow import ACTIVE, LONGEST
from klientel.automation.queries import ending, triggers
from klientel.automation.queries.explaining import OUTWARD
from klientel.automation.queries.flipping import flipping
from klientel.automation.queries.starting import QUEUE, begin_by
from klientel.kernel import writing
from klientel.kernel.access import system_actor
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.errors import Missing, Refused, inscribed, kept
from klientel.kernel.events import Event, consumer
from klientel.kernel.events.consuming import wake
from klientel.kernel.events.notices import notice
from klientel.kernel.live import notifications
from klientel.kernel.live.notifications import Told
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current
from klientel.lib import clock

SUSPENDED = "workflow_suspended"
WAITS = ("waiting", "later")  # states of what has not gone yet
notice(SUSPENDED, _("%(what)s was stopped: %(who)s"), icon="circle-stop", label=_("A workflow was stopped"))

_POKE = """
UPDATE automation_run SET due_at = %s WHERE tenant_id = %s AND state = 'open' AND wait_record = ANY(%s) AND due_at > %s
"""


@consumer("automation", group="automation", recent=dt.timedelta(hours=1))
def react(events: list[Event]) -> None:
    """Start what waits for such events, have those looked at again that wait for something, and watch for circles."""
    poke(events)
    lapse(events)
    ending.end_runs(events)
    loud = [e for e in events if not e.muted and e.record_type != "automation.workflow"]
    index = triggers.index()
    if found := triggers.wanted(index, loud):
        for workflow, no in begin_by(found, index.rules).broken.items():
            suspend(workflow, no.message)
    for workflow, (_record, _name) in flipping(events).items():
        suspend(workflow, _("It and another workflow set the same field to and fro."))


def poke(events: list[Event]) -> None:
    """Runs that wait for something about these records look again."""
    touched = {i for e in events for i in (e.record_id, *_concerned(e))}
    now = clock.now()
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_POKE, [now, current(), list(touched), now])
        poked = cursor.rowcount
    if poked:
        wake(current(), QUEUE)


def lapse(events: list[Event]) -> None:
    """What a workflow has written that still waits to go out is taken back where it is switched off."""
    for event in events:
        if event.kind == "automation.workflow.switch_off":
            for key in OUTWARD:
                written = type_of(key).model.objects.filter(created_by=f"workflow:{event.record_id}", state__in=WAITS)
                some = [Item(pk) for pk in written.values_list("pk", flat=True)]
                for _outcome in run_many(system_actor(), f"{key}.recall", some, cause=event.id):
                    pass  # one that is being handed over at this moment goes


def _concerned(event: Event) -> Iterable[UUID]:
    """The records that an entry stands on, as far as its own event says so."""
    try:
        names = type_of(event.record_type).concerns
    except Missing:
        return
    for name in names:
        new = event.changes.get(name, [None, None])[1]
        yield from (UUID(v) for v in (new if isinstance(new, list) else [new] if new else []))


def suspend(workflow: UUID, why: object) -> None:
    """Pause a workflow that cannot go on as it is, and tell whoever activated it; nothing where it does not run."""
    found = Workflow.objects.filter(pk=workflow, state=ACTIVE).first()
    if found is None:
        return
    try:
        run(system_actor(), "automation.workflow.suspend", workflow, why=inscribed(why, LONGEST))
    except Refused:  # somebody was faster
        return
    if found.runs_as:
        key = f"{SUSPENDED}:{workflow}:{clock.now():%Y-%m-%dT%H:%M}"
        told = Told(found.runs_as, SUSPENDED, key, "automation.workflow", workflow, params={"name": kept(why)})
        notifications.tell([told])
