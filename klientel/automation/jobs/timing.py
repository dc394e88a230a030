"""What time brings: runs that are due, days that have come, and rules that come again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection

from klientel.automation.actions.running import work_on_due
from klientel.automation.jobs.reacting import suspend
from klientel.automation.models import Version
from klientel.automation.queries import days
from klientel.automation.queries.starting import QUEUE, begin
from klientel.kernel import writing
from klientel.kernel.errors import Refused
from klientel.kernel.events import on_wake
from klientel.kernel.events.consuming import wake
from klientel.kernel.tenancy import current
from klientel.lib import clock

_TIMED = """
SELECT v.id FROM automation_version v JOIN automation_workflow w ON w.tenant_id = v.tenant_id AND w.id = v.workflow
WHERE v.tenant_id = %s AND v.active AND v.next_at <= %s AND w.state = 'active' AND w.archived_at IS NULL
ORDER BY v.next_at LIMIT 20
"""


@on_wake(QUEUE)
def work() -> None:
    """What is due in the current tenant now; the rest has a turn of its own, after other tenants had theirs."""
    look()
    work_on_due()


def look() -> None:
    """Start what the calendar starts, and set the alarm for the next time."""
    with connection.cursor() as cursor:
        cursor.execute(_TIMED, [current(), clock.now()])
        due = [row[0] for row in cursor.fetchall()]
    for version in due:
        _looked(version)


def _looked(version_id: UUID) -> None:
    version: Any = Version.objects.select_for_update(skip_locked=True).filter(pk=version_id).first()
    if version is None:
        return
    now = clock.now()
    [rule] = days.rules_of([version_id])
    try:
        for wanted in days.due(rule, version.seen_until or now, now):
            for workflow, no in begin(wanted).broken.items():
                suspend(workflow, no.message)
    except Refused as no:
        suspend(rule.workflow, no.message)
        return
    version.seen_until, version.next_at = now, days.next_at(rule.definition, now)
    with writing.door():
        version.save(update_fields=["seen_until", "next_at"])
    if version.next_at is not None:
        wake(current(), QUEUE, version.next_at)
