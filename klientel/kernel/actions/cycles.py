"""Trees stay trees: a link to the record's own type that is called ``parent`` never leads back to where it began."""

from __future__ import annotations

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions.draft import Draft
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Link
from klientel.kernel.records import RecordType
from klientel.kernel.statements import Writes
from klientel.kernel.tenancy import current

TREES = ("parent",)
NOT_ONESELF = ("parent", "deputy")


def check(rtype: RecordType, drafts: list[Draft], writes: Writes) -> dict[int, Refused]:
    """Refusals, by item, of written records that lie below themselves, or stand in for themselves.

    ``writes`` is what writes them, sent before they are read."""
    refusals: dict[int, Refused] = {}
    for name in NOT_ONESELF:
        kind = rtype.static.get(name)
        if not isinstance(kind, Link) or kind.to != rtype.key:
            continue
        changed = [d for d in drafts if d.changes.get(name, [None, None])[1] is not None]
        if not changed:
            continue
        writes.send()
        ring = _below_themselves(rtype, name, drafts=changed) if name in TREES else set()
        for draft in changed:
            if draft.record.id in ring or getattr(draft.record, name) == draft.record.id:
                refusals[draft.item] = Refused("in_a_circle", _("This would lead in a circle."), name)
    return refusals


def _below_themselves(rtype: RecordType, name: str, drafts: list[Draft]) -> set[object]:
    """One tree changes in one transaction at a time: of two crosswise changes the second sees what the first did."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", [f"{current()} {rtype.key} {name}"])
        cursor.execute(
            f'WITH RECURSIVE up AS (SELECT t.id AS start, t."{name}" AS at FROM {rtype.table} t'
            " WHERE t.tenant_id = %(tenant)s AND t.id = ANY(%(ids)s)"
            f' UNION SELECT u.start, t."{name}" FROM up u JOIN {rtype.table} t'
            " ON t.id = u.at AND t.tenant_id = %(tenant)s)"
            " SELECT start FROM up WHERE at = start",
            {"tenant": current(), "ids": [d.record.id for d in drafts]},
        )
        return {row[0] for row in cursor.fetchall()}
