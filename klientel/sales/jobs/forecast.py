"""Keeps once a day what the forecast says."""

from __future__ import annotations

from django.db import connection

from klientel.insights.queries.rates import converted
from klientel.kernel.jobs import sweep
from klientel.kernel.kinds import zone
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import alone, current
from klientel.lib import clock
from klientel.lib.dates import add_months

BACK, AHEAD = -1, 18  # months around this one that are kept

_THERE = "SELECT EXISTS (SELECT 1 FROM sales_forecastday WHERE tenant_id = %s AND day = %s)"
_KEEP = """
INSERT INTO sales_forecastday (id, tenant_id, day, month, owner, pipeline, deals, open, weighted, committed, won)
SELECT uuidv7(), %s, %s, date_trunc('month', t.counts_on)::date, t.owner, t.pipeline, count(*),
  coalesce(sum(x.worth) FILTER (WHERE t.state = 'open'), 0),
  coalesce(sum(x.worth * coalesce(t.probability, 0) / 100) FILTER (WHERE t.state = 'open'), 0),
  coalesce(sum(x.worth) FILTER (WHERE t.state = 'open' AND t.category = 'committed'), 0),
  coalesce(sum(x.worth) FILTER (WHERE t.state = 'won'), 0)
FROM sales_deal t CROSS JOIN LATERAL (SELECT {worth} AS worth) x
WHERE t.tenant_id = %s AND t.archived_at IS NULL AND t.counts_on >= %s AND t.counts_on < %s
  AND (t.state = 'won' OR (t.state = 'open' AND coalesce(t.category, '') <> 'omitted'))
GROUP BY 3, 4, 5, 6 ON CONFLICT DO NOTHING
"""


@sweep("sales.forecast")
def keep_forecast() -> None:
    """Today's sums, unless they are kept already: of two workers the second waits and finds them."""
    day = clock.now().astimezone(zone()).date()
    month = day.replace(day=1)
    worth = converted(Sql("t.value"), Sql("t.counts_on"))
    alone("sales.forecast")
    with connection.cursor() as cursor:
        cursor.execute(_THERE, [current(), day])
        if cursor.fetchone()[0]:
            return
        around = [add_months(month, BACK), add_months(month, AHEAD)]
        cursor.execute(_KEEP.format(worth=worth.text), [current(), day, *worth.params, current(), *around])
