"""An interest from its first day to a deal, or to its end with a reason."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import count, select
from klientel.kernel.actions import run
from klientel.kernel.errors import Missing, Refused
from klientel.kernel.history import undo
from klientel.kernel.identity.actor import Actor, Grant
from klientel.kernel.records import type_of
from klientel.kernel.transfer import assistant
from klientel.kernel.web import board
from klientel.lib import clock
from klientel.sales.models import CloseReason, Deal, Lead, Stage
from klientel.sales.queries import leads

OWN = {"field": "owner", "op": "is", "value": {"me": True}}

pytestmark = pytest.mark.django_db


@pytest.fixture
def usual(anna: Actor) -> None:
    """The usual pipeline with its reasons."""
    run(anna, "sales.pipeline.begin")


def lead(actor: Actor, **values: Any) -> Lead:
    made: Lead = run(actor, "sales.lead.create", **{"name": "A new machine", **values}).record
    return again(made)


def again(one: Lead) -> Lead:
    return Lead.objects.get(pk=one.pk)


def person(actor: Actor, **values: Any) -> Any:
    return run(actor, "contacts.person.create", **{"first_name": "Ute", "last_name": "Meyer", **values}).record


def unfit() -> str:
    return str(CloseReason.objects.filter(outcome="unfit").order_by("id")[0].pk)


def test_a_lead_hangs_on_a_person_and_stands_on_the_timelines_of_both(anna: Actor) -> None:
    firm = run(anna, "contacts.organisation.create", name="Elbe GmbH").record
    somebody = person(anna, organisation=firm.pk)
    made = lead(anna, person=somebody.pk)
    assert (made.organisation, made.status, made.status_since) == (firm.pk, "new", made.created_at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT record_id FROM kernel_about WHERE kind = 'sales.lead.create'")
        assert {row[0] for row in cursor.fetchall()} == {made.pk, somebody.pk, firm.pk}


def test_the_inbox_is_that_of_the_owners_team_unless_said_otherwise(anna: Actor) -> None:
    north, south = (run(anna, "kernel.team.create", name=name).record for name in ("North", "South"))
    run(anna, "kernel.member.change", anna.member, team=north.pk)
    assert lead(anna, owner=anna.member).team == north.pk
    assert lead(anna, owner=anna.member, team=south.pk).team == south.pk
    assert lead(anna).team is None


def test_the_first_reaction_is_measured_once(anna: Actor) -> None:
    with clock.turned_back(clock.now() - dt.timedelta(minutes=90)):
        made = lead(anna)
    run(anna, "sales.lead.qualify", made.pk, grade="mql")
    assert again(made).first_response_at is None  # what marketing finds good is no answer yet
    run(anna, "sales.lead.contacted", made.pk)
    first = again(made)
    assert (first.status, first.response_minutes, first.owner) == ("contacted", 90, anna.member)
    run(anna, "sales.lead.qualify", made.pk)
    assert again(made).first_response_at == first.first_response_at


def test_an_end_needs_a_reason_that_fits(anna: Actor, usual: None) -> None:
    made = lead(anna)
    with pytest.raises(Refused) as no:
        run(anna, "sales.lead.change", made.pk, status="disqualified")
    assert (no.value.code, no.value.field) == ("reason_missing", "reason")
    lost = CloseReason.objects.filter(outcome="lost")[0].pk
    with pytest.raises(Refused) as no:
        run(anna, "sales.lead.disqualify", made.pk, reason=lost)
    assert no.value.code == "other_outcome" and again(made).status == "new"
    run(anna, "sales.lead.disqualify", made.pk, reason=unfit())
    ended = again(made)
    assert ended.closed_at is not None and ended.first_response_at is not None
    for verb in ("contacted", "nurture", "take", "qualify"):
        with pytest.raises(Refused) as no:
            run(anna, f"sales.lead.{verb}", made.pk)
        assert no.value.code == "closed"
    run(anna, "sales.lead.reopen", made.pk)
    back = again(made)
    assert (back.status, back.reason, back.closed_at) == ("contacted", None, None)


def test_somebody_elses_lead_is_not_taken_but_handed_over_with_a_reason(anna: Actor, boris: Actor) -> None:
    made = lead(anna, owner=boris.member)
    with pytest.raises(Refused) as no:
        run(anna, "sales.lead.take", made.pk)
    assert no.value.code == "taken"
    with pytest.raises(Refused) as no:
        run(anna, "sales.lead.hand_over", made.pk, owner=anna.member)
    assert no.value.field == "reason"
    done = run(anna, "sales.lead.hand_over", made.pk, owner=anna.member, reason="Knows them")
    assert again(made).owner == anna.member and done.events[0].parameters["reason"] == "Knows them"


def test_it_becomes_a_deal_that_carries_what_the_lead_knew(anna: Actor, usual: None) -> None:
    firm = run(anna, "contacts.organisation.create", name="Elbe GmbH").record
    somebody = person(anna, organisation=firm.pk)
    made = lead(anna, person=somebody.pk, source="Fair", owner=anna.member)
    run(anna, "sales.lead.convert", made.pk, value={"amount": "500"})
    deal = Deal.objects.get(pk=again(made).deal)
    assert (deal.person, deal.organisation, deal.source, deal.owner) == (somebody.pk, firm.pk, "Fair", anna.member)
    assert deal.stage == Stage.objects.order_by("position")[0].pk and again(made).status == "converted"
    with pytest.raises(Refused) as no:
        run(anna, "sales.lead.convert", made.pk)
    assert no.value.code == "converted_already" and Deal.objects.count() == 1


def test_converted_is_no_status_that_somebody_chooses(anna: Actor) -> None:
    made = lead(anna)
    with pytest.raises(Refused) as no:
        run(anna, "sales.lead.change", made.pk, status="converted")
    assert no.value.code == "not_converted"


def test_what_had_ended_elsewhere_comes_in_as_it_is(anna: Actor) -> None:
    old = lead(anna, status="converted")
    assert (old.status, old.deal, old.closed_at) == ("converted", None, old.created_at)
    assert lead(anna, status="disqualified").reason is None


def test_back_to_a_lead_bins_the_deal_unless_it_moved(anna: Actor, usual: None) -> None:
    made = lead(anna)
    run(anna, "sales.lead.convert", made.pk)
    first = again(made).deal
    run(anna, "sales.lead.unconvert", made.pk)
    assert Deal.objects.get(pk=first).archived_at is not None
    assert (again(made).status, again(made).deal, again(made).closed_at) == ("sql", None, None)
    run(anna, "sales.lead.convert", made.pk)
    second = again(made).deal
    assert second != first
    run(anna, "sales.deal.move", second, stage=str(Stage.objects.order_by("position")[1].pk))
    with pytest.raises(Refused) as no:
        run(anna, "sales.lead.unconvert", made.pk)
    assert no.value.code == "deal_moved"
    assert Deal.objects.get(pk=second).archived_at is None and again(made).deal == second


def test_a_quoted_deal_does_not_become_a_lead_again(anna: Actor, usual: None) -> None:
    made = lead(anna)
    run(anna, "sales.lead.convert", made.pk)
    run(anna, "sales.quote.create", name="Offer", deal=again(made).deal)
    with pytest.raises(Refused) as no:
        run(anna, "sales.lead.unconvert", made.pk)
    assert no.value.code == "deal_quoted"


def test_undoing_a_conversion_takes_the_deal_back_too(anna: Actor, usual: None) -> None:
    made = lead(anna)
    done = run(anna, "sales.lead.convert", made.pk)
    undo(anna, done.change_set)
    back = again(made)
    assert (back.status, back.deal, back.closed_at) == ("new", None, None)
    assert Deal.objects.filter(archived_at=None).count() == 0


def test_own_rights_show_ones_own_and_what_waits_in_the_inbox_of_ones_team(anna: Actor, boris: Actor) -> None:
    north, south = (run(anna, "kernel.team.create", name=name).record for name in ("North", "South"))
    mine = {"field": "owner", "op": "is", "value": {"me": True}}
    waiting = {
        "all": [{"field": "owner", "op": "empty"}, {"field": "team", "op": "one_of", "value": [{"my_teams": True}]}]
    }
    own = {"any": [mine, waiting]}
    grants = tuple(Grant("sales.lead", verb, own) for verb in ("view", "change"))
    rep = replace(boris, grants=grants, teams=(north.pk,))
    seen = {
        "his": lead(anna, name="his", owner=boris.member),
        "waits": lead(anna, name="waits", team=north.pk),
    }
    hidden = [
        lead(anna, name="hers", owner=anna.member, team=north.pk),
        lead(anna, name="elsewhere", team=south.pk),
        lead(anna, name="nobody's"),
    ]
    scope, rtype = ActorScope(rep), type_of("sales.lead")
    assert {row.title for row in select(scope, rtype).rows} == set(seen)
    assert count(scope, rtype, None, most=100) == 2
    assert sum(column.count for column in board.draw(scope, rtype).columns) == 2
    for one in hidden:
        with pytest.raises(Missing):
            run(rep, "sales.lead.take", one.pk)
    run(rep, "sales.lead.take", seen["waits"].pk)
    assert again(seen["waits"]).owner == boris.member


def test_on_the_board_an_end_is_entered_by_its_action(anna: Actor, usual: None) -> None:
    lead(anna)
    ended = lead(anna, name="Ended")
    run(anna, "sales.lead.disqualify", ended.pk, reason=unfit())
    found = board.draw(ActorScope(anna), type_of("sales.lead"))
    by_key = {column.key: column for column in found.columns}
    assert [c.key for c in found.columns if c.verb] == ["converted", "disqualified"]
    assert (by_key["new"].count, by_key["disqualified"].count, by_key["disqualified"].aside) == (1, 1, True)
    assert (by_key["new"].verb, by_key["new"].outcome, by_key["disqualified"].verb) == ("", "", "disqualify")


def test_every_open_lead_without_a_next_step_stands_in_the_work_list(anna: Actor, usual: None) -> None:
    tomorrow, yesterday = (clock.now() + dt.timedelta(days=n) for n in (1, -2))
    bare, done, late, past, called, met = (
        lead(anna, name=n) for n in ("bare", "done", "late", "past", "called", "met")
    )
    ended = lead(anna, name="ended")
    run(anna, "sales.lead.disqualify", ended.pk, reason=unfit())
    task = run(anna, "work.task.create", subject="Call", concerns=[done.pk]).record
    run(anna, "work.task.complete", task.pk)
    run(anna, "work.task.create", subject="Overdue", due="2020-01-01", concerns=[late.pk])
    run(anna, "work.call.create", subject="Talked", at=yesterday, concerns=[past.pk])
    run(anna, "work.call.create", subject="Call again", at=tomorrow, concerns=[called.pk])
    run(anna, "work.meeting.create", subject="Visit", begins=tomorrow, concerns=[met.pk])
    scope, rtype = ActorScope(anna), type_of("sales.lead")
    assert {row.title for row in select(scope, rtype, where=leads.STEPLESS).rows} == {bare.name, done.name, past.name}


def test_each_inbox_says_what_waits_in_one_statement(anna: Actor, boris: Actor) -> None:
    north, south = (run(anna, "kernel.team.create", name=name).record for name in ("North", "South"))
    lead(anna, team=north.pk)
    lead(anna, team=north.pk, owner=anna.member)
    answered = lead(anna, team=south.pk, owner=boris.member)
    run(anna, "sales.lead.contacted", answered.pk)
    lead(anna)
    with CaptureQueriesContext(connection) as asked:
        facets, found = leads.waiting(ActorScope(anna))
    assert len(asked) == 1
    assert [f.key for f in facets] == ["open", "nobodys", "mine", "unanswered", "stepless"]
    assert found == {north.pk: [2, 1, 1, 2, 2], south.pk: [1, 0, 0, 0, 1], None: [1, 1, 0, 1, 1]}
    rep = replace(boris, grants=(Grant("sales.lead", "view", OWN, ("first_response_at",)),))
    facets, found = leads.waiting(ActorScope(rep))
    assert "unanswered" not in [f.key for f in facets] and list(found) == [south.pk]
    assert leads.waiting(ActorScope(replace(boris, grants=(Grant("sales.lead", "view", {}, ("team",)),)))) == ([], {})


def test_the_page_of_inboxes_leads_to_the_lists(desk: Any) -> None:
    browser, anna = desk
    team = run(anna, "kernel.team.create", name="North").record
    lead(anna, name="Waits here", team=team.pk)
    page = browser.get("/leads/inboxes")
    assert page.status_code == 200 and "North" in page.content.decode()
    listed = browser.get("/leads/without-next-step", follow=True).content.decode()
    assert "Waits here" in listed


def test_products_of_interest_become_lines_of_the_deal(anna: Actor, usual: None) -> None:
    press = run(anna, "sales.product.create", name="Press", price={"amount": "1200"}).record
    bare = run(anna, "sales.product.create", name="Advice").record
    made = lead(anna, products=[press.pk, bare.pk])
    run(anna, "sales.lead.convert", made.pk)
    deal = Deal.objects.get(pk=again(made).deal)
    assert [(one["name"], one.get("price")) for one in deal.positions] == [("Press", "1200"), ("Advice", None)]
    assert deal.value == {"amount": "1200.00", "currency": "EUR"}


def test_the_list_flags_what_has_no_next_step(anna: Actor) -> None:
    bare, planned = lead(anna, name="bare"), lead(anna, name="planned")
    run(anna, "work.task.create", subject="Call", due="2031-01-02", concerns=[planned.pk])
    rows = select(ActorScope(anna), type_of("sales.lead"), columns=("idle", "next_day"), sort="title").rows
    assert [(r.title, r.values["idle"], r.values["next_day"]) for r in rows] == [
        (bare.name, True, None), (planned.name, False, dt.date(2031, 1, 2)),
    ]  # fmt: skip


def test_a_file_of_persons_brings_their_leads_along_once(anna: Actor, settings: Any, tmp_path: Any) -> None:
    settings.KLIENTEL_FILES = tmp_path
    person(anna, first_name="Ute", last_name="Meyerhofer", emails=[{"value": "ute@elbe.example"}])
    text = "Vorname;Nachname;E-Mail;Interesse\nUte;Meyerhofer;ute@elbe.example;Presse\nJan;Neu;jan@neu.example;Kran\n"
    for _ in range(2):
        file, again_too = io.BytesIO(text.encode()), {"on_duplicate": "update"}
        assistant.commit(assistant.start(anna, "contacts.person", file, name="a.csv", options=again_too))
    persons = type_of("contacts.person").model.objects
    assert persons.count() == 2
    assert sorted(Lead.objects.values_list("name", "person")) == [
        ("Kran", persons.get(last_name="Neu").pk), ("Presse", persons.get(last_name="Meyerhofer").pk),
    ]  # fmt: skip


def test_a_file_of_leads_finds_the_persons_and_makes_the_organisations_it_names(
    anna: Actor, settings: Any, tmp_path: Any
) -> None:
    settings.KLIENTEL_FILES = tmp_path
    known = person(anna, first_name="Ute", last_name="Meyerhofer", emails=[{"value": "ute@elbe.example"}])
    text = "Interesse;Person;Firma;Quelle\nPresse;Ute Meyerhofer;Elbe GmbH;Messe\nKran;Jan Neumann;;Web\n"
    assistant.commit(assistant.start(anna, "sales.lead", io.BytesIO(text.encode()), name="a.csv"))
    first, _second = Lead.objects.order_by("-name")
    assert (first.person, first.source) == (known.pk, "Messe") and first.organisation is not None
