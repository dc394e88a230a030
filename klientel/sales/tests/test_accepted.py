"""A deal follows its accepted quote where its pipeline says so; where it cannot, its owner hears why."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.events import timeline
from klientel.kernel.events.consumers import get
from klientel.kernel.events.digesting import digest
from klientel.kernel.events.event import read
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.history import undo
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import current
from klientel.kernel.web.timeline import told
from klientel.sales.models import CloseReason, Deal, Pipeline, Quote, Stage
from klientel.sales.tests.test_quote import LINES

pytestmark = pytest.mark.django_db


@pytest.fixture
def stages(anna: Actor) -> list[Stage]:
    run(anna, "sales.pipeline.begin")
    return list(Stage.objects.order_by("position"))


def leads_to(anna: Actor, stage: Stage, **values: Any) -> None:
    reason = CloseReason.objects.filter(outcome="won").order_by("id").first()
    assert reason is not None
    values = {"accepted_to": stage.pk, "accepted_reason": reason.pk, **values}
    run(anna, "sales.pipeline.change", stage.pipeline, **values)


def accepted(anna: Actor, **values: Any) -> tuple[Deal, Quote]:
    """A deal with a quote that was accepted, after Klientel did what it does by itself."""
    deal = run(anna, "sales.deal.create", name="Machine", owner=anna.member, **values).record
    quote = run(anna, "sales.quote.create", name="Offer", positions=LINES, deal=deal.pk, owner=anna.member).record
    run(anna, "sales.quote.send", quote.pk)
    run(anna, "sales.quote.accept", quote.pk)
    consumed()
    return Deal.objects.get(pk=deal.pk), Quote.objects.get(pk=quote.pk)


def consumed() -> None:
    with working_in(current()):
        digest(get("sales.accepted_quotes"), read(Sql("e.record_type = 'sales.quote'")))


def tasks() -> list[tuple[str, str]]:
    rows = type_of("work.task").model.objects.exclude(state="done").order_by("id")
    return list(rows.values_list("subject", "description"))


def test_a_deal_is_won_and_its_timeline_says_why(anna: Actor, stages: list[Stage]) -> None:
    won = next(one for one in stages if one.outcome == "won")
    leads_to(anna, won)
    deal, quote = accepted(anna)
    assert (deal.stage, deal.state) == (won.pk, "won")
    assert deal.reason_note == f"Angebot {quote.number} wurde angenommen" and deal.closed_at
    event = next(e for e in timeline(deal.pk) if e.kind == "sales.deal.follow_quote")
    assert event.actor.startswith("system:") and event.record_id == deal.pk
    assert told(ActorScope(anna), deal.pk, [event])[0].facts == [quote.number]
    assert not tasks()
    undo(anna, event.change_set)
    back = Deal.objects.get(pk=deal.pk)
    assert (back.stage, back.state, back.closed_at) == (stages[0].pk, "open", None)
    assert Quote.objects.get(pk=quote.pk).state == "accepted"


def test_it_goes_to_a_named_stage_and_never_back(anna: Actor, stages: list[Stage]) -> None:
    leads_to(anna, stages[2], accepted_reason=None)
    deal, _quote = accepted(anna, value="100")
    assert (deal.stage, deal.state) == (stages[2].pk, "open")
    further, _quote = accepted(anna, value="100", expected_close="2027-01-01", stage=stages[3].pk)
    assert further.stage == stages[3].pk and not tasks()


def test_without_the_setting_it_stays_and_the_page_of_the_quote_offers_the_next_step(
    client: Client, actor: Actor, tenant: Any
) -> None:
    run(actor, "sales.pipeline.begin")
    deal, quote = accepted(actor)
    assert deal.state == "open" and not tasks()
    page = client.get(f"/quotes/{quote.pk}/").content.decode()
    assert "still open" in page and f"/deals/{deal.pk}/do/win" in page


def test_where_it_cannot_go_its_owner_gets_a_task_that_says_why(anna: Actor, stages: list[Stage]) -> None:
    leads_to(anna, stages[3])
    deal, quote = accepted(anna)
    assert deal.stage == stages[0].pk
    [(subject, why)] = tasks()
    assert subject == f"Angebot {quote.number} wurde angenommen: Verkaufschance weiterbewegen" and "Wert: " in why
    run(anna, "sales.stage.archive", stages[3].pk)
    _deal, other = accepted(anna)
    assert tasks()[-1][0].startswith(f"Angebot {other.number}") and "nicht mehr" in tasks()[-1][1]


def test_an_acceptance_that_was_taken_back_moves_nothing(anna: Actor, stages: list[Stage]) -> None:
    leads_to(anna, next(one for one in stages if one.outcome == "won"))
    deal = run(anna, "sales.deal.create", name="Machine").record
    quote = run(anna, "sales.quote.create", name="Offer", positions=LINES, deal=deal.pk).record
    run(anna, "sales.quote.send", quote.pk)
    undo(anna, run(anna, "sales.quote.accept", quote.pk).change_set)
    consumed()
    assert Deal.objects.get(pk=deal.pk).state == "open" and not [one for one in tasks() if "angenommen" in one[0]]


def test_nobody_does_it_by_hand(anna: Actor, stages: list[Stage]) -> None:
    deal, quote = accepted(anna)
    with pytest.raises(Forbidden, match="not_by_hand"):
        run(anna, "sales.deal.follow_quote", deal.pk, quote=quote.pk)


def test_the_setting_names_a_stage_of_the_pipeline_and_a_reason_where_deals_are_won(
    anna: Actor, stages: list[Stage]
) -> None:
    pipeline = Pipeline.objects.get()
    other = run(anna, "sales.pipeline.create", name="Other").record
    elsewhere = run(anna, "sales.stage.create", name="There", pipeline=other.pk).record
    won, lost = (next(one for one in stages if one.outcome == outcome) for outcome in ("won", "lost"))
    for stage, field in ((elsewhere, "accepted_to"), (lost, "accepted_to"), (won, "accepted_reason")):
        with pytest.raises(Refused) as no:
            run(anna, "sales.pipeline.change", pipeline.pk, accepted_to=stage.pk)
        assert no.value.field == field
    assert Pipeline.objects.get(pk=pipeline.pk).accepted_to is None
