"""Nothing goes in circles for ever, nothing is activated that cannot run, nobody gets more rights by it."""

from __future__ import annotations

from typing import Any

import pytest

from klientel.automation.jobs import reacting
from klientel.automation.models import Run, Version, Workflow
from klientel.automation.queries import starting
from klientel.automation.queries.flipping import flippers
from klientel.automation.tests.conftest import LEAD, changed, lead, runs, step, task, workflow
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.live.models import Notification
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
