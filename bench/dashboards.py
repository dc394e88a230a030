"""Forecast and funnel over very many deals, each figure against its plain SQL, under full rights and under own ones.

The plain SQL asks for the same numbers of the same tables, without rights, names and drawing, as the superuser.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from bench import machine, place
from bench.bulk import worker

DEALS, YEARS, SELLERS, ROUNDS, MOST, SLOWEST, MOVED = 300_000, 3, 40, 30, 2.0, 300.0, 6000
FILL = """
INSERT INTO sales_deal SELECT (jsonb_populate_record(d, jsonb_build_object(
  'id', uuidv7(begun_at - now()), 'created_at', begun_at, 'changed_at', begun_at,
  'owner', (%(owners)s::uuid[])[1 + n %% %(sellers)s], 'value',
  jsonb_build_object('amount', (500 + n::bigint * 7919 %% 90000)::text || '.00', 'currency', 'EUR'), 'probability', p,
  'begun', on_day - 40, 'counts_on', on_day, 'expected_close', on_day, 'state', s, 'stage', st, 'category', c))).*
FROM sales_deal d, LATERAL (
  SELECT n, CURRENT_DATE + (k %% (%(years)s * 365)) - %(years)s * 365 + 150 AS on_day, k FROM (
    SELECT n, (n::bigint * 31 %% 1000000)::int AS k FROM generate_series(1, %(deals)s) n) x) y, LATERAL (
  SELECT least(now() - interval '30 days', on_day::timestamptz - interval '40 days') AS begun_at,
    CASE WHEN on_day >= CURRENT_DATE THEN 'open' WHEN n %% 3 = 0 THEN 'won' ELSE 'lost' END AS s) z, LATERAL (
  SELECT CASE s WHEN 'won' THEN %(won)s::uuid WHEN 'lost' THEN %(lost)s::uuid
    ELSE (%(open)s::uuid[])[1 + n %% 4] END AS st, CASE s WHEN 'won' THEN 100 WHEN 'lost' THEN 0 ELSE 40 END AS p,
    CASE WHEN n %% 5 = 0 THEN 'committed' ELSE 'pipeline' END AS c) w
WHERE d.id = %(pattern)s
"""
STAYS = """
INSERT INTO sales_stay (id, tenant_id, deal, stage, entered_at, left_at, seconds, passed)
SELECT uuidv7(), d.tenant_id, d.id, x.stage, now(), now(), 400000, false
FROM sales_deal d, unnest(%(open)s::uuid[]) WITH ORDINALITY AS x (stage, place)
WHERE d.tenant_id = %(tenant)s AND (d.state <> 'open' OR x.place <= array_position(%(open)s::uuid[], d.stage))
"""
FORECAST = """
SELECT date_trunc('month', counts_on)::date,
  sum((value->>'amount')::numeric) FILTER (WHERE state = 'open' AND category <> 'omitted'),
  sum((value->>'amount')::numeric * probability / 100) FILTER (WHERE state = 'open' AND category <> 'omitted'),
  sum((value->>'amount')::numeric) FILTER (WHERE state = 'open' AND category = 'committed'),
  sum((value->>'amount')::numeric) FILTER (WHERE state = 'won')
FROM sales_deal WHERE tenant_id = %(tenant)s AND archived_at IS NULL AND counts_on >= %(first)s
  AND counts_on < %(after)s AND (state = 'won' OR (state = 'open' AND category <> 'omitted')) GROUP BY 1 ORDER BY 1
"""
FUNNEL = """
SELECT s.stage, count(*), avg(s.seconds) FILTER (WHERE s.left_at IS NOT NULL AND NOT s.passed),
  count(*) FILTER (WHERE s.stage = d.stage)
FROM sales_stay s JOIN sales_deal d ON d.id = s.deal
WHERE s.tenant_id = %(tenant)s AND s.stage = ANY(%(stages)s) AND d.tenant_id = %(tenant)s AND d.archived_at IS NULL
  AND d.begun >= %(first)s AND d.begun < %(after)s GROUP BY s.stage
"""


def measure() -> dict[str, Any]:
    """In a home of its own, kept between runs."""
    folder = place.home(100_000)
    ports = {"KLIENTEL_HOME": str(folder / "dashboards")}
    place.klientel("migrate", "--quiet", **ports)
    place.say(f"{DEALS} deals")
    return worker("bench.dashboards", **ports)


def run() -> dict[str, Any]:
    """Fill once, then ask."""
    from klientel.kernel.access import ActorScope, actor_of, system_actor
    from klientel.kernel.access.models import Member
    from klientel.kernel.tenancy import inside, reading
    from klientel.kernel.tenancy.models import Tenant
    from klientel.sales.jobs import sums
    from klientel.sales.models import Deal, Stage

    tenant, _fresh = Tenant.objects.get_or_create(slug="dashboards", defaults={"name": "Auswertungen"})
    with inside(tenant.id):
        with reading():
            there = Deal.objects.count() > 1
        if not there:
            _fill(tenant.id)
        sums.fill_in_sums()  # of a home that is older than they
        with reading():
            stages = [s.pk for s in Stage.objects.order_by("position")]
            seller = actor_of(Member.objects.get(name="Person 1").pk)
        wide, narrow = ActorScope(system_actor("Bench")), ActorScope(seller)
        found = _ask(tenant.id, wide, narrow, stages)
        _move(stages[2])
        return found | {"what changed since Monday": _changed(wide), "the same, own deals only": _changed(narrow)}


def _fill(tenant: Any) -> None:
    from django.conf import settings

    from klientel.kernel.access import system_actor
    from klientel.kernel.actions import run as act
    from klientel.kernel.tenancy import reading
    from klientel.sales.models import Stage

    actor = system_actor("Bench")
    own = {"field": "owner", "op": "is", "value": {"me": True}}
    names = ("sales.deal", "sales.stage", "sales.pipeline")
    grants = [{"record": n, "verb": "view"} | ({"where": own} if n == "sales.deal" else {}) for n in names]
    role = str(act(actor, "kernel.role.create", name="Eigene", grants=grants).record.id)
    sellers = [
        act(actor, "kernel.member.create", name=f"Person {n}", active=True, roles=[role]).record.id
        for n in range(SELLERS)
    ]
    act(actor, "sales.pipeline.begin")
    pattern = act(actor, "sales.deal.create", name="Muster").record.id
    with reading():
        stages = list(Stage.objects.order_by("position"))
    facts = {
        "owners": sellers, "sellers": SELLERS, "deals": DEALS, "years": YEARS, "pattern": pattern, "tenant": tenant,
        "open": [s.pk for s in stages[:4]], "won": stages[4].pk, "lost": stages[5].pk,
    }  # fmt: skip
    with settings.SERVER.connect() as connection:
        connection.execute(FILL, facts)
        connection.execute(STAYS, facts)
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE sales_deal")
        for name in ("stay", "dealsum", "staysum"):
            connection.execute(f"VACUUM ANALYZE sales_{name}")


def _move(stage: Any) -> None:
    """A busy week for "what changed since Monday": 6,000 deals changed, 1,000 new; once, as it stays what changed."""
    from django.conf import settings

    from klientel.kernel.access import system_actor
    from klientel.kernel.actions import Item, run_many
    from klientel.kernel.tenancy import reading
    from klientel.sales.models import Deal

    with reading():
        if Deal.objects.filter(name="Neu 0").exists():
            return
        some = list(Deal.objects.filter(state="open").order_by("value", "id").values_list("pk", flat=True)[:MOVED])
    changes: tuple[dict[str, Any], ...] = ({"value": "777"}, {"stage": stage}, {"expected_close": "2030-01-01"})
    actor = system_actor("Bench")
    for _outcome in run_many(actor, "sales.deal.change", (Item(i, changes[n % 3]) for n, i in enumerate(some))):
        pass
    for _outcome in run_many(actor, "sales.deal.create", (Item(None, {"name": f"Neu {n}"}) for n in range(1000))):
        pass
    with settings.SERVER.connect() as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE sales_deal, kernel_event, kernel_event_private")


def _changed(scope: Any) -> str:
    """CPU of application and database for what changed since Monday, of all deals."""
    from django.db import connection

    from klientel.insights.dashboards import asked, dashboard
    from klientel.kernel.tenancy import reading

    board = dashboard(scope, "forecast")
    figure = next(f for f in board.figures if f.key == "changed")

    def spent() -> float:
        with reading(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        return machine.cpu(pid) + machine.ended(place.postmaster()) + time.process_time()

    def draw() -> int:
        with reading():
            return len(figure.draw(asked(scope, board, {"period": "all"})).rows)

    rows, begun = draw(), 0.0
    for n in range(ROUNDS + 2):
        if n == 2:
            begun = spent()
        draw()
    each = (spent() - begun) * 1000 / ROUNDS
    return f"{rows} rows told, {each:.0f} ms of CPU (under {SLOWEST:.0f}){'' if each < SLOWEST else ' !'}"


def _ask(tenant: Any, wide: Any, narrow: Any, stages: list[Any]) -> dict[str, Any]:
    from django.conf import settings

    from klientel.insights.dashboards import asked, dashboard
    from klientel.kernel.tenancy import reading

    found: dict[str, Any] = {}
    questions = (
        ("forecast", "months", {"period": "ahead"}, FORECAST),
        ("forecast", "months", {"period": "all"}, FORECAST),
        ("sales", "funnel", {"period": "12"}, FUNNEL),
        ("sales", "funnel", {"period": "all"}, FUNNEL),
    )
    with settings.SERVER.connect() as connection:
        for board_key, key, query, plain in questions:
            board = dashboard(wide, board_key)
            figure = next(f for f in board.figures if f.key == key)
            about = asked(wide, board, query)
            facts = {"tenant": tenant, "first": about.first, "after": about.after, "stages": stages}

            def bare(plain: str = plain, facts: dict[str, Any] = facts) -> None:
                connection.execute(plain, facts).fetchall()

            def ours(scope: Any, figure: Any = figure, board: Any = board, query: Any = query) -> None:
                with reading():
                    figure.draw(asked(scope, board, query))

            found[f"{key}, {query['period']}"] = _told(bare, lambda: ours(wide), lambda: ours(narrow))
    return found


def _told(bare: Callable[[], None], ours: Callable[[], None], own: Callable[[], None]) -> str:
    spent: dict[str, list[float]] = {"bare": [], "ours": [], "own": []}
    for n in range(ROUNDS + 2):  # in turns, so that a busy moment meets all of them
        for name, ask in (("bare", bare), ("ours", ours), ("own", own)):
            begun = time.perf_counter()
            ask()
            if n >= 2:
                spent[name].append((time.perf_counter() - begun) * 1000)
    middle = {name: statistics.median(times) for name, times in spent.items()}
    late = {name: sorted(times)[int(len(times) * 0.95) - 1] for name, times in spent.items()}
    ratio = middle["ours"] / middle["bare"]
    good = "" if ratio <= MOST and late["ours"] < SLOWEST else " !"
    return (
        f"{middle['ours']:.0f} ms, p95 {late['ours']:.0f} (under {SLOWEST:.0f}); plain {middle['bare']:.0f} ms:"
        f" {ratio:.2f}x (at most {MOST:.0f}); own deals only {middle['own']:.0f} ms{good}"
    )


if __name__ == "__main__":
    import django

    django.setup()
    from klientel.site.cli.database import serving

    with serving():
        sys.stdout.write(json.dumps(run()))
