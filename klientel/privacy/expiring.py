"""What was kept for the law alone goes when its time is over; a page says beforehand what will go when."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from klientel.kernel.access import ActorScope, system_actor
from klientel.kernel.actions import run
from klientel.kernel.kinds import today
from klientel.kernel.records import all_types, type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import PRIVACY, current, inside
from klientel.privacy import deletions
from klientel.privacy.restricting import RETENTION, set_restricted
from klientel.privacy.subject import VERB

PIECE = 50
GROUND = "retention ended"
#: the papers whose last restriction is a retention with an end: whoever restricts one anew for another reason keeps it
_HELD = """
SELECT f.id, (e.parameters->>'until')::date, e.parameters->>'why' FROM kernel_file f
CROSS JOIN LATERAL (
  SELECT parameters FROM kernel_event e WHERE e.tenant_id = f.tenant_id AND e.record_id = f.id
    AND e.kind = 'privacy.restricted' ORDER BY e.id DESC LIMIT 1) e
WHERE f.tenant_id = %s AND f.restricted AND e.parameters->>'ground' = %s AND e.parameters->>'until' IS NOT NULL
"""


@dataclass(frozen=True)
class Kept:
    """A paper that is kept for the law alone, until its last day."""

    id: UUID
    until: dt.date
    why: str


def held(*, due: bool = False) -> list[Kept]:
    """The papers that are kept, those that go first at first; with ``due`` only those whose time is over."""
    which = Sql(_HELD, (current(), RETENTION))
    if due:
        which = Sql(f"{which.text} AND (e.parameters->>'until')::date < %s LIMIT {PIECE}", (*which.params, today()))
    with inside(current(), purpose=PRIVACY), connection.cursor() as cursor:
        cursor.execute(which.text, which.params)
        return sorted((Kept(*row) for row in cursor.fetchall()), key=lambda one: (one.until, one.id))


def counted(some: Iterable[Kept]) -> list[tuple[dt.date, str, int]]:
    """How many papers end on which day and why, the earliest first."""
    found = Counter((one.until, one.why) for one in some)
    return [(until, why, n) for (until, why), n in sorted(found.items())]


def may_look(scope: ActorScope) -> bool:
    """Whether somebody looks after data protection."""
    return any(scope.may(one, VERB) for one in all_types() if one.personal)


def end_retentions() -> int:
    """Delete for good the papers whose retention is over, a piece of them, with a line in the ledger; how many.

    In the transaction of the caller, so that a paper is never seen again because something stopped in the middle.
    """
    some, rtype = held(due=True), type_of("kernel.file")
    actor = system_actor(_("Retention"))
    with inside(current(), purpose=PRIVACY), deletions.grounded(GROUND):
        for one in some:
            set_restricted(rtype, one.id, False)
            if not rtype.model.objects.filter(pk=one.id, archived_at__isnull=False).exists():
                run(actor, f"{rtype.key}.archive", one.id)
            run(actor, f"{rtype.key}.remove", one.id)
    return len(some)
