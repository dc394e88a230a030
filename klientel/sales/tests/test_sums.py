"""Sums that are kept ready say what counting the deals says, whatever was done to them, and to everybody."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, transaction

from klientel.insights.dashboards import asked, dashboard
from klientel.kernel import events
from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.history import undo
from klientel.kernel.identity.actor import Actor, Grant
from klientel.kernel.kinds import base, today
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.kernel.testing.making import make_member
from klientel.kernel.transfer import assistant
from klientel.lib import clock
from klientel.lib.dates import add_months
from klientel.privacy import restricting
from klientel.privacy.subject import for_privacy
from klientel.sales.jobs import sums
from klientel.sales.jobs.stay import keep_stays
from klientel.sales.models import CloseReason, Deal, Stage

pytestmark = pytest.mark.django_db
FIGURES = (("forecast", "months"), ("forecast", "people"), ("forecast", "teams"), ("forecast", "pipelines"),
           ("sales", "won"), ("sales", "by-person"), ("sales", "funnel"))  # fmt: skip
OWN = {"field": "owner", "op": "is", "value": {"me": True}}
TABLES = ("sales_dealsum", "sales_staysum")
LOOKED_AT = (8, 22)  # after these steps the figures are drawn


@pytest.fixture
def stages(anna: Actor) -> list[Stage]:
    run(anna, "sales.pipeline.begin")
    return list(Stage.objects.order_by("position"))


def sql(text: str, *params: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        return cursor.fetchall() if cursor.description else None


def said(actor: Actor) -> dict[str, Any]:
    """Every figure that may come from the sums, as it is."""
    scope, found = ActorScope(actor), {}
    for key, name in FIGURES:
        board = dashboard(scope, key)
        table = next(f for f in board.figures if f.key == name).draw(asked(scope, board, {"period": "all"}))
        rows = [(label.text, [c.value for c in cells]) for label, cells in table.rows]
        found[name] = (rows, [c.value for c in table.foot], table.apart)
    return found


def counted(actor: Actor) -> dict[str, Any]:
    """The same, of the deals themselves."""
    wanted = uuid.uuid4()
    sql("INSERT INTO sales_sumswanted (id, tenant_id) VALUES (%s, %s)", wanted, actor.tenant)
    found = said(actor)
    sql("DELETE FROM sales_sumswanted WHERE id = %s", wanted)
    return found


def deal(actor: Actor, name: str, amount: str, currency: str = "EUR", months: int = 1, **values: Any) -> Any:
    day = add_months(today().replace(day=3), months).isoformat()
    money = {"amount": amount, "currency": currency}
    return run(actor, "sales.deal.create", name=name, value=money, expected_close=day, **values).record


def close(actor: Actor, record: Any, outcome: str = "win") -> None:
    reason = CloseReason.objects.filter(outcome="won" if outcome == "win" else "lost").order_by("id")[0]
    run(actor, f"sales.deal.{outcome}", record.pk, reason=str(reason.pk))


def digest() -> None:
    new = Sql("e.at > coalesce((SELECT max(entered_at) FROM sales_stay), '-infinity')")
    keep_stays(events.read(new, order="e.id", limit=500))


def kept() -> list[Any]:
    """The sums as they stand, each key once."""
    deals = "SELECT counts_on, owner, pipeline, state, category, currency, day, sum(n), trim_scale(sum(amount)),"
    stays = "SELECT begun, owner, pipeline, place, sum(reached), sum(ended), sum(seconds), sum(now) FROM sales_staysum"
    return [
        sql(f"{deals} trim_scale(sum(weighted)) FROM sales_dealsum GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(n) <> 0"
            " ORDER BY 1, 2, 3, 4, 5, 6, 7"),
        sql(f"{stays} GROUP BY 1, 2, 3, 4 HAVING sum(reached) <> 0 ORDER BY 1, 2, 3, 4"),
    ]  # fmt: skip


def anew() -> list[Any]:
    """The sums as working them out anew would make them; nothing is left of that."""
    with transaction.atomic():
        sums.fill_in_sums()
        found = kept()
        transaction.set_rollback(True)
    return found


def restrict(record: Any, restricted: bool) -> None:
    with for_privacy(record.tenant_id):
        restricting.set_restricted(type_of("sales.deal"), record.pk, restricted)


def test_after_everything_that_can_be_done_to_deals_the_sums_are_what_counting_says(
    anna: Actor, stages: list[Stage], settings: Any, tmp_path: Any
) -> None:
    settings.KLIENTEL_FILES = tmp_path
    other = str(make_member("Otto", [{"record": "*", "verb": "*"}]).member)
    run(anna, "insights.rate.create", currency="USD", day="2020-01-01", rate="1.09871234")
    one = deal(anna, "One", "1000.05", probability=33)
    two = deal(anna, "Two", "77.77", "USD", probability=7, owner=other)
    deal(anna, "Apart", "5", "CHF", owner=None)
    run(anna, "sales.deal.create", name="Without amount and day")
    file = io.BytesIO(b"Name;Value;Expected close\nImported;12,34;2026-12-24\nAlso;1;2027-01-02\n")
    mapping = {"Name": "name", "Value": "value", "Expected close": "expected_close"}
    steps: list[Callable[[], Any]] = [
        digest,
        lambda: run(anna, "sales.deal.move", one.pk, stage=str(stages[2].pk)),
        digest,
        lambda: run(anna, "sales.deal.change", one.pk, value={"amount": "900.99", "currency": "EUR"}),
        lambda: run(anna, "sales.deal.change", one.pk, owner=other, probability=None),
        lambda: run(anna, "sales.deal.change", two.pk, expected_close="2027-03-05", category="committed"),
        lambda: close(anna, two),
        lambda: close(anna, one, "lose"),
        digest,
        lambda: assistant.commit(assistant.choose(assistant.start(anna, "sales.deal", file, name="d.csv"), mapping)),
        lambda: undo(anna, run(anna, "sales.deal.change", one.pk, begun="2025-01-31").change_set),
        lambda: run(anna, "sales.deal.merge", two.pk, records=[one.pk]),
        lambda: run(anna, "sales.deal.unmerge", two.pk, records=[one.pk]),
        lambda: restrict(two, True),
        lambda: restrict(two, False),
        lambda: run(anna, "sales.deal.archive", one.pk),
        lambda: run(anna, "sales.deal.restore", one.pk),
        lambda: sums.fold(0),
        lambda: run(anna, "sales.deal.archive", one.pk),
        lambda: run(anna, "sales.deal.remove", one.pk),
        digest,
        lambda: run(anna, "kernel.member.change", uuid.UUID(other), active=False),
        lambda: sums.fold(0),
    ]
    own = replace(anna, grants=(Grant("sales.deal", "view", OWN), Grant("sales.stage", "view"),
                                Grant("sales.pipeline", "view")))  # fmt: skip
    seen = []
    for n, step in enumerate(steps):
        step()
        seen.append(str(kept()))
        assert seen[-1] == str(anew()), n
        for who in (anna, own) if n in LOOKED_AT else ():
            assert said(who) == counted(who), (n, who)
    assert len(set(seen)) > 12, "the steps change what is said"
    assert {row[0] for t in TABLES for row in sql(f"SELECT fresh FROM {t}")} == {False}


def test_the_figures_are_told_by_the_sums_and_worked_out_anew_they_are_right_again(
    anna: Actor, stages: list[Stage]
) -> None:
    close(anna, deal(anna, "A", "100"))
    digest()
    right = said(anna)
    sql("UPDATE sales_dealsum SET n = n + 5, amount = amount + 7")
    sql("UPDATE sales_staysum SET reached = reached + 5")
    wrong = said(anna)
    assert {name for name in wrong if wrong[name] != right[name]} == {name for _board, name in FIGURES}
    sums.fill_in_sums()
    assert said(anna) == right == counted(anna)


def test_a_right_or_a_period_that_asks_for_more_than_is_kept_is_answered_by_the_deals(
    anna: Actor, stages: list[Stage]
) -> None:
    deal(anna, "Small", "10", months=0)
    deal(anna, "Large", "1000", months=0)
    sql("UPDATE sales_dealsum SET amount = amount * 100")
    small = {"field": "value", "op": "under", "value": {"amount": "500", "currency": "EUR"}}
    narrow = replace(anna, grants=(Grant("sales.deal", "view", small),))
    scope = ActorScope(narrow)
    board = dashboard(scope, "forecast")
    assert [c.value for c in board.figures[0].draw(asked(scope, board, {"period": "all"})).foot][4] == 10
    days = {"from": today().replace(day=2).isoformat(), "to": today().replace(day=5).isoformat()}
    assert [c.value for c in board.figures[0].draw(asked(ActorScope(anna), board, days)).foot][4] == 1010


def test_sums_of_another_currency_of_the_tenant_are_not_trusted_and_are_worked_out_anew(
    anna: Actor, stages: list[Stage]
) -> None:
    deal(anna, "A", "100")
    sums.want_sums()
    assert sql("SELECT count(*) FROM sales_sumswanted") == [(0,)]
    sql("UPDATE kernel_tenant SET currency = 'CHF'")
    with at_home_in("CH", "CHF"):
        assert said(anna)["months"][2] == {"EUR": 100}
        sums.want_sums()
        assert sql("SELECT count(*) FROM sales_sumswanted") == [(1,)]
        sums.fill_in_sums()
        assert sql("SELECT currency, day IS NULL FROM sales_dealsum") == [("EUR", False)]
        assert said(anna) == counted(anna)


@contextmanager
def at_home_in(country: str, currency: str) -> Iterator[None]:
    was = base.currency_of_tenant()
    base.at_home_in(country, currency)
    try:
        yield
    finally:
        base.at_home_in("DE", was)


def test_what_older_deals_come_to_is_filled_in_once_and_until_then_the_deals_are_counted(
    anna: Actor, stages: list[Stage]
) -> None:
    deal(anna, "A", "100")
    right = said(anna)
    for table in TABLES:
        sql(f"DELETE FROM {table}")
    sql("INSERT INTO sales_sumswanted (id, tenant_id) VALUES (%s, %s)", uuid.uuid4(), anna.tenant)
    deal(anna, "B", "1", months=3)
    run(anna, "sales.deal.change", Deal.objects.get(name="B").pk, value={"amount": "2", "currency": "EUR"})
    assert said(anna) == counted(anna) != right
    sums.want_sums()
    sums.want_sums()
    assert sql("SELECT count(*) FROM procrastinate_jobs WHERE task_name LIKE %s", "%fill_in_sums") == [(1,)]
    sums.fill_in_sums()
    assert sql("SELECT count(*) FROM sales_sumswanted") == [(0,)]
    assert said(anna) == counted(anna)
    assert sql("SELECT sum(n), sum(amount) FROM sales_dealsum") == [(2, 102)]


def test_many_fresh_rows_are_put_together(anna: Actor, stages: list[Stage]) -> None:
    with clock.turned_back(clock.now() - dt.timedelta(days=1)):
        for n in range(4):
            deal(anna, f"D{n}", str(n))
    sums.fold(4)
    assert sql("SELECT count(*) FROM sales_dealsum") == [(4,)]
    sums.fold(3)
    assert sql("SELECT n, amount, fresh FROM sales_dealsum") == [(4, 6, False)]


def test_what_came_is_looked_up_by_index_though_the_plan_is_older_than_the_deals(
    anna: Actor, stages: list[Stage]
) -> None:
    """Whatever a connection planned while there was but one deal: cost follows what came, not what is there."""

    def entered(some: list[Any]) -> None:
        rows = ", ".join(["(uuidv7(), %s, %s, %s, now(), 0, false)"] * len(some))
        params = [value for one in some for value in (anna.tenant, one.pk, stages[0].pk)]
        sql("INSERT INTO sales_stay (id, tenant_id, deal, stage, entered_at, seconds, passed) VALUES " + rows, *params)

    def looked_at() -> tuple[int, int]:
        [found] = sql("SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'sales_deal'")
        return found

    sql("DELETE FROM sales_stay")
    entered([deal(anna, "First", "1")])
    many = [deal(anna, f"Deal {n}", "1") for n in range(150)]
    sql("DELETE FROM sales_stay")
    before = looked_at()
    entered(many[:50])
    after = looked_at()
    assert after[0] == before[0]
    assert after[1] - before[1] <= 2 * 50
