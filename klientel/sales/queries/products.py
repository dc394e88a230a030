"""Figures about products: what sells, what does not, what is bought together, and with what deals are won.

Sold are the lines of orders that were not called off; those of accepted quotes (with what the customer chose) for
which there is no order; and the products of won deals for which there is neither. A line counts net, less its share
of a discount on all, on the day of the order, of the answer or of the win. Everything under the rights of who asks:
what they may not see is in no sum, and a kind of sale whose fields are hidden from them is left out.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from klientel.insights import figures
from klientel.insights.dashboards import Asked
from klientel.insights.figures import Cell, Column, Table, listed
from klientel.insights.queries.adding import days
from klientel.insights.queries.rates import converted
from klientel.kernel.access import ActorScope
from klientel.kernel.access.granting import allowed
from klientel.kernel.access.reading import which
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import zone
from klientel.kernel.kinds.base import currency_of_tenant
from klientel.kernel.records import RecordType, type_of
from klientel.kernel.sql import Sql, comma
from klientel.kernel.web.addresses import place
from klientel.kernel.web.speech import large
from klientel.sales.models.holding import LOST, WON
from klientel.sales.models.ordering import CANCELLED
from klientel.sales.models.positions import Positions, QuotePositions
from klientel.sales.models.quoting import ACCEPTED, DECLINED, EXPIRED, SENT
from klientel.sales.queries.insight import ended, state

MOST_ROWS = 25
LARGEST = 100  # products of one sale; of a longer list nobody learns what belongs together
KEY, COUNTED = Positions.entry_key, Positions.counted


@dataclass(frozen=True)
class _Sale:
    """One kind of sale: in which state, on which day, in which currency; which fields it asks for; its lines."""

    key: str
    where: dict[str, Any]
    on: str  # the field of that day
    day: str
    currency: str
    asks: tuple[str, ...]
    discount: str = "0"
    counted: str = COUNTED
    instead: tuple[tuple[str, str, dict[str, Any] | None], ...] = ()  # records that count in its place, by a link


_SALES = (
    _Sale(
        "sales.order", {"not": state(CANCELLED)}, "date", "t.date",
        "coalesce(nullif(t.currency, ''), t.net->>'currency')",
        ("state", "date", "discount", "currency"), "coalesce(t.discount, 0)",
    ),
    _Sale(
        "sales.quote", state(ACCEPTED), "closed_at", "(t.closed_at AT TIME ZONE %(zone)s)::date", "t.currency",
        ("state", "closed_at", "discount", "currency", "chosen", "left_out"), "coalesce(t.discount, 0)",
        QuotePositions.counted.replace("{t}", "t"),
        (("sales.order", "quote", None),),
    ),
    _Sale(
        "sales.deal", state(WON), "counts_on", "t.counts_on", "t.value->>'currency'", ("state", "counts_on", "value"),
        instead=(("sales.order", "deal", None), ("sales.quote", "deal", state(ACCEPTED))),
    ),
)  # fmt: skip
_PART = """
SELECT '{sort}' AS sort, t.id AS sale, {day} AS day, {key} AS key, l->>'product' AS product, l->>'name' AS name,
  (l->>'quantity')::numeric AS quantity,
  jsonb_build_object('currency', coalesce({currency}, %s), 'amount', (x.gross - CASE l->>'discount_in'
    WHEN 'amount' THEN coalesce((l->>'discount')::numeric, 0)
    ELSE round(x.gross * coalesce((l->>'discount')::numeric, 0) / 100, 2) END) * (100 - {discount}) / 100) AS money
FROM {table} t CROSS JOIN LATERAL jsonb_array_elements(t.positions) WITH ORDINALITY e(l, n)
CROSS JOIN LATERAL (
  SELECT round(coalesce((l->>'quantity')::numeric, 0) * coalesce((l->>'price')::numeric, 0), 2) AS gross
) x WHERE {where} AND {counted}{instead}
"""


def _sold(asking: Asked) -> Sql:
    """All lines that were sold, whenever; refused where not one kind of sale may be read."""
    parts = [_part(asking, sale) for sale in _SALES if _readable(asking.scope, sale)]
    if not parts:
        raise Refused("no_such_field", gettext_lazy("There is no such field."), "positions")
    return comma(parts, " UNION ALL ")


def _readable(scope: ActorScope, sale: _Sale) -> bool:
    rtype = type_of(sale.key)
    return scope.may(rtype, "view") and {"positions", *sale.asks} <= scope.visible(rtype).keys()


def _part(asking: Asked, sale: _Sale) -> Sql:
    rtype = type_of(sale.key)
    inside = which(asking.scope, rtype, asking.where(sale.where))
    day = Sql(sale.day.replace("%(zone)s", "%s"), (zone().key,) * sale.day.count("%(zone)s"))
    missing = [_missing(asking.scope, *one) for one in sale.instead]
    text = _PART.format(
        sort=sale.key, day=day.text, key=KEY, currency=sale.currency, discount=sale.discount, table=rtype.table,
        where=inside.text,
        counted=sale.counted, instead="".join(one.text for one in missing),
    )  # fmt: skip
    return Sql(text, (*day.params, currency_of_tenant(), *inside.params, *(p for one in missing for p in one.params)))


def _missing(scope: ActorScope, key: str, link: str, where: dict[str, Any] | None) -> Sql:
    """That no record the actor may see leads here: a sale is counted once, and never because of one they do not see."""
    rtype = type_of(key)
    may = allowed(scope, rtype, "view", "r")
    of_state = " AND r.state = %s" if where else ""
    params = (scope.tenant, *([where["value"]] if where else []), *may.params)
    return Sql(
        f" AND NOT EXISTS (SELECT 1 FROM {rtype.table} r WHERE r.tenant_id = %s AND r.{link} = t.id"
        f" AND r.archived_at IS NULL{of_state} AND {may.text})",
        params,
    )


def _rows(sold: Sql, text: str, params: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"WITH sold AS ({sold.text}) {text}", [*sold.params, *params])
        return list(cursor.fetchall())


_WORTH = Sql("s.money"), Sql("s.day")
_BEST = """
SELECT s.key, max(s.name), sum({worth}), sum(s.quantity), count(DISTINCT s.sale), {sorts}, sum(sum({worth})) OVER (),
  sum(count(*) FILTER (WHERE s.money->>'currency' <> %s)) OVER ()
FROM sold s WHERE s.day >= %s AND s.day < %s GROUP BY s.key ORDER BY 3 DESC NULLS LAST, 2 LIMIT %s
"""
_OF_SORT = "count(DISTINCT s.sale) FILTER (WHERE s.sort = '{0}')"


def best(asking: Asked) -> Table:
    """What sells: net, its share of everything sold, the quantity and in how many sales; the most first.

    Where things were sold in several ways, a number for each opens its list.
    """
    sold, worth = _sold(asking), converted(*_WORTH)
    text = _BEST.format(worth=worth.text, sorts=", ".join(_OF_SORT.format(sale.key) for sale in _SALES))
    params = (*worth.params, *worth.params, currency_of_tenant(), asking.first, asking.after, MOST_ROWS)
    found = _rows(sold, text, params)
    ways = [(n, sale) for n, sale in enumerate(_SALES) if any(row[5 + n] for row in found)]
    rows = []
    for key, name, net, quantity, sales, *more in found:
        urls = [_list_of(asking, sale, key) for _n, sale in ways]
        url = urls[0] if len(urls) == 1 else ""
        cells = [figures.money(net, url), figures.share(net, more[-2]), _quantity(quantity), figures.count(sales, url)]
        each = [figures.count(more[n], one) for (n, _sale), one in zip(ways, urls, strict=True)]
        rows.append((figures.text(name), cells + (each if len(ways) > 1 else [])))
    columns = [
        Column(_("Sold, net"), "a"), Column(_("Share"), beside=True), Column(_("Quantity")),
        Column(_("Number of sales")),
    ]  # fmt: skip
    columns += [Column(large(type_of(sale.key).plural)) for _n, sale in ways] if len(ways) > 1 else []
    return Table(_("Product"), columns, rows, apart=_apart(asking, sold) if found and found[0][-1] else {})


def _list_of(asking: Asked, sale: _Sale, key: str) -> str:
    """The sales of one kind with a line of this product."""
    rtype = type_of(sale.key)
    parts = [sale.where, {"field": "positions", "op": "holds", "value": key}]
    parts.append(days(rtype.fields[sale.on], sale.on, asking.first, asking.after))
    for other, link, where in sale.instead:
        if asking.scope.may(type_of(other), "view"):
            parts.append({"not": {"has": f"{other}.{link}", "where": where or {"all": []}}})
    return listed(rtype, asking.where(*parts))


def _quantity(value: Decimal | None) -> Cell:
    """How much, as exact as it was sold."""
    plain = (value or Decimal(0)).normalize()
    found = figures.count(int(plain)) if plain == plain.to_integral_value() else None
    return found or Cell(plain, formats.number_format(plain))


def _apart(asking: Asked, sold: Sql) -> dict[str, Decimal]:
    """What has no rate on its day: amounts by currency."""
    worth = converted(*_WORTH)
    text = (
        "SELECT s.money->>'currency', sum((s.money->>'amount')::numeric) FROM sold s"
        f" WHERE s.day >= %s AND s.day < %s AND {worth.text} IS NULL GROUP BY 1 ORDER BY 1"
    )
    return {
        code: amount.quantize(figures.CENT)
        for code, amount in _rows(sold, text, (asking.first, asking.after, *worth.params))
    }


_SLOW = """
SELECT t.id, t.title, coalesce(sum({worth}) FILTER (WHERE s.day >= %s), 0),
  coalesce(sum(s.quantity) FILTER (WHERE s.day >= %s), 0), max(s.day)
FROM {table} t LEFT JOIN sold s ON s.product = t.id::text AND s.day < %s
WHERE {where} AND NOT EXISTS (
  SELECT 1 FROM {table} v WHERE v.tenant_id = t.tenant_id AND v.variant_of = t.id AND v.archived_at IS NULL)
GROUP BY t.id, t.title ORDER BY 3, 5 NULLS FIRST, 2, 1 LIMIT %s
"""


def slow(asking: Asked) -> Table:
    """The products that sold least in the period, those that never did first; not those that only have variants."""
    rtype: RecordType = type_of("sales.product")
    if not asking.scope.may(rtype, "view"):
        raise Refused("no_such_field", gettext_lazy("There is no such field."), "product")
    sold, worth, inside = _sold(asking), converted(*_WORTH), which(asking.scope, rtype)
    params = (*worth.params, asking.first, asking.first, asking.after, *inside.params, MOST_ROWS)
    found = _rows(sold, _SLOW.format(worth=worth.text, table=rtype.table, where=inside.text), params)
    rows = [
        (
            figures.text(title, place("record", rtype.slug, key)),
            [figures.money(net), _quantity(quantity), _day(last)],
        )
        for key, title, net, quantity, last in found
    ]
    return Table(_("Product"), [Column(_("Sold, net")), Column(_("Quantity")), Column(_("Last sold on"))], rows)


def _day(value: dt.date | None) -> Cell:
    return Cell(value, formats.date_format(value, "SHORT_DATE_FORMAT") if value else "–")


_PAIRS = """
, every AS (SELECT s.sale, s.key, max(s.name) AS name FROM sold s WHERE s.day >= %s AND s.day < %s GROUP BY 1, 2),
named AS (SELECT key, max(name) AS name, count(*) AS n FROM every GROUP BY 1),
small AS (SELECT sale, key FROM (SELECT sale, key, count(*) OVER (PARTITION BY sale) AS n FROM every) e
  WHERE n BETWEEN 2 AND %s),
pairs AS (SELECT a.key AS one, b.key AS other, count(*) AS n FROM small a JOIN small b ON b.sale = a.sale
  AND a.key < b.key GROUP BY 1, 2 HAVING count(*) > 1)
SELECT x.name, y.name, p.n, x.n, y.n FROM pairs p JOIN named x ON x.key = p.one JOIN named y ON y.key = p.other
ORDER BY p.n DESC, p.n::numeric / least(x.n, y.n) DESC, 1, 2 LIMIT %s
"""


def together(asking: Asked) -> Table:
    """Pairs of products that stood in the same sale more than once, the most frequent first; and in what share of the
    sales of each of both the other one was."""
    found = _rows(_sold(asking), _PAIRS, (asking.first, asking.after, LARGEST, MOST_ROWS))
    rows = [
        (
            figures.text(f"{one} + {other}"),
            [figures.count(n), figures.share(n, of_one), figures.share(n, of_other)],
        )
        for one, other, n, of_one, of_other in found
    ]
    columns = [
        Column(_("Sold together")), Column(_("Of the sales of the first")), Column(_("Of the sales of the second")),
    ]  # fmt: skip
    return Table(_("Products"), columns, rows)


_ENDED = """
WITH ended AS (SELECT t.id, t.state, t.positions FROM sales_deal t WHERE {deals}),
offered AS (
  SELECT e.id, e.state, l FROM ended e CROSS JOIN LATERAL jsonb_array_elements(e.positions) l{quoted}
)
SELECT {key}, max(l->>'name'), count(DISTINCT id) FILTER (WHERE state = 'won'),
  count(DISTINCT id) FILTER (WHERE state = 'lost')
FROM offered WHERE {counted} GROUP BY {key} ORDER BY count(DISTINCT id) DESC, 2 LIMIT %s
"""
_QUOTED = """
  UNION ALL SELECT e.id, e.state, l FROM ended e JOIN sales_quote t ON t.deal = e.id
  CROSS JOIN LATERAL jsonb_array_elements(t.positions) l WHERE {quotes}
"""
_GIVEN = {"any": [state(one) for one in (SENT, ACCEPTED, DECLINED, EXPIRED)]}


def _with(key: str, *, quoted: bool) -> Any:
    """Deals with a line of this product on them or on one of their quotes."""
    line = {"field": "positions", "op": "holds", "value": key}
    offered = {"has": "sales.quote.deal", "where": {"all": [_GIVEN, line]}}
    return {"any": [line, offered]} if quoted else line


def win_rate(asking: Asked) -> Table:
    """Of the deals that ended in the period the share that was won, by the products on them or on their quotes."""
    quotes = type_of("sales.quote")
    if "positions" not in asking.scope.visible(asking.rtype):
        raise Refused("no_such_field", gettext_lazy("There is no such field."), "positions")
    deals = which(asking.scope, asking.rtype, ended(asking))
    seen = asking.scope.visible(quotes)
    given = Sql("")
    if asking.scope.may(quotes, "view") and {"positions", "state", "deal"} <= seen.keys():
        inside = which(asking.scope, quotes, _GIVEN)
        given = Sql(_QUOTED.format(quotes=inside.text), inside.params)
    text = _ENDED.format(deals=deals.text, quoted=given.text, counted=COUNTED, key=KEY)
    with connection.cursor() as cursor:
        cursor.execute(text, [*deals.params, *given.params, MOST_ROWS])
        found = cursor.fetchall()
    rows = []
    for key, name, won, lost in found:
        those = [ended(asking), _with(key, quoted=bool(given.text))]
        urls = [listed(asking.rtype, {"all": [*those, state(one)]}) for one in (WON, LOST)]
        counts = [figures.count(n, url) for n, url in zip((won, lost), urls, strict=True)]
        rows.append((figures.text(name), [figures.share(won, won + lost), *counts]))
    columns = [Column(_("Win rate"), "c"), Column(_("Number won"), beside=True), Column(_("Number lost"))]
    return Table(_("Product"), columns, rows)
