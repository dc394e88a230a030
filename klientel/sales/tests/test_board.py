"""The board of deals: what stands where, what it adds up to, and for whom."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.errors import Missing
from klientel.kernel.identity.actor import Actor, Grant
from klientel.kernel.records import type_of
from klientel.kernel.web import board
from klientel.lib import clock
from klientel.sales.models import CloseReason, Stage

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def stages(anna: Actor) -> list[Stage]:
    run(anna, "sales.pipeline.begin")
    return list(Stage.objects.order_by("position"))


def deal(actor: Actor, name: str, **values: Any) -> Any:
    return run(actor, "sales.deal.create", **{"name": name, **values}).record


def eur(amount: int, currency: str = "EUR") -> dict[str, str]:
    return {"amount": str(amount), "currency": currency}


def drawn(actor: Actor, where: Any = None, whole: str = "") -> board.Drawn:
    return board.draw(ActorScope(actor), type_of("sales.deal"), where, whole)


def titles(found: board.Drawn) -> dict[str, list[str]]:
    return {c.title: [r.title for r in c.page.rows] for c in found.columns if c.page.rows}


def only(actor: Actor, *grants: Grant) -> Actor:
    open_types = [Grant(f"sales.{name}", "view") for name in ("pipeline", "stage", "closereason")]
    return replace(actor, grants=(*grants, *open_types))


def test_columns_count_and_add_up_per_currency_with_the_weighted_amount(anna: Actor, stages: list[Stage]) -> None:
    deal(anna, "A", value=eur(1000))
    deal(anna, "B", value=eur(500), probability=50)
    deal(anna, "C", value=eur(70, "CHF"))
    deal(anna, "D")
    first = drawn(anna).columns[0]
    assert first.count == 4
    assert first.sums == [("CHF", Decimal(70), Decimal(7)), ("EUR", Decimal(1500), Decimal(350))]
    assert drawn(anna).sums == first.sums


def test_cards_stand_by_their_expected_close_and_what_ended_newest_first(anna: Actor, stages: list[Stage]) -> None:
    for name, day in (("Later", "2027-03-01"), ("Sooner", "2026-12-01"), ("Some day", None)):
        deal(anna, name, expected_close=day)
    assert titles(drawn(anna)) == {stages[0].name: ["Sooner", "Later", "Some day"]}


def test_what_ended_long_ago_and_other_pipelines_do_not_stand_on_the_board(anna: Actor, stages: list[Stage]) -> None:
    reason = str(CloseReason.objects.filter(outcome="won")[0].pk)
    with clock.turned_back(clock.now() - dt.timedelta(days=40)):
        old = deal(anna, "Old", value=eur(5))
        run(anna, "sales.deal.win", old.pk, reason=reason)
    new = deal(anna, "New", value=eur(7))
    run(anna, "sales.deal.win", new.pk, reason=reason)
    other = run(anna, "sales.pipeline.begin").record
    deal(anna, "Elsewhere", pipeline=str(other.pk))
    found = drawn(anna)
    assert titles(found) == {stages[4].name: ["New"]}
    assert found.columns[4].sums == [("EUR", Decimal(7), Decimal(7))]
    assert found.sums == []
    assert [c.title for c in found.columns if c.aside] == [stages[5].name]
    assert list(titles(drawn(anna, whole=str(other.pk))).values()) == [["Elsewhere"]]


def test_deals_whose_stage_is_gone_have_a_column_of_their_own(anna: Actor, stages: list[Stage]) -> None:
    left = deal(anna, "Left behind", stage=str(stages[1].pk))
    run(anna, "sales.deal.archive", left.pk)
    run(anna, "sales.stage.archive", stages[1].pk)
    run(anna, "sales.deal.restore", left.pk)
    found = drawn(anna)
    assert found.columns[0].key == "" and found.columns[0].count == 1
    assert [r.title for r in found.columns[0].page.rows] == ["Left behind"]


def test_a_rep_sees_and_adds_up_only_their_own(anna: Actor, boris: Actor, stages: list[Stage]) -> None:
    deal(anna, "Hers", value=eur(1000), owner=str(anna.member))
    deal(anna, "His", value=eur(10), owner=str(boris.member))
    own = {"field": "owner", "op": "is", "value": {"me": True}}
    found = drawn(only(boris, Grant("sales.deal", "view", own)))
    assert titles(found) == {stages[0].name: ["His"]}
    assert (found.columns[0].count, found.columns[0].sums) == (1, [("EUR", Decimal(10), Decimal(1))])


def test_hidden_amounts_are_not_added_up_and_a_hidden_stage_is_no_board(
    anna: Actor, boris: Actor, stages: list[Stage]
) -> None:
    deal(anna, "A", value=eur(1000))
    found = drawn(only(boris, Grant("sales.deal", "view", {}, ("value",))))
    assert (found.columns[0].count, found.columns[0].sums, found.sums) == (1, [], [])
    assert "value" not in found.columns[0].page.rows[0].values
    with pytest.raises(Missing):
        drawn(only(boris, Grant("sales.deal", "view", {}, ("stage",))))


def test_a_board_costs_the_same_for_few_and_for_many(anna: Actor, stages: list[Stage]) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            drawn(anna)
        return len(asked)

    for n in range(3):
        deal(anna, f"Deal {n}", stage=str(stages[n].pk), value=eur(1), owner=str(anna.member))
    few = cost()
    for n in range(30):
        deal(anna, f"More {n}", stage=str(stages[n % 3].pk), value=eur(1), owner=str(anna.member))
    assert cost() == few


def test_further_cards_follow_after_the_first_ones(anna: Actor, stages: list[Stage]) -> None:
    for n in range(board.CARDS + 3):
        deal(anna, f"Deal {n:02}", expected_close=f"2027-01-{n + 1:02}")
    scope, rtype = ActorScope(anna), type_of("sales.deal")
    found = board.draw(scope, rtype)
    first = found.columns[0]
    more = board.cards(scope, found, first, None, first.page.after)
    assert [r.title for r in more.rows] == ["Deal 25", "Deal 26", "Deal 27"]
    assert more.after is None


def test_what_comes_next_is_the_soonest_that_is_open_and_may_be_seen(
    anna: Actor, boris: Actor, stages: list[Stage]
) -> None:
    one = deal(anna, "A")
    for subject, due in (("Later", "2027-02-01"), ("Sooner", "2027-01-01")):
        run(anna, "work.task.create", subject=subject, due=due, concerns=[str(one.pk)])
    assert drawn(anna).steps[one.pk].row.title == "Sooner"
    assert drawn(only(boris, Grant("sales.deal", "view"))).steps == {}


def test_changed_cards_are_told_at_once_and_numbers_only_when_asked(
    client: Client, anna: Actor, stages: list[Stage]
) -> None:
    one = deal(anna, "A", value=eur(70))
    at = f"/deals/board/changed?ids={one.pk}"
    told = client.get(at).json()
    assert told["cards"][str(one.pk)]["column"] == str(stages[0].pk) and "columns" not in told
    told = client.get(f"{at}&numbers=1").json()
    assert told["columns"][str(stages[0].pk)]["n"] == 1 and "70" in told["sum"]
    gone = client.get(f"/deals/board/changed?ids={stages[0].pk}").json()
    assert gone == {"cards": {str(stages[0].pk): None}}


def test_the_board_shows_saved_views_and_keeps_them_and_the_filter_on_the_way_to_the_list_and_back(
    client: Client, anna: Actor, stages: list[Stage]
) -> None:
    deal(anna, "Large", value=eur(70_000))
    deal(anna, "Small", value=eur(7))
    large = {"field": "value", "op": "over", "value": {"amount": "1000", "currency": "EUR"}}
    view = {"name": "Whales", "record_type": "sales.deal", "condition": large, "shared": "all"}
    made = run(anna, "kernel.view.create", **view).record
    page = client.get(f"/deals/board?view={made.pk}").content.decode()
    assert ">Whales</a>" in page and ">Large</a>" in page and ">Small</a>" not in page
    assert f'href="/deals/?view={made.pk}"' in page
    assert f'href="/deals/board?view={made.pk}"' in client.get(f"/deals/?view={made.pk}").content.decode()
    saved = client.post(f"/deals/conditions?view={made.pk}&as=board", {"where-sent": "1"})
    assert saved.status_code in (302, 422) and "/deals/board" in saved.headers.get("Location", "/deals/board")


def test_who_moves_a_card_that_somebody_moved_meanwhile_is_told_and_the_first_move_stays(
    client: Client, anna: Actor, stages: list[Stage]
) -> None:
    one = deal(anna, "A", value=eur(7))
    run(anna, "sales.deal.move", one.pk, stage=str(stages[1].pk))
    late = client.post(f"/deals/{one.pk}/do/move", {"stage": str(stages[2].pk), "version": "1"}, HTTP_ACCEPT=JSON)
    assert late.status_code == 409
    assert titles(drawn(anna)) == {stages[1].name: ["A"]}


def test_the_list_begins_with_the_open_ones_and_board_and_calendar_with_all_of_them(
    client: Client, anna: Actor, stages: list[Stage]
) -> None:
    deal(anna, "Going", expected_close="2027-02-01")
    over = deal(anna, "Over", expected_close="2027-02-02")
    run(anna, "sales.deal.win", over.pk, reason=str(CloseReason.objects.filter(outcome="won")[0].pk))
    page = client.get("/deals/").content.decode()
    assert ">Going</a>" in page and ">Over</a>" not in page
    everything = {"where": '{"all":[]}'}
    page = client.get("/deals/", everything).content.decode()
    assert ">Going</a>" in page and ">Over</a>" in page
    open_ones = {"where": '{"field":"state","op":"is","value":"open"}'}
    for at, way in (("/deals/board", {}), ("/deals/calendar", {"span": "month", "at": "2027-02-01"})):
        for query, shown in (({}, True), (everything, True), (open_ones, False)):
            page = client.get(at, way | query).content.decode()
            assert "Going" in page and ("Over" in page) == shown, (at, query)
