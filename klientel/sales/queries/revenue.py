"""Figures about invoices: revenue by month, customer, product and region, and what is still open."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from klientel.insights import figures
from klientel.insights.dashboards import Asked
from klientel.insights.figures import Cell, Column, Table, bucket_head, bucket_name, listed, named
from klientel.insights.queries.adding import Added, By, Group, Measure, added_up, days
from klientel.insights.queries.rates import converted
from klientel.kernel.access.granting import allowed
from klientel.kernel.access.reading import which
from klientel.kernel.errors import Refused
from klientel.kernel.kinds.entries import REGION
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.lib.countries import country_name
from klientel.sales.queries.owed import COUNTS, OURS, STANDING, late
from klientel.sales.queries.products import KEY

MOST_ROWS = 50
NET = (Measure("n"), Measure("net", "total", "net", day="date"))


def _within(asking: Asked) -> Any:
    return asking.where(OURS, COUNTS, days(asking.rtype.fields["date"], "date", asking.first, asking.after))


def _columns() -> list[Column]:
    return [Column(_("Revenue, net"), "a"), Column(_("Invoices"))]


def _cells(added: Added, group: Group) -> list[Cell]:
    url = listed(added.rtype, added.condition(group.keys))
    return [figures.money(group.values.get("net"), url), figures.count(group.values["n"], url)]


def _foot(added: Added) -> list[Cell]:
    url = listed(added.rtype, added.where)
    net = sum((g.values.get("net") or Decimal(0) for g in added.groups), Decimal(0))
    return [figures.money(net, url), figures.count(sum(g.values["n"] for g in added.groups), url)]


def by_time(asking: Asked) -> Table:
    """Net by month of the invoice."""
    added = added_up(
        asking.scope, asking.rtype, by=[By("date", asking.bucket)], measures=NET, where=_within(asking)
    )  # fmt: skip
    known = {g.keys[0]: g for g in added.groups}
    rows = [
        (figures.text(bucket_name(asking.bucket, first)), _cells(added, known.get(first) or Group((first,), {"n": 0})))
        for first in (asking.buckets(known) if known else [])
    ]
    return Table(bucket_head(asking.bucket), _columns(), rows, _foot(added), added.apart)


def by(path: str) -> Callable[[Asked], Table]:
    """Net by a field, the most first."""

    def draw(asking: Asked) -> Table:
        added = added_up(asking.scope, asking.rtype, by=[By(path)], measures=NET, where=_within(asking))
        most = sorted(added.groups, key=lambda g: -(g.values.get("net") or 0))[:MOST_ROWS]
        rows = [
            (figures.text(named(added, 0, g), listed(added.rtype, added.condition(g.keys))), _cells(added, g))
            for g in most
        ]
        return Table("", _columns(), rows, _foot(added), added.apart)

    return draw


_LINES = """
WITH lines AS (
  SELECT {key} AS key, l->>'name' AS name, t.id AS invoice,
    (l->>'quantity')::numeric AS quantity, t.date, t.net->>'currency' AS currency,
    (CASE WHEN t.sort = 'credit_note' THEN -1 ELSE 1 END) *
    (round((l->>'quantity')::numeric * (l->>'price')::numeric, 2)
     - CASE l->>'discount_in' WHEN 'amount' THEN coalesce((l->>'discount')::numeric, 0)
       ELSE round((l->>'quantity')::numeric * (l->>'price')::numeric * coalesce((l->>'discount')::numeric, 0) / 100, 2)
       END) AS net
  FROM sales_invoice t, jsonb_array_elements(t.positions) l
  WHERE {where} AND coalesce(l->>'role', 'counted') = 'counted'
)
SELECT key, max(name), sum({worth}), sum(quantity), count(DISTINCT invoice) FROM
 (SELECT *, jsonb_build_object('amount', net::text, 'currency', currency) AS money FROM lines) l
GROUP BY key ORDER BY 3 DESC NULLS LAST, 2 LIMIT %s
"""


def by_product(asking: Asked) -> Table:
    """Net by product, of the lines of invoices that have lines (e-invoices and those by API)."""
    seen = asking.scope.visible(asking.rtype)
    if not {"positions", "net", "date", "sort"} <= seen.keys():
        raise Refused("no_such_field", gettext_lazy("There is no such field."), "positions")
    inside = which(asking.scope, asking.rtype, _within(asking))
    worth = converted(Sql("l.money"), Sql("l.date"))
    with connection.cursor() as cursor:
        text = _LINES.format(where=inside.text, worth=worth.text, key=KEY)
        cursor.execute(text, [*inside.params, *worth.params, MOST_ROWS])
        rows = cursor.fetchall()
    columns = [Column(_("Revenue, net"), "a"), Column(_("Quantity")), Column(_("Invoices"))]
    found = []
    for key, name, net, quantity, n in rows:
        url = listed(asking.rtype, {"all": [_within(asking), {"field": "positions", "op": "holds", "value": key}]})
        found.append(
            (figures.text(name), [figures.money(net, url), figures.count(quantity, url), figures.count(n, url)])
        )
    return Table(_("Product"), columns, found)


_REGIONS = """
SELECT max({region}), sum({worth}), count(*)
FROM sales_invoice t LEFT JOIN (SELECT o.id, o.addresses->0 AS a FROM contacts_organisation o
  WHERE o.tenant_id = %s AND {seen}) o ON o.id = t.organisation
WHERE {where} GROUP BY lower({region}) ORDER BY 2 DESC NULLS LAST, 1 LIMIT %s
"""


def by_region(asking: Asked) -> Table:
    """Net by country and the beginning of the postcode, of the first address of the customer."""
    organisations = type_of("contacts.organisation")
    seen = asking.scope.visible(asking.rtype)
    if not {"net", "date"} <= seen.keys() or "addresses" not in asking.scope.visible(organisations):
        raise Refused("no_such_field", gettext_lazy("There is no such field."), "addresses")
    inside = which(asking.scope, asking.rtype, _within(asking))
    may = allowed(asking.scope, organisations, "view", "o")
    worth = converted(Sql("t.net"), Sql("t.date"))
    with connection.cursor() as cursor:
        text = _REGIONS.format(where=inside.text, worth=worth.text, seen=may.text, region=REGION)
        params = [*worth.params, asking.scope.tenant, *may.params, *inside.params, MOST_ROWS]
        cursor.execute(text, params)
        rows = cursor.fetchall()
    found = []
    for region, net, n in rows:
        there = {"field": "organisation.addresses", "op": "region", "value": region or "*"}
        url = listed(asking.rtype, {"all": [_within(asking), there if region else {"not": there}]})
        found.append((figures.text(_region(region or "")), [figures.money(net, url), figures.count(n, url)]))
    return Table(_("Region"), _columns(), found)


def _region(region: str) -> str:
    country, _blank, part = region.partition(" ")
    if not country:
        return _("not given")
    if len(country) != 2 or not country.isupper():
        return region
    place = country_name(country, get_language() or "en")
    return f"{place} {part}…" if part and country in ("DE", "AT", "CH") else f"{place}, {part}" if part else place


def owing(asking: Asked) -> Table:
    """What is open now by customer, how much of it overdue, whatever the period."""
    measures = (
        Measure("open", "total", "open"),
        Measure("late", "total", "open", where=late()),
        Measure("n"),
    )
    where = asking.where(OURS, STANDING)
    added = added_up(asking.scope, asking.rtype, by=[By("organisation")], measures=measures, where=where)
    most = sorted(added.groups, key=lambda g: -(g.values.get("late") or 0))[:MOST_ROWS]
    rows = []
    for group in most:
        url = listed(added.rtype, added.condition(group.keys))
        overdue = listed(added.rtype, added.condition(group.keys, late()))
        values = group.values
        cells = [
            figures.money(values.get("open"), url), figures.money(values.get("late"), overdue),
            figures.count(values["n"], url),
        ]  # fmt: skip
        rows.append((figures.text(named(added, 0, group), url), cells))
    columns = [Column(_("Open amount"), "a"), Column(_("Overdue"), "e"), Column(_("Invoices"))]
    return Table(_("Customer"), columns, rows, [], added.apart)
