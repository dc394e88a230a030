"""Scores: points by rules, fading, explained line by line; as cheap for many leads as for few."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.events import timeline
from klientel.kernel.events.consumers import get
from klientel.kernel.events.digesting import digest
from klientel.kernel.events.event import read
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.history import undo
from klientel.kernel.identity.actor import Actor, Grant
from klientel.kernel.sql import Sql
from klientel.kernel.web.timeline import told
from klientel.lib import clock
from klientel.sales.jobs import lead as jobs
from klientel.sales.models import Lead
from klientel.sales.queries import scores
from klientel.sales.tests.test_board import only

pytestmark = pytest.mark.django_db
BUILDS = {"field": "organisation.industry", "op": "is", "value": "manufacturing"}


def lead(actor: Actor, **values: Any) -> Any:
    return run(actor, "sales.lead.create", **{"name": "A press", **values}).record


def rule(actor: Actor, points: int, **values: Any) -> Any:
    return run(actor, "sales.scorerule.create", **{"name": f"Rule {points}", "points": points, **values}).record


def firm(actor: Actor, industry: str = "manufacturing") -> Any:
    return run(actor, "contacts.organisation.create", name=f"Firm {industry}", industry=industry).record.pk


def scored(actor: Actor, one: Any) -> tuple[int | None, list[dict[str, Any]]]:
    """The score after all that happened so far, as the consumer and its handler keep it."""
    with working_in(actor.tenant):
        digest(get("lead_scores"), read(Sql("TRUE")))
        jobs.work_out()
    found = Lead.objects.get(pk=one.pk)
    return found.score, found.score_lines


def test_points_of_all_rules_that_hold_are_added_and_kept_line_by_line(anna: Actor) -> None:
    good, bad = (
        rule(anna, 10, condition=BUILDS),
        rule(anna, -5, condition={"field": "source", "op": "is", "value": "x"}),
    )
    rule(anna, 7, condition={"field": "source", "op": "is", "value": "y"})
    made = lead(anna, organisation=firm(anna), source="x")
    score, some = scored(anna, made)
    assert score == 5 and some == [
        {"rule": str(good.pk), "of": 10, "points": 10}, {"rule": str(bad.pk), "of": -5, "points": -5}
    ]  # fmt: skip


def test_it_follows_what_changes_at_the_organisation_and_in_the_rules(anna: Actor) -> None:
    mine = rule(anna, 10, condition=BUILDS)
    at = firm(anna, "trade")
    made = lead(anna, organisation=at)
    assert scored(anna, made)[0] == 0
    run(anna, "contacts.organisation.change", at, industry="manufacturing")
    assert scored(anna, made)[0] == 10
    run(anna, "sales.scorerule.change", mine.pk, points=30)
    assert scored(anna, made)[0] == 30
    run(anna, "sales.scorerule.archive", mine.pk)
    assert scored(anna, made)[0] == 0


@pytest.mark.parametrize("points", [0, None])
def test_a_rule_without_points_is_refused(anna: Actor, points: int | None) -> None:
    with pytest.raises(Refused) as no:
        run(anna, "sales.scorerule.create", name="Nothing", points=points)
    assert [one.field for one in no.value.all()] == ["points"]
    held = rule(anna, 5)
    with pytest.raises(Refused):
        run(anna, "sales.scorerule.change", held.pk, points=points)


def test_what_happened_fades_by_half_with_each_half_life(anna: Actor) -> None:
    called = rule(anna, 10, event="work.call.create", half_life=14)
    who = run(anna, "contacts.person.create", last_name="Meyer").record.pk
    made = lead(anna, person=who)
    assert scored(anna, made) == (0, [])
    with clock.turned_back(clock.now() - dt.timedelta(days=14)):
        run(anna, "work.call.create", subject="Talked", concerns=[who])
    score, [line] = scored(anna, made)
    assert (score, line["points"], line["of"], line["rule"]) == (5, 5, 10, str(called.pk))
    run(anna, "work.call.create", subject="Again", concerns=[made.pk])
    assert scored(anna, made)[0] == 10  # the last time counts


@pytest.mark.parametrize(("days", "points"), [(0, 10), (5, 8), (14, 5), (28, 2), (200, 0), (-3, 10)])
def test_fading_is_the_half_life_of_physics(days: int, points: int) -> None:
    assert scores.faded(10, 14, dt.timedelta(days=days)) == points


def test_most_of_a_day_later_what_fades_is_worked_out_again(anna: Actor) -> None:
    rule(anna, 10, event="work.call.create", half_life=1)
    plain, called = lead(anna, name="plain"), lead(anna, name="called")
    run(anna, "work.call.create", subject="Talked", concerns=[called.pk])
    scored(anna, plain)
    assert scores.fade() is False
    Lead.objects.filter(pk__in=[plain.pk, called.pk])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sales_lead SET scored_at = scored_at - interval '1 day'")
    assert scores.fade() is True
    assert [one.name for one in Lead.objects.filter(scored_at=None)] == ["called"]


def test_only_what_happened_can_fade(anna: Actor) -> None:
    with pytest.raises(Refused) as no:
        rule(anna, 10, half_life=7)
    assert no.value.field == "half_life"


def test_many_leads_cost_as_many_statements_as_few(anna: Actor) -> None:
    rule(anna, 10, condition=BUILDS)
    rule(anna, 3, event="work.call.create", half_life=7)
    rule(anna, 4, condition={"has": "work.task.concerns"})
    few = [lead(anna).pk for _ in range(2)]
    many = [lead(anna).pk for _ in range(12)]

    def cost(ids: list[Any]) -> int:
        with CaptureQueriesContext(connection) as asked:
            scores.keep(ids)
        return len(asked)

    assert cost(few) == cost(many)


def test_a_broken_rule_gives_nothing_and_stands_in_nobodys_way(anna: Actor) -> None:
    rule(anna, 10, condition=BUILDS)
    field = run(
        anna, "kernel.customfield.create", record_type="sales.lead", name="x_size", label_de="Größe", kind="whole",
        privacy="public",
    ).record  # fmt: skip
    rule(anna, 50, condition={"field": "x_size", "op": "over", "value": 1})
    run(anna, "kernel.customfield.archive", field.pk)
    assert scored(anna, lead(anna, organisation=firm(anna)))[0] == 10


def test_without_rules_no_event_costs_leads_more_than_one_question(anna: Actor) -> None:
    at = firm(anna)
    made = lead(anna, organisation=at)
    scored(anna, made)
    run(anna, "work.note.create", text="A visit", concerns=[str(at)])
    with working_in(anna.tenant), CaptureQueriesContext(connection) as seen:
        jobs.note_what_changed([e for e in read(Sql("TRUE")) if e.record_type != "sales.lead"])
    asked = [one["sql"] for one in seen if "sales_" in one["sql"]]
    assert len(asked) == 1 and "sales_scorerule" in asked[0]
    assert Lead.objects.get(pk=made.pk).scored_at is not None


def test_the_first_rule_reaches_leads_that_were_scored_without_one(anna: Actor) -> None:
    made = lead(anna, organisation=firm(anna))
    assert scored(anna, made)[0] == 0
    rule(anna, 10, condition=BUILDS)
    assert scored(anna, made)[0] == 10


def test_a_lead_that_reaches_the_score_of_its_inbox_is_qualified_once(anna: Actor) -> None:
    team = run(anna, "kernel.team.create", name="North").record.pk
    run(anna, "sales.leadinbox.create", team=team, mql_from=40)
    rule(anna, 30, condition=BUILDS)
    warm = lead(anna, organisation=firm(anna), team=team)
    cold, elsewhere = lead(anna, team=team), lead(anna, organisation=firm(anna))
    scored(anna, warm)
    assert Lead.objects.get(pk=warm.pk).status == "new"
    more = rule(anna, 15, condition=BUILDS)
    scored(anna, warm)
    assert [Lead.objects.get(pk=one.pk).status for one in (warm, cold, elsewhere)] == ["mql", "new", "new"]
    [event] = [e for e in timeline(warm.pk) if e.kind == "sales.lead.reach_score"]
    assert event.actor.startswith("system:") and (event.parameters["score"], event.parameters["least"]) == (45, 40)
    [told_of] = told(ActorScope(anna), warm.pk, [event])
    assert told_of.facts == ["Punktzahl 45, ab 40"] and str(told_of.lines[0].label) == "Status"
    hidden = only(anna, Grant("sales.lead", "view", {}, ("score",)))
    assert told(ActorScope(hidden), warm.pk, [event])[0].facts == []
    undo(anna, event.change_set)
    run(anna, "sales.scorerule.change", more.pk, points=20)
    scored(anna, warm)
    assert Lead.objects.get(pk=warm.pk).status == "new"


def test_what_is_further_than_an_mql_stays(anna: Actor) -> None:
    team = run(anna, "kernel.team.create", name="North").record.pk
    run(anna, "sales.leadinbox.create", team=team, mql_from=10)
    rule(anna, 30, condition=BUILDS)
    there = lead(anna, organisation=firm(anna), team=team, status="sql")
    scored(anna, there)
    assert Lead.objects.get(pk=there.pk).status == "sql"
