"""Figures about deals: every number is that of the list behind it, under the rights of who asks."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from klientel.insights.dashboards import asked, dashboard, dashboards
from klientel.insights.figures import Table, as_csv
from klientel.kernel import events
from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.errors import Missing
from klientel.kernel.identity.actor import Actor, Grant
from klientel.kernel.sql import Sql
from klientel.lib import clock
from klientel.sales.jobs.stay import keep_stays
from klientel.sales.models import CloseReason, Stage, Stay

pytestmark = pytest.mark.django_db
OWN = {"field": "owner", "op": "is", "value": {"me": True}}


@pytest.fixture
def stages(anna: Actor) -> list[Stage]:
    run(anna, "sales.pipeline.begin")
    return list(Stage.objects.order_by("position"))


def deal(actor: Actor, name: str, amount: int = 0, currency: str = "EUR", **values: Any) -> Any:
    value = {"amount": str(amount), "currency": currency} if amount else None
    return run(actor, "sales.deal.create", **{"name": name, "value": value, **values}).record


def close(actor: Actor, record: Any, outcome: str = "win") -> None:
    reason = CloseReason.objects.filter(outcome="won" if outcome == "win" else "lost").order_by("id")[0]
    run(actor, f"sales.deal.{outcome}", record.pk, reason=str(reason.pk))


def table(actor: Actor, key: str, **query: str) -> Table:
    scope = ActorScope(actor)
    board = dashboard(scope, "sales")
    figure = next(f for f in board.figures if f.key == key)
    return figure.draw(asked(scope, board, query))


def told(found: Table) -> dict[str, list[Any]]:
    return {label.text: [c.value for c in cells] for label, cells in found.rows}


def digest() -> None:
    """What the consumer does with everything that happened so far."""
    keep_stays(events.read(Sql("TRUE"), order="e.id", limit=500))


def test_won_and_lost_count_what_the_lists_behind_them_show(anna: Actor, stages: list[Stage], behind: Any) -> None:
    for n in range(3):
        close(anna, deal(anna, f"W{n}", 100 * (n + 1)))
    close(anna, deal(anna, "L", 50), "lose")
    deal(anna, "Open", 999)
    found = table(anna, "won")
    _label, cells = found.rows[-1]
    assert [c.value for c in cells] == [Decimal(600), Decimal(50), 3, 1, Decimal("75.0")]
    assert behind(anna, cells[2].url) == 3
    assert behind(anna, cells[1].url) == behind(anna, cells[3].url) == 1
    assert [c.value for c in found.foot] == [c.value for c in cells]


def test_amounts_of_other_currencies_count_by_the_rate_of_the_day_and_stand_apart_without_one(
    anna: Actor, stages: list[Stage]
) -> None:
    run(anna, "insights.rate.create", currency="USD", day="2020-01-01", rate="0.5")
    for currency in ("EUR", "USD", "CHF"):
        close(anna, deal(anna, currency, 100, currency))
    found = table(anna, "won")
    assert found.rows[-1][1][0].value == Decimal(150)
    assert found.apart == {"CHF": Decimal(100)}
    assert "CHF" in as_csv(found).decode()


def test_somebody_with_own_rights_gets_only_what_is_his_in_every_sum(anna: Actor, stages: list[Stage]) -> None:
    close(anna, deal(anna, "Mine", 100, owner=str(anna.member)))
    close(anna, deal(anna, "Nobody's", 1000, owner=None))
    deal(anna, "Open", 5)
    grants = (Grant("sales.deal", "view", OWN), Grant("sales.stage", "view"), Grant("sales.pipeline", "view"))
    narrow = replace(anna, grants=grants)
    assert [c.value for c in table(narrow, "won").foot] == [Decimal(100), Decimal(0), 1, 0, Decimal("100.0")]
    assert sum(v[1] for v in told(table(narrow, "by-source")).values()) == 1


def test_hidden_amounts_are_in_no_sum(anna: Actor, stages: list[Stage]) -> None:
    close(anna, deal(anna, "A", 100))
    blind = replace(anna, grants=(Grant("sales.deal", "view", {}, hidden=("value",)),))
    _label, cells = table(blind, "won").rows[-1]
    assert [c.value for c in cells][:3] == [None, None, 1]


def test_the_funnel_counts_who_reached_a_stage_and_how_long_they_stayed(anna: Actor, stages: list[Stage]) -> None:
    begin = clock.now() - dt.timedelta(days=10)
    with clock.turned_back(begin) as turn_to:
        one, two, _three = deal(anna, "One", 100), deal(anna, "Two", 100), deal(anna, "Three", 100)
        turn_to(begin + dt.timedelta(days=2))
        run(anna, "sales.deal.move", one.pk, stage=str(stages[1].pk))
        turn_to(begin + dt.timedelta(days=6))
        run(anna, "sales.deal.move", two.pk, stage=str(stages[2].pk))  # passes the second stage
        close(anna, one)
    digest()
    found = told(table(anna, "funnel"))
    names = [s.name for s in stages]
    assert [found[n][0] for n in names[:5]] == [3, 2, 2, 1, 1]
    assert found[names[0]][3] == Decimal("4.0")  # two days and six days
    assert found[names[1]][3] == Decimal("4.0")  # one only: the other passed
    assert [found[n][4] for n in names[:5]] == [1, 0, 1, 0, 1]
    assert found[names[0]][1] == Decimal("66.7")


def test_a_stay_that_is_gone_back_to_goes_on(anna: Actor, stages: list[Stage]) -> None:
    begin = clock.now() - dt.timedelta(days=10)
    with clock.turned_back(begin) as turn_to:
        one = deal(anna, "One")
        for days, stage in ((1, 1), (3, 0), (4, 1)):
            turn_to(begin + dt.timedelta(days=days))
            run(anna, "sales.deal.move", one.pk, stage=str(stages[stage].pk))
    digest()
    stays = {s.stage: (s.seconds // 86_400, s.left_at is None) for s in Stay.objects.filter(deal=one.pk)}
    assert stays == {stages[0].pk: (2, False), stages[1].pk: (2, True)}


def test_nobody_without_a_right_to_deals_sees_the_dashboard(boris: Actor) -> None:
    with pytest.raises(Missing):
        dashboard(ActorScope(boris), "sales")


def test_the_page_is_drawn_with_charts_tables_and_files(client: Any, anna: Actor, stages: list[Stage]) -> None:
    close(anna, deal(anna, "W", 100))
    page = client.get("/insights/sales/").content.decode()
    assert 'class="chart"' in page
    assert "<details" in page
    assert client.get("/insights/sales/?period=1800..x").status_code == 422
    assert client.get("/insights/sales/?owner=x").status_code == 422
    assert client.get("/insights/nothing/").status_code == 404
    file = client.get("/insights/sales/won.csv")
    assert file.status_code == 200
    assert "100.00" in file.content.decode() or "100,00" in file.content.decode()


def test_every_dashboard_opens_and_can_be_narrowed(client: Any, actor: Actor) -> None:
    boards = dashboards(ActorScope(actor))
    assert {"forecast", "sales", "products", "revenue"} <= {board.key for board in boards}
    for board in boards:
        query = "&".join(f"{path}={actor.member}" for path in board.filters)
        for address in (f"/insights/{board.key}/", f"/insights/{board.key}/?period=all&{query}"):
            assert client.get(address).status_code == 200, address
        for figure in board.figures:
            assert client.get(f"/insights/{board.key}/{figure.key}.csv").status_code == 200, (board.key, figure.key)
