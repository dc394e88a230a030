"""Old ids: of records that were merged into others. They are resolved when something is read; events keep them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from klientel.kernel.plans import Lasting
from klientel.kernel.sql import Sql
from klientel.kernel.statements import Question
from klientel.kernel.tenancy import current


def survivors(ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Those of the ids that are old ones, with the record that each stands for now."""
    wanted = list(ids)
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT old_id, root FROM kernel_alias WHERE tenant_id = %s AND old_id = ANY(%s)", [current(), wanted]
        )
        return dict(cursor.fetchall())


def survivor(record_id: UUID) -> UUID | None:
    """The record that an old id stands for; none where it is no old id."""
    return survivors([record_id]).get(record_id)


def old_ids(record_id: UUID) -> list[UUID]:
    """The ids of all records that were merged into this one, directly or by way of others."""
    return list(roots([record_id]))


def stands_for_others(record_id: UUID, *, asked: bool = True) -> Question[bool]:
    """Whether any record was merged into this one; no, where that is not asked."""
    sql = "SELECT %s AND EXISTS (SELECT FROM kernel_alias WHERE tenant_id = %s AND root = %s)"
    return Question(Lasting(sql, (asked, current(), record_id)), lambda rows: bool(rows[0][0]))


def roots(ids: list[UUID]) -> dict[UUID, UUID]:
    """All old ids that stand for one of these records, each with that record."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT old_id, root FROM kernel_alias WHERE tenant_id = %s AND root = ANY(%s) ORDER BY old_id",
            [current(), ids],
        )
        return dict(cursor.fetchall())


def is_old(alias: str) -> Sql:
    """Whether the record of ``alias`` was merged into another."""
    return Sql(
        f"EXISTS (SELECT 1 FROM kernel_alias old WHERE old.tenant_id = {alias}.tenant_id AND old.old_id = {alias}.id)"
    )


def among(alias: str, tenant: UUID, ids: list[UUID]) -> Sql:
    """Whether the record of ``alias`` is one of these; an old id names what it stands for now."""
    return Sql(
        f"{alias}.id = ANY(%s || ARRAY(SELECT old.root FROM kernel_alias old"
        " WHERE old.tenant_id = %s AND old.old_id = ANY(%s)))",
        (ids, tenant, ids),
    )
