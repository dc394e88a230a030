"""What a deal asks for and tells: checklists, what comes next, how long it stands still, its products and their sum."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import orjson
import pytest
from django.test import Client
from django.utils.translation import override

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import get, select
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.history import undo
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import today
from klientel.kernel.records import type_of
from klientel.kernel.testing.making import make_member
from klientel.lib import clock
from klientel.sales.models import CloseReason, Deal, Quote, Stage
from klientel.sales.queries import buying

pytestmark = pytest.mark.django_db
EUR = {"currency": "EUR"}


@pytest.fixture
def stages(anna: Actor) -> list[Stage]:
    run(anna, "sales.pipeline.begin")
    return list(Stage.objects.order_by("position"))


def deal(anna: Actor, **values: Any) -> Deal:
    made = run(anna, "sales.deal.create", **{"name": "Machine", **values}).record
    return Deal.objects.get(pk=made.pk)


def again(one: Deal) -> Deal:
    return Deal.objects.get(pk=one.pk)


def listed(anna: Actor, stage: Stage, text: str) -> None:
    run(anna, "sales.stage.change", stage.pk, checklist=text)


def found(actor: Actor, field: str) -> list[str]:
    where = {"field": field, "op": "yes"}
    return [r.title for r in select(ActorScope(actor), type_of("sales.deal"), where=where).rows]


def line(**parts: Any) -> dict[str, Any]:
    return {"name": "Pump", "quantity": "2", "price": "99.995", "tax": "standard", **parts}


def test_a_checklist_is_written_as_lines_and_read_back_the_same(anna: Actor, stages: list[Stage]) -> None:
    listed(anna, stages[0], "* Budget is known\n\nneeds = Needs written down, in their words")
    kept = Stage.objects.get(pk=stages[0].pk).checklist
    assert kept == [
        {"key": "budget_is_known", "text": "Budget is known", "required": True},
        {"key": "needs", "text": "Needs written down, in their words", "required": False},
    ]
    kind = type_of("sales.stage").fields["checklist"]
    assert kind.accept(kind.write(kept)) == kept
    for wrong in ("Same\nSame", [{"text": ""}], [{"text": "A", "more": 1}], ["A"]):
        with pytest.raises(Refused):
            kind.accept(wrong)


def test_nobody_goes_on_or_skips_a_stage_while_something_required_is_not_ticked(
    anna: Actor, stages: list[Stage]
) -> None:
    listed(anna, stages[0], "* Budget is known\nTalked about prices")
    listed(anna, stages[1], "* Decision maker is known")
    one = deal(anna, value={"amount": "5", **EUR})
    with pytest.raises(Refused) as no:
        run(anna, "sales.deal.move", one.pk, stage=str(stages[2].pk))
    assert no.value.code == "checklist" and again(one).stage == stages[0].pk
    said = str(no.value.message)
    assert "Budget is known" in said and "Decision maker is known" in said and "Talked" not in said
    with override("de"):
        assert "„Budget is known“" in str(no.value.message)
    won = str(CloseReason.objects.filter(outcome="won")[0].pk)
    with pytest.raises(Refused):
        run(anna, "sales.deal.win", one.pk, reason=won)
    run(anna, "sales.deal.tick", one.pk, item="budget_is_known")
    run(anna, "sales.deal.move", one.pk, stage=str(stages[1].pk))
    run(anna, "sales.deal.move", one.pk, stage=str(stages[0].pk))  # back one may always
    run(anna, "sales.deal.lose", one.pk, reason=str(CloseReason.objects.filter(outcome="lost")[0].pk))
    assert again(one).state == "lost"


def test_a_tick_says_who_and_when_once_and_can_be_taken_back(anna: Actor, stages: list[Stage]) -> None:
    listed(anna, stages[1], "* Decision maker is known")
    one = deal(anna)
    done = run(anna, "sales.deal.tick", one.pk, item="decision_maker_is_known", stage=str(stages[1].pk))
    [tick] = again(one).ticks
    assert (tick["by"], tick["name"], tick["stage"]) == (str(anna.member), anna.name, str(stages[1].pk))
    assert dt.datetime.fromisoformat(tick["at"]) <= clock.now()
    assert run(anna, "sales.deal.tick", one.pk, item="decision_maker_is_known", stage=str(stages[1].pk)).events == []
    undo(anna, done.change_set)
    assert again(one).ticks == []
    with pytest.raises(Refused) as no:
        run(anna, "sales.deal.tick", one.pk, item="something_else")
    assert no.value.code == "no_such_item" and again(one).ticks == []


def test_a_deal_without_an_open_entry_is_found_and_one_with_it_tells_its_day(
    anna: Actor, boris: Actor, stages: list[Stage]
) -> None:
    with_task, with_meeting, done, bare = (deal(anna, name=n) for n in ("Task", "Meeting", "Done", "Bare"))
    tomorrow = today() + dt.timedelta(days=1)
    run(anna, "work.task.create", subject="Call", due=tomorrow.isoformat(), concerns=[str(with_task.pk)])
    run(anna, "work.task.create", subject="Some day", concerns=[str(with_task.pk)])
    at = (clock.now() + dt.timedelta(days=3)).isoformat()
    run(anna, "work.meeting.create", subject="Demo", begins=at, concerns=[str(with_meeting.pk)])
    old = run(anna, "work.task.create", subject="Old", due=tomorrow.isoformat(), concerns=[str(done.pk)]).record
    run(anna, "work.task.complete", old.pk)
    lost = deal(anna, name="Lost")
    run(anna, "sales.deal.lose", lost.pk, reason=str(CloseReason.objects.filter(outcome="lost")[0].pk))
    assert sorted(found(anna, "idle")) == ["Bare", "Done"]
    rtype, scope = type_of("sales.deal"), ActorScope(anna)
    rows = select(scope, rtype, columns=("next_day",), sort="next_day").rows
    days = {r.title: r.values["next_day"] for r in rows}
    assert days["Task"] == tomorrow and days["Meeting"] == today() + dt.timedelta(days=3) and days["Bare"] is None
    assert rtype.value(get(scope, rtype, bare.pk), "state") == "open"


def test_a_deal_too_long_in_its_stage_is_found_at_once_when_the_stage_says_so(anna: Actor, stages: list[Stage]) -> None:
    with clock.turned_back(clock.now() - dt.timedelta(days=30)):
        deal(anna, name="Old")
    deal(anna, name="New")
    assert found(anna, "rotting") == ["Old"]
    run(anna, "sales.stage.change", stages[0].pk, rots_after=60)
    assert found(anna, "rotting") == []
    run(anna, "sales.stage.change", stages[0].pk, rots_after=None)
    assert found(anna, "rotting") == []


def test_the_value_of_a_deal_is_the_sum_of_its_products_to_the_cent(anna: Actor, stages: list[Stage]) -> None:
    one = deal(anna, positions=[line(), line(quantity="0.333", price="10", discount="12.5"), line(role="optional")])
    assert (one.value, one.value_by_hand) == ({"amount": "202.90", "currency": "EUR"}, False)
    run(anna, "sales.deal.change", one.pk, positions=[line(quantity="1")])
    assert again(one).value == {"amount": "100.00", "currency": "EUR"}


def test_a_value_set_by_hand_stays_visibly_until_it_follows_the_products_again(
    anna: Actor, stages: list[Stage]
) -> None:
    one = deal(anna, positions=[line(quantity="1")])
    run(anna, "sales.deal.change", one.pk, value={"amount": "80", **EUR})
    assert (again(one).value["amount"], again(one).value_by_hand) == ("80.00", True)
    run(anna, "sales.deal.change", one.pk, positions=[line(quantity="3")])
    assert again(one).value["amount"] == "80.00"
    run(anna, "sales.deal.change", one.pk, value_by_hand=False)
    assert (again(one).value["amount"], again(one).value_by_hand) == ("299.99", False)
    run(anna, "sales.deal.change", one.pk, positions=[])
    assert (again(one).value["amount"], again(one).value_by_hand) == ("299.99", False)


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"quantity": "-1"}, "positions.1.quantity"),
        ({"discount": "101"}, "positions.1.discount"),
        ({"currency": "CHF"}, "positions.1.price"),
    ],
)
def test_what_cannot_be_added_up_is_refused_at_its_line(
    anna: Actor, stages: list[Stage], parts: dict[str, str], field: str
) -> None:
    one = deal(anna, positions=[line(quantity="1")])
    with pytest.raises(Refused) as no:
        run(anna, "sales.deal.change", one.pk, positions=[line(), line(**parts)])
    assert field in {r.field for r in no.value.all()}
    assert again(one).positions == one.positions and again(one).value == one.value


def test_the_currency_of_a_deal_with_products_stays(anna: Actor, stages: list[Stage]) -> None:
    one = deal(anna, positions=[line(quantity="1")])
    with pytest.raises(Refused) as no:
        run(anna, "sales.deal.change", one.pk, value={"amount": "80", "currency": "CHF"})
    assert (no.value.code, no.value.field, again(one).value) == ("currency_fixed", "value", one.value)


def test_a_quote_is_made_of_the_products_and_leads_back(anna: Actor, stages: list[Stage]) -> None:
    one = deal(anna, positions=[line(), line(quantity="1", discount="10")])
    run(anna, "sales.deal.quote", one.pk)
    made = Quote.objects.get(deal=one.pk)
    assert (made.state, made.net["amount"]) == ("draft", one.value["amount"])
    assert [p["quantity"] for p in made.positions] == ["2", "1"]
    bare = deal(anna)
    with pytest.raises(Refused):
        run(anna, "sales.deal.quote", bare.pk)
    assert Quote.objects.count() == 1


def test_a_product_in_the_trash_stays_readable_where_it_was_sold(anna: Actor, stages: list[Stage]) -> None:
    pump = run(anna, "sales.product.create", name="Pump", price={"amount": "9", **EUR}).record
    one = deal(anna, positions=[line(product=str(pump.pk), name="Pump Mark I")])
    run(anna, "sales.product.archive", pump.pk)
    run(anna, "sales.deal.change", one.pk, description="More")
    assert again(one).told["lines"][0]["name"] == "Pump Mark I"


def test_a_stage_or_pipeline_that_holds_deals_asks_where_they_go(anna: Actor, stages: list[Stage]) -> None:
    one = deal(anna, stage=str(stages[1].pk))
    for key, where in (("sales.stage", stages[1].pk), ("sales.pipeline", stages[1].pipeline)):
        with pytest.raises(Refused) as no:
            run(anna, f"{key}.archive", where)
        assert no.value.code == "holds_deals"
    for wrong in (stages[1].pk, stages[4].pk):
        with pytest.raises(Refused) as no:
            run(anna, "sales.stage.dissolve", stages[1].pk, into=str(wrong))
        assert (no.value.field, again(one).stage) == ("into", stages[1].pk)
    done = run(anna, "sales.stage.dissolve", stages[1].pk, into=str(stages[0].pk))
    assert again(one).stage == stages[0].pk
    assert Stage.objects.get(pk=stages[1].pk).archived_at is not None
    undo(anna, done.change_set)
    assert again(one).stage == stages[1].pk
    assert Stage.objects.get(pk=stages[1].pk).archived_at is None


def test_who_won_instead_is_kept_until_the_deal_is_open_again(anna: Actor, stages: list[Stage]) -> None:
    rival = run(anna, "contacts.organisation.create", name="Rival AG").record
    one = deal(anna)
    reason = str(CloseReason.objects.filter(outcome="lost")[0].pk)
    run(anna, "sales.deal.lose", one.pk, reason=reason, competitor=str(rival.pk))
    assert (again(one).lost_to, again(one).competitors) == (rival.pk, [rival.pk])
    run(anna, "sales.deal.reopen", one.pk)
    assert (again(one).lost_to, again(one).competitors) == (None, [rival.pk])


def test_a_bundle_is_no_part_of_itself_and_has_more_than_nothing_of_each(anna: Actor) -> None:
    kit, pump = (run(anna, "sales.product.create", name=n).record for n in ("Kit", "Pump"))
    for wrong in ({"product": str(kit.pk)}, {"product": str(pump.pk), "quantity": "0"}):
        with pytest.raises(Refused):
            run(anna, "sales.part.create", bundle=str(kit.pk), **wrong)


def test_whoever_sees_entries_on_what_they_see_gets_the_next_step_of_a_colleagues_task_and_nobody_else(
    anna: Actor,
) -> None:
    own = {"field": "owner", "op": "is", "value": {"me": True}}
    deals = {"record": "sales.deal", "verb": "view", "where": own}
    follows = {"record": "work.task", "verb": "view", "where": {"any": [own, {"seen": "concerns"}]}}
    dora = make_member("Dora", [deals, follows])
    otto = make_member("Otto", [deals, follows | {"where": own}])
    for who, day in ((dora, "2199-01-05"), (otto, None)):
        one = run(anna, "sales.deal.create", name="Press", owner=who.member).record
        run(anna, "work.task.create", subject="Call", due="2199-01-05", concerns=[one.pk], owner=anna.member)
        [row] = select(ActorScope(who), type_of("sales.deal"), columns=["next_day", "idle"]).rows
        assert (row.id, row.values["next_day"] and str(row.values["next_day"]), row.values["idle"]) == (
            one.pk, day, day is None,
        )  # fmt: skip


def test_the_buying_centre_names_the_roles_that_nobody_fills(anna: Actor) -> None:
    one = deal(anna)
    person = run(anna, "contacts.person.create", last_name="Lotse").record

    def gaps() -> list[str]:
        found = buying.centre(ActorScope(anna), one)
        assert found is not None
        return [str(gap) for gap in found.gaps]

    assert gaps() == ["Entscheider", "Fürsprecher", "Anwender"]
    run(anna, "sales.stakeholder.create", deal=one.pk, person=person.pk, role="champion")
    assert gaps() == ["Entscheider", "Anwender"]


def test_list_board_calendar_and_forecast_show_the_same_set(client: Client, actor: Actor, tenant: Any) -> None:
    run(actor, "sales.pipeline.begin")
    day = today().isoformat()
    for name, value in (("Grosse Presse", "5000"), ("Kleine Presse", "10")):
        run(actor, "sales.deal.create", name=name, value=value, expected_close=day, owner=actor.member)
    where = {"field": "value", "op": "over", "value": "100"}
    asked = {"where": orjson.dumps(where).decode()}
    for way in ("", "board", "calendar"):
        page = client.get(f"/deals/{way}", asked).content.decode()
        assert "Grosse Presse" in page and "Kleine Presse" not in page, way
    page = client.get("/deals/board", asked).content.decode()
    [link] = re.findall(r'href="(/insights/forecast[^"]+)"', page)
    shown = client.get(html.unescape(link)).content.decode().replace("\xa0", " ")
    assert "Only where value over €100.00." in shown and "5,000" in shown and "5,010" not in shown
    assert "5,010" in client.get("/insights/forecast/").content.decode()
    assert client.get("/insights/forecast/", {"where": '{"field":"nothing","op":"is"}'}).status_code == 422
