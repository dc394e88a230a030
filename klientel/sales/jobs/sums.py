"""Keeps the sums of deals and stays short, and fills them in for deals that are older than they."""

from __future__ import annotations

import datetime as dt

from django.db import connection, transaction

from klientel.kernel.events import Event, consumer
from klientel.kernel.jobs import breathe, defer, job, sweep
from klientel.kernel.jobs.declaring import LONG
from klientel.kernel.kinds.base import currency_of_tenant
from klientel.kernel.tenancy import alone, current

MOST_FRESH = 2000  # rows that may lie beside the sums before they are put together with them
PIECE = 5000  # of them at once

#: table: the month its rows stand by, what else tells them apart, what is added up
_TABLES = {
    "sales_dealsum": (
        "counts_on", "owner, pipeline, state, category, currency, day", ("n", "amount", "weighted")
    ),
    "sales_staysum": ("begun", "owner, pipeline, place", ("reached", "ended", "seconds", "now")),
}  # fmt: skip
_MANY = "SELECT count(*) FROM (SELECT FROM {table} WHERE tenant_id = %s AND fresh LIMIT %s) x"
_FOLD = """
WITH old AS (
  DELETE FROM {table} WHERE tenant_id = %s AND {day} IN (
    SELECT {day} FROM (SELECT {day} FROM {table} WHERE tenant_id = %s AND fresh LIMIT %s) f) RETURNING *
)
INSERT INTO {table} (id, tenant_id, {day}, {key}, {values}, fresh)
SELECT uuidv7(), tenant_id, {day}, {key}, {sums}, false FROM old GROUP BY tenant_id, {day}, {key} HAVING {some}
"""
_WANTED = "SELECT EXISTS (SELECT FROM sales_sumswanted WHERE tenant_id = %s)"
#: rows of the time when the tenant had another currency: such amounts stand by their day now
_STRANGE = """
INSERT INTO sales_sumswanted (id, tenant_id) SELECT uuidv7(), %s WHERE EXISTS (
  SELECT FROM sales_dealsum WHERE tenant_id = %s AND (day IS NULL) <> (currency = %s))
"""
_MONTHS = """
SELECT date_trunc('month', {day})::date FROM sales_deal WHERE tenant_id = %s AND {day} IS NOT NULL
UNION SELECT {day} FROM {table} WHERE tenant_id = %s ORDER BY 1
"""
SUMS = "sales.sums"


@consumer(SUMS, group="sales.stays", recent=dt.timedelta(days=1))
def fold_sums(events: list[Event]) -> None:
    """Where very many rows came to the sums of deals, put those of a month together."""
    if any(event.record_type == "sales.deal" for event in events):
        fold(MOST_FRESH)


def fold(more_than: int) -> None:
    """Put the rows together of the months in which there are fresh ones, where there are more than so many."""
    for table, (day, key, values) in _TABLES.items():
        with connection.cursor() as cursor:
            cursor.execute(_MANY.format(table=table), [current(), more_than + 1])
            if cursor.fetchone()[0] <= more_than:
                continue
            alone(SUMS)
            text = _FOLD.format(
                table=table, day=day, key=key, values=", ".join(values), sums=", ".join(f"sum({v})" for v in values),
                some=" OR ".join(f"sum({v}) <> 0" for v in values),
            )  # fmt: skip
            cursor.execute(text, [current(), current(), PIECE])


@sweep(SUMS)
def want_sums() -> None:
    """Where deals are older than their sums, or the currency of the tenant is another one by now, have them filled."""
    with connection.cursor() as cursor:
        cursor.execute(_WANTED, [current()])
        wanted = cursor.fetchone()[0]
        if not wanted:
            cursor.execute(_STRANGE, [current(), current(), currency_of_tenant()])
            wanted = cursor.rowcount
    if wanted:
        defer(fill_in_sums, tenant=current(), once=SUMS)


@job(queue=LONG)
def fill_in_sums() -> None:
    """Work out the sums anew, month by month, each in one statement, so that what is written meanwhile is in them once.

    Until the last month is done the deals themselves are counted; ended before, it begins again.
    """
    for table, (day, _key, _values) in _TABLES.items():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_MONTHS.format(day=day, table=table), [current(), current()])
            months = [row[0] for row in cursor.fetchall()]
        for month in months:
            with transaction.atomic(), connection.cursor() as cursor:
                alone(SUMS)
                cursor.execute(f"SELECT {table.replace('_', '_fill_')}(%s, %s)", [current(), month])
            breathe()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM sales_sumswanted WHERE tenant_id = %s", [current()])
