"""Writing and reading the ledger of merges, and the words by which a survivor is still found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel import writing
from klientel.kernel.merge.models import Alias, Merge, Moved
from klientel.kernel.sql import dumps, inserting
from klientel.kernel.tenancy import current
from klientel.lib.ids import uuid7


def insert(table: str, rows: list[dict[str, Any]]) -> None:
    """Rows into a table of the ledger, in one statement."""
    if not rows:
        return
    full = [{"id": uuid7(), "tenant_id": current(), **row} for row in rows]
    found = inserting(table, list(full[0]), (list(row.values()) for row in full))
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(found.text, found.params)


_BEGIN = """
WITH below AS (UPDATE kernel_alias SET root = %s WHERE tenant_id = %s AND root = ANY(%s))
INSERT INTO kernel_alias (id, tenant_id, record_type, old_id, survivor, root, merge_id)
SELECT r.id, r.tenant_id, r.record_type, r.old_id, r.survivor, r.root, r.merge_id
FROM json_populate_recordset(NULL::kernel_alias, %s::json) r
"""


def begin(merge: UUID, rtype: str, survivor: UUID, losers: list[UUID]) -> None:
    """From now on the losers' ids, and those that led to them, stand for the survivor."""
    facts = {"record_type": rtype, "survivor": survivor, "root": survivor, "merge_id": merge, "tenant_id": current()}
    rows = [{"id": uuid7(), "old_id": i, **facts} for i in losers]
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_BEGIN, [survivor, current(), losers, dumps(rows)])


_APART = """
WITH RECURSIVE gone AS (
    DELETE FROM kernel_alias WHERE tenant_id = %(tenant)s AND old_id = ANY(%(ids)s) RETURNING old_id
), below AS (
    SELECT a.id, a.old_id, a.survivor AS root FROM kernel_alias a JOIN gone g ON a.survivor = g.old_id
    WHERE a.tenant_id = %(tenant)s
    UNION ALL
    SELECT a.id, a.old_id, b.root FROM below b JOIN kernel_alias a ON a.survivor = b.old_id
    WHERE a.tenant_id = %(tenant)s
)
UPDATE kernel_alias a SET root = b.root FROM below b WHERE a.id = b.id AND a.tenant_id = %(tenant)s
"""


def end(ids: list[UUID]) -> None:
    """These are records of their own again; what was merged into them before leads to them."""
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_APART, {"tenant": current(), "ids": ids})


_FORGET = "DELETE FROM kernel_search WHERE tenant_id = %s AND record_id = %s AND field_class = ANY('{a,b,c}')"
_LEARN = """
INSERT INTO kernel_search (id, tenant_id, record_type, record_id, field_class, text, title, alive, searchable)
SELECT gen_random_uuid(), s.tenant_id, s.record_type, %(survivor)s, lower(s.field_class),
       left(string_agg(s.text, '' ORDER BY s.field_class, s.record_id), 4000), '', true, bool_and(s.searchable)
FROM kernel_search s JOIN kernel_alias a ON a.tenant_id = s.tenant_id AND a.old_id = s.record_id
WHERE s.tenant_id = %(tenant)s AND a.survivor = %(survivor)s AND s.text <> ''
GROUP BY s.tenant_id, s.record_type, lower(s.field_class)
ON CONFLICT (tenant_id, record_id, field_class) DO UPDATE SET text = excluded.text
"""


def learn(survivor: UUID) -> None:
    """Let a search for what merged records were called find the survivor: their words, in classes of small letters."""
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_LEARN, {"tenant": current(), "survivor": survivor})


def forget(survivor: UUID) -> None:
    """A search for what merged records were called does not find the survivor any more."""
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_FORGET, [current(), survivor])


def merges_of(survivor: UUID) -> list[Merge]:
    """The merges by which records became part of this one and still are, newest first."""
    standing = Alias.objects.filter(survivor=survivor).values_list("merge_id", flat=True)
    return list(Merge.objects.filter(pk__in=list(standing)).order_by("-at", "-pk"))


def below(root: UUID) -> list[Alias]:
    """All old ids that stand for this record, those that came by way of others too."""
    return list(Alias.objects.filter(root=root).order_by("pk"))


def moved_to(survivor: UUID) -> list[Moved]:
    """Every link that merges moved to this record, oldest merge first."""
    return list(Moved.objects.filter(survivor=survivor).order_by("pk"))


def rewrite(changed: Iterable[Moved]) -> None:
    """Store rows of the ledger again, after an earlier merge was taken back."""
    rows = [{"id": m.pk, "merge_id": m.merge_id, "before": m.before, "after": m.after} for m in changed]
    if rows:
        with writing.door(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE kernel_moved m SET merge_id = r.merge_id, before = r.before, after = r.after"
                " FROM json_populate_recordset(NULL::kernel_moved, %s::json) r WHERE m.id = r.id AND m.tenant_id = %s",
                [dumps(rows), current()],
            )
