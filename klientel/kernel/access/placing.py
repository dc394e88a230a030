"""Where a record stands in the order of a list, as a cursor of that list's pages."""

from __future__ import annotations

from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from klientel.kernel.access.granting import ActorScope, allowed
from klientel.kernel.access.ordering import Sort, encode, order_of
from klientel.kernel.errors import Missing
from klientel.kernel.records import RecordType
from klientel.kernel.sql import Sql, both


def cursor_at(scope: ActorScope, rtype: RecordType, record_id: UUID, sort: Sort) -> str:
    """The cursor of the page that begins after this record (or ends before it); :class:`Missing` if it is not seen.

    The record need not be one that the list's condition selects: it has its place among them all the same.
    """
    expression = order_of(scope, rtype, sort).expression
    mine = Sql("t.tenant_id = %s AND t.id = %s", (scope.tenant, record_id))
    inside = both([mine, allowed(scope, rtype, "view", "t")])
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {expression.text} FROM {rtype.table} t WHERE {inside.text}",
            [*expression.params, *inside.params],
        )
        row = cursor.fetchone()
    if row is None:
        raise Missing("missing", _("There is no such record, or you may not see it."))
    return encode(row[0], record_id)
