"""Sums over deals and their stays, kept by triggers: see ``sales/models/kept.py``.

What one row adds to the sums is said once here, for the triggers and for filling in one month of one tenant.
"""

from django.db import migrations, models

#: of a deal ``d`` (and its tenant ``k``)
DEAL_KEY = "tenant_id, counts_on, owner, pipeline, state, category, currency, day"
DEAL = """
SELECT d.tenant_id, date_trunc('month', d.counts_on)::date AS counts_on, d.owner, d.pipeline, d.state, d.category,
  d.value->>'currency' AS currency, CASE WHEN d.value->>'currency' <> k.currency THEN d.counts_on END AS day,
  ({sign}) AS n, ({sign}) * coalesce((d.value->>'amount')::numeric, 0) AS amount,
  ({sign}) * coalesce((d.value->>'amount')::numeric * d.probability * 0.01, 0) AS weighted
FROM {deals} d JOIN kernel_tenant k ON k.id = d.tenant_id
WHERE d.archived_at IS NULL AND NOT d.restricted AND d.counts_on IS NOT NULL
"""
DEALS = f"""
INSERT INTO sales_dealsum (id, {DEAL_KEY}, n, amount, weighted, fresh)
SELECT uuidv7(), {DEAL_KEY}, sum(n), sum(amount), sum(weighted), {{fresh}} FROM ({{parts}}) x GROUP BY {DEAL_KEY}
HAVING sum(n) <> 0 OR sum(amount) <> 0 OR sum(weighted) <> 0;
"""
#: of a stay ``s`` of a deal ``d``
STAY_KEY = "tenant_id, begun, owner, pipeline, place"
STAY = """
SELECT d.tenant_id, date_trunc('month', d.begun)::date AS begun, d.owner, d.pipeline, s.stage AS place,
  ({sign}) AS reached, ({sign}) * (s.left_at IS NOT NULL AND NOT s.passed)::int AS ended,
  ({sign}) * CASE WHEN s.left_at IS NOT NULL AND NOT s.passed THEN s.seconds ELSE 0 END AS seconds,
  ({sign}) * coalesce(s.stage = d.stage, false)::int AS now
FROM {deals} d JOIN {stays} s ON s.tenant_id = d.tenant_id AND s.deal = d.id
WHERE d.archived_at IS NULL AND NOT d.restricted AND d.begun IS NOT NULL
"""
STAYS = f"""
INSERT INTO sales_staysum (id, {STAY_KEY}, reached, ended, seconds, now, fresh)
SELECT uuidv7(), {STAY_KEY}, sum(reached), sum(ended), sum(seconds), sum(now), {{fresh}} FROM ({{parts}}) x
GROUP BY {STAY_KEY} HAVING sum(reached) <> 0 OR sum(ended) <> 0 OR sum(seconds) <> 0 OR sum(now) <> 0;
"""


def _both(part, **tables):
    """What came, less what went."""
    came = part.format(sign="1", **{n: "new_rows" if t == "*" else t for n, t in tables.items()})
    went = part.format(sign="-1", **{n: "old_rows" if t == "*" else t for n, t in tables.items()})
    return came, went, f"{came} UNION ALL {went}"


def _function(name, statements):
    """A trigger function: the statements for INSERT, DELETE and UPDATE."""
    came, went, moved = statements
    return f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN {came}
  ELSIF TG_OP = 'DELETE' THEN {went}
  ELSE {moved}
  END IF;
  RETURN NULL;
END $$;
"""


def _triggers(table, function):
    rows = {
        "INSERT": "NEW TABLE AS new_rows",
        "DELETE": "OLD TABLE AS old_rows",
        "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    }
    return "".join(
        f"CREATE TRIGGER {function}_{on.lower()} AFTER {on} ON {table} REFERENCING {names}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {function}();\n"
        for on, names in rows.items()
    )


_deals = [DEALS.format(parts=part, fresh="true") for part in _both(DEAL, deals="*")]
_of_deals = [STAYS.format(parts=part, fresh="true") for part in _both(STAY, deals="*", stays="sales_stay")]
_of_stays = [STAYS.format(parts=part, fresh="true") for part in _both(STAY, deals="sales_deal", stays="*")]
#: only where something changed that the sums of stays hang on: what is read often is written rarely
MOVED = """
IF EXISTS (SELECT FROM old_rows o JOIN new_rows n ON n.id = o.id WHERE
  (o.begun, o.owner, o.pipeline, o.stage, o.archived_at IS NULL, o.restricted) IS DISTINCT FROM
  (n.begun, n.owner, n.pipeline, n.stage, n.archived_at IS NULL, n.restricted)) THEN {moved} END IF;
"""
_FILL = """
CREATE FUNCTION {name}(of_tenant uuid, month date) RETURNS void LANGUAGE sql AS $$
WITH gone AS (DELETE FROM {table} WHERE tenant_id = of_tenant AND {day} = month)
{fill}
$$;
"""
_IN_MONTH = " AND d.tenant_id = of_tenant AND d.{day} >= month AND d.{day} < (month + interval '1 month')"
CREATE = "".join((
    _function("sales_sum_deals", [
        _deals[0], f"{_deals[1]} {_of_deals[1]}", f"{_deals[2]} {MOVED.format(moved=_of_deals[2])}"
    ]),
    _triggers("sales_deal", "sales_sum_deals"),
    _function("sales_sum_stays", _of_stays),
    _triggers("sales_stay", "sales_sum_stays"),
    _FILL.format(
        name="sales_fill_dealsum", table="sales_dealsum", day="counts_on",
        fill=DEALS.format(
            parts=DEAL.format(sign="1", deals="sales_deal") + _IN_MONTH.format(day="counts_on"), fresh="false"
        ),
    ),
    _FILL.format(
        name="sales_fill_staysum", table="sales_staysum", day="begun",
        fill=STAYS.format(
            parts=STAY.format(sign="1", deals="sales_deal", stays="sales_stay") + _IN_MONTH.format(day="begun"),
            fresh="false",
        ),
    ),
    #: every tenant that is there has deals that no trigger saw
    "INSERT INTO sales_sumswanted (id, tenant_id) SELECT uuidv7(), id FROM kernel_tenant;",
))  # fmt: skip
DROP = """
DROP FUNCTION sales_sum_deals, sales_sum_stays CASCADE;
DROP FUNCTION sales_fill_dealsum, sales_fill_staysum;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0012_what_an_accepted_quote_does"),
    ]

    operations = [
        migrations.CreateModel(
            name="SumsWanted",
            fields=[
                ("tenant_id", models.UUIDField(editable=False)),
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="DealSum",
            fields=[
                ("tenant_id", models.UUIDField(editable=False)),
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("counts_on", models.DateField()),
                ("owner", models.UUIDField(null=True)),
                ("pipeline", models.UUIDField(null=True)),
                ("state", models.TextField()),
                ("category", models.TextField()),
                ("currency", models.TextField(null=True)),
                ("day", models.DateField(null=True)),
                ("n", models.BigIntegerField()),
                ("amount", models.DecimalField(decimal_places=10, max_digits=40)),
                ("weighted", models.DecimalField(decimal_places=10, max_digits=40)),
                ("fresh", models.BooleanField()),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["tenant_id", "counts_on"], name="dealsum_month"),
                    models.Index(condition=models.Q(("fresh", True)), fields=["tenant_id"], name="dealsum_fresh"),
                ],
            },
        ),
        migrations.CreateModel(
            name="StaySum",
            fields=[
                ("tenant_id", models.UUIDField(editable=False)),
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("begun", models.DateField()),
                ("owner", models.UUIDField(null=True)),
                ("pipeline", models.UUIDField(null=True)),
                ("place", models.UUIDField()),
                ("reached", models.BigIntegerField()),
                ("ended", models.BigIntegerField()),
                ("seconds", models.BigIntegerField()),
                ("now", models.BigIntegerField()),
                ("fresh", models.BooleanField()),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["tenant_id", "begun"], name="staysum_month"),
                    models.Index(condition=models.Q(("fresh", True)), fields=["tenant_id"], name="staysum_fresh"),
                ],
            },
        ),
        migrations.RunSQL(CREATE, DROP),
    ]
