"""Nothing goes in circles for ever, nothing is activated that cannot run, nobody gets more rights by it."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from klientel.automation.jobs import reacting
from klientel.automation.models import Run, Version, Workflow
from klientel.automation.queries import starting
from klientel.automation.queries.flipping import flippers
from klientel.automation.tests.conftest import LEAD, changed, lead, runs, step, task, workflow
from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.actions.declaring import declared
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.live import notifications
from klientel.kernel.live.models import Notification
from klientel.kernel.records import type_of
from klientel.kernel.testing.making import make_member

pytestmark = pytest.mark.django_db


def test_a_workflow_that_its_own_chain_would_start_again_is_stopped_with_the_chain(anna: Actor, play: Any) -> None:
    one = workflow(anna, [step("sales.lead.change", source="b")], name="One", **changed("source"), anyway=True)
    made = lead(anna, source="x")
    run(anna, f"{LEAD}.change", made.pk, source="y")
    play()
    done, stopped = runs(one)
    assert done.state == "done"
    assert (stopped.state, stopped.trouble, stopped.path, stopped.depth) == ("stopped", "own_path", [str(one.pk)], 1)


def test_a4_the_eleventh_in_a_row_is_stopped_with_the_chain_in_the_log(anna: Actor, play: Any) -> None:
    some = [
        workflow(anna, [step("sales.lead.change", source=str(n + 1))], name=f"W{n}",
                 **changed({"field": "source", "to": str(n)}))
        for n in range(13)
    ]  # fmt: skip
    made = lead(anna, source="x")
    run(anna, f"{LEAD}.change", made.pk, source="0")
    play(turns=20)
    made.refresh_from_db()
    assert made.source == "11"
    last = Run.objects.get(workflow=some[11].pk)
    assert (last.state, last.trouble, last.depth) == ("stopped", "too_deep", 11)
    assert last.path == [str(s.pk) for s in some[:11]]


def test_a_reaction_of_klientel_itself_does_not_hide_what_led_to_it(anna: Actor, play: Any) -> None:
    one = workflow(anna, [step("sales.lead.change", source="b")], **changed("source"), anyway=True)
    made = lead(anna, source="x")
    run(anna, f"{LEAD}.change", made.pk, source="y")
    play(turns=1)
    from klientel.kernel.access import system_actor
    from klientel.kernel.events.event import read
    from klientel.kernel.sql import Sql

    [event] = [e for e in read(Sql("e.record_id = %s", (made.pk,))) if e.actor.startswith("workflow:")]
    run(system_actor(), f"{LEAD}.change", made.pk, source="c", cause=event.id)
    play()
    assert [r.trouble for r in runs(one)] == ["", "own_path", "own_path"]


def test_a3_two_rules_that_flip_a_field_are_suspended_with_a_notice(anna: Actor, play: Any) -> None:
    """Each has a reason of its own (somebody's comment), so no chain tells of the other."""
    hand = {"when": "event", "event": "sales.lead.comment"}
    where = {"field": "source", "op": "is", "value": "a"}
    one = workflow(anna, [step("sales.lead.change", source="b")], name="To b", trigger=hand, where=where)
    other = workflow(anna, [step("sales.lead.change", source="a")], name="To a", trigger=hand, where={"not": where})
    made = lead(anna, source="a")
    hand_on = [("start", one), ("start", other)] * 3
    for verb, flow in hand_on:
        try:
            run(anna, f"automation.workflow.{verb}", flow.pk, records=[str(made.pk)])
        except Refused:
            break
        play()
    states = dict(Workflow.objects.values_list("pk", "state"))
    assert states == {one.pk: "paused", other.pk: "paused"}
    made.refresh_from_db()
    assert made.source == "a"  # four changes: a b a b a holds three returns
    assert Notification.objects.filter(kind=reacting.SUSPENDED, member_id=anna.member).count() == 2
    said = {"de": "Er und ein anderer Workflow", "en": "It and another workflow"}
    kind = type_of("automation.workflow").fields["trouble"]
    for language, words in said.items():
        with translation.override(language):
            trouble: Any = Workflow.objects.get(pk=one.pk).trouble
            assert kind.show(trouble).startswith(words) and kind.told(trouble).startswith(words)
            [told, _other] = notifications.latest(ActorScope(anna))
            assert words in told.text


def test_a_value_that_only_moves_on_does_not_flip() -> None:
    from uuid import uuid4

    a, b = uuid4(), uuid4()
    assert flippers([("a", "b", a), ("b", "c", b), ("c", "d", a), ("d", "e", b)]) == set()
    assert flippers([("a", "b", a), ("b", "a", b), ("a", "b", a)]) == set()
    assert flippers([("a", "b", a), ("b", "a", b), ("a", "b", a), ("b", "a", b)]) == {a, b}
    assert flippers([("a", "b", None), ("b", "a", None), ("a", "b", None), ("b", "a", None)]) == set()


def test_too_many_runs_on_one_record_in_a_short_time_are_stopped(
    anna: Actor, play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "MOST_OFTEN", 3)
    workflow(anna, [task()], **changed("source"))
    made = lead(anna, source="x")
    for n in range(5):
        run(anna, f"{LEAD}.change", made.pk, source=str(n))
    play()
    assert [(r.state, r.trouble) for r in runs()] == [("done", "")] * 3 + [("stopped", "too_often")] * 2


def test_two_that_can_set_each_other_off_are_told_before_activation(anna: Actor) -> None:
    workflow(anna, [step("sales.lead.change", source="a")], name="One", **changed("name"))
    with pytest.raises(Refused) as no:
        workflow(anna, [step("sales.lead.change", name="B")], name="Two", **changed("source"))
    assert (no.value.code, no.value.field) == ("in_circles", "anyway")
    assert "Two → One → Two" in str(no.value.message)
    two = Workflow.objects.get(name="Two")
    assert two.state == "draft" and not Version.objects.filter(workflow=two.pk).exists()
    run(anna, "automation.workflow.activate", two.pk, anyway=True)


def test_values_that_never_meet_are_no_circle(anna: Actor) -> None:
    workflow(anna, [step("sales.lead.change", source="a")], **changed({"field": "source", "to": "b"}))


@pytest.mark.parametrize(
    ("steps", "more", "code", "field"),
    [
        ([], {}, "no_steps", "steps"),
        ([task("{{nonsense}}")], {}, "no_placeholder", "steps.0"),
        ([step("work.task.create")], {}, "required", "steps.0"),
        ([step("work.task.create", subject="x", priority="huge")], {}, "not_a_choice", "steps.0"),
        ([step("work.task.create", subject="x", nonsense=1)], {}, "unknown_field", "steps.0"),
        ([step("work.task.complete")], {}, "wrong_record", "steps.0"),
        ([step("sales.lead.nonsense")], {}, "no_such_action", "steps.0"),
        ([{"do": "wait", "n": 0, "unit": "days"}], {}, "bad_number", "steps.0"),
        ([{"do": "notify", "who": "source", "text": "x"}], {}, "nobody", "steps.0"),
        ([{"do": "branch", "where": {"field": "nonsense", "op": "is"}, "then": [], "else": []}], {}, "no_such_field",
         "steps.0"),
        ([task()], {"where": {"field": "nonsense", "op": "is", "value": 1}}, "no_such_field", "where"),
        ([task()], changed("nonsense"), "no_such_field", "trigger"),
        ([task()], {"trigger": {"when": "schedule", "rule": "now and then"}}, "bad_rule", "trigger"),
        ([{"do": "branch", "where": {"all": []}, "then": [{"do": "wait", "n": 0, "unit": "days"}]}], {}, "bad_number",
         "steps.0.then.0"),
    ],
)  # fmt: skip
def test_what_cannot_run_is_refused_at_its_place(
    anna: Actor, steps: Any, more: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(Refused) as no:
        workflow(anna, steps, **more)
    assert next((n.code, n.field) for n in no.value.all()) == (code, field)
    assert not Version.objects.exists()


def test_a14_a_cycle_without_a_wait_is_refused(anna: Actor) -> None:
    with pytest.raises(Refused) as no:
        workflow(anna, [{"do": "repeat", "most": 5, "steps": [task()]}])
    assert (no.value.code, no.value.field) == ("endless", "steps.0")


def test_nobody_activates_what_they_may_not_do_themselves(anna: Actor) -> None:
    grants = [{"record": "automation.workflow", "verb": "*"}, {"record": LEAD, "verb": "view"}]
    some = make_member("Some", grants)
    with pytest.raises(Refused) as no:
        workflow(some, [step("sales.lead.change", source="x")])
    assert no.value.code == "forbidden"
    made = run(anna, "automation.workflow.create", name="x", definition={}).record
    with pytest.raises(Refused):
        run(make_member("Nobody", []), "automation.workflow.activate", made.pk)


def test_of_another_tenant_nothing_is_found(anna: Actor, cleo: Actor) -> None:
    from klientel.kernel.errors import Missing
    from klientel.kernel.tenancy import inside

    made = workflow(anna, [task()])
    with inside(cleo.tenant), pytest.raises(Missing):
        run(cleo, "automation.workflow.pause", made.pk)


def can_reach_itself(actor: Actor, steps: Any, **more: Any) -> bool:
    try:
        workflow(actor, steps, **more)
    except Refused as no:
        assert no.code == "in_circles"
        return True
    return False


@pytest.mark.parametrize(
    ("steps", "more", "circle"),
    [
        ([step("sales.lead.contacted")], changed("source"), False),  # it sets its status and owner
        ([step("sales.lead.contacted")], changed("status"), True),
        ([step("sales.lead.contacted")], changed("first_response_at"), True),  # which follows from the status
        ([step("sales.lead.contacted")], changed({"field": "status", "to": "disqualified"}), False),
        ([step("sales.lead.nurture")], changed({"field": "status", "to": "nurtured"}), True),
        ([step("sales.lead.change", status="contacted")], changed("closed_at"), True),
        ([step("sales.lead.change", source="a")], changed("closed_at"), False),
        ([step("sales.lead.contacted")], changed(), True),  # any field
        ([step("sales.lead.contacted")], {"trigger": {"when": "event", "event": "sales.lead.contacted"}}, True),
        ([step("sales.lead.contacted")], {"trigger": {"when": "event", "event": "sales.lead.take"}}, False),
        ([step("sales.lead.reach_score", score=1)], changed("source"), None),  # nobody's but the system's
        ([step("sales.lead.convert")], {"on": "sales.deal"}, None),
    ],
)
def test_what_an_action_writes_decides_whether_a_workflow_can_reach_itself(
    anna: Actor, steps: Any, more: dict[str, Any], circle: bool | None
) -> None:
    if circle is None:
        with pytest.raises(Refused):
            workflow(anna, steps, **more)
        return
    assert can_reach_itself(anna, steps, **more) is circle


def test_a_circle_through_records_of_another_type_is_told(anna: Actor) -> None:
    workflow(anna, [step("sales.lead.create", name="Again")], name="Deal to lead", on="sales.deal")
    assert can_reach_itself(anna, [step("sales.lead.convert")], name="Lead to deal")


def test_orders_that_quotes_become_and_quotes_that_orders_bring_are_a_circle(anna: Actor) -> None:
    begin = {"trigger": {"when": "event", "event": "sales.quote.accept"}}
    workflow(anna, [step("sales.quote.accept", of="quote")], name="Order to quote", on="sales.order")
    assert can_reach_itself(anna, [step("sales.quote.order")], name="Quote to order", on="sales.quote", **begin)


def test_what_an_order_says_beside_its_state_is_not_touched_by_its_delivery(anna: Actor) -> None:
    assert not can_reach_itself(anna, [step("sales.order.deliver")], on="sales.order", **changed("owner"))
    assert can_reach_itself(anna, [step("sales.order.deliver")], on="sales.order", **changed("state"))


def test_a_mail_to_a_person_is_no_change_of_the_person(anna: Actor) -> None:
    mail = step("contacts.person.send_mail", subject="x", text="y")
    assert not can_reach_itself(anna, [mail], on="contacts.person", **changed("position"))
    assert not can_reach_itself(anna, [mail], on="contacts.person", **changed())
    event = {"trigger": {"when": "event", "event": "contacts.person.send_mail"}}
    assert can_reach_itself(anna, [mail], on="contacts.person", **event)


def test_every_action_that_a_workflow_can_do_says_what_it_writes() -> None:
    """Or a circle that goes through it by way of another record is not seen before activation."""
    by_workflows = [a for a in declared() if not type_of(a.on).system and (not a.only or "workflow" in a.only)]
    assert [a.key for a in by_workflows if a.writes is None] == []
