"""Runs: started once by what they wait for, moved on step by step, exact whatever fails."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import translation

from klientel.automation.actions import running
from klientel.automation.actions import steps as doing
from klientel.automation.models import Entry, Run
from klientel.automation.queries.explaining import reason
from klientel.automation.tests.conftest import LEAD, changed, entries, lead, runs, step, task, workflow
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.errors import Refused
from klientel.kernel.events.event import read
from klientel.kernel.identity.actor import Actor
from klientel.kernel.live.models import Notification
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.lib import clock

pytestmark = pytest.mark.django_db
HOT = {"field": "status", "op": "is", "value": "new"}


def tasks() -> list[Any]:
    return list(type_of("work.task").model.objects.filter(archived_at=None).order_by("id"))


def test_a_new_record_starts_it_and_its_steps_are_done_in_order(anna: Actor, play: Any) -> None:
    made = workflow(anna, [task("Call {{title}}", owner={"me": True}), task("Write", due={"in": 3, "unit": "days"})])
    one = lead(anna)
    play()
    [done] = runs(made)
    assert done.state == "done" and [e.does for e in entries(done)] == ["action", "action"]
    first, second = tasks()
    assert (first.subject, first.owner, first.concerns) == ("Call A press", anna.member, [one.pk])
    assert second.due is not None
    [event] = read(Sql("e.record_id = %s", (first.pk,)))
    assert event.actor == f"workflow:{made.pk}" and event.actor_name == "Flow" and event.change_set == done.pk


def test_a1_an_event_that_is_handed_out_twice_starts_one_run(anna: Actor, play: Any) -> None:
    workflow(anna, [task()])
    lead(anna)
    play()
    play.again()
    assert len(runs()) == 1 and len(tasks()) == 1


def test_a2_setting_the_same_value_is_no_event_and_starts_nothing(anna: Actor, play: Any) -> None:
    one = lead(anna, source="fair")
    workflow(anna, [task()], **changed("source"))
    run(anna, f"{LEAD}.change", one.pk, source="fair")
    play()
    assert runs() == []
    run(anna, f"{LEAD}.change", one.pk, source="web")
    play()
    assert len(runs()) == 1


@pytest.mark.parametrize(("to", "starts"), [("web", 1), ("mail", 0)])
def test_old_and_new_values_say_which_changes_start_it(anna: Actor, play: Any, to: str, starts: int) -> None:
    one = lead(anna, source="fair")
    workflow(anna, [task()], **changed({"field": "source", "from": "fair", "to": "web"}))
    run(anna, f"{LEAD}.change", one.pk, source=to)
    play()
    assert len(runs()) == starts


def test_values_of_personal_fields_are_compared_too(anna: Actor, play: Any) -> None:
    one = run(anna, "contacts.person.create", last_name="Meyer").record
    trigger = changed({"field": "last_name", "to": "Schulze"}, on="contacts.person")
    workflow(anna, [task("x")], **trigger)
    run(anna, "contacts.person.change", one.pk, last_name="Huber")
    play()
    assert runs() == []
    run(anna, "contacts.person.change", one.pk, last_name="Schulze")
    play()
    assert len(runs()) == 1


def test_a_named_action_starts_it(anna: Actor, play: Any) -> None:
    one = lead(anna)
    workflow(anna, [task()], trigger={"when": "event", "event": f"{LEAD}.react"})
    run(anna, f"{LEAD}.react", one.pk)
    play()
    assert len(runs()) == 1


def test_the_condition_chooses_and_each_part_is_kept(anna: Actor, play: Any) -> None:
    where = {"all": [HOT, {"any": [{"field": "source", "op": "is", "value": "a"},
                                   {"field": "source", "op": "is", "value": "b"}]}]}  # fmt: skip
    workflow(anna, [task()], where=where)
    lead(anna, source="b")
    lead(anna, source="c")
    play()
    [one] = runs()
    assert one.checks == [True, False, True]


def test_what_happened_before_it_was_activated_starts_nothing(anna: Actor, play: Any) -> None:
    lead(anna)
    workflow(anna, [task()])
    play()
    assert runs() == []


def test_what_an_import_muted_starts_nothing(anna: Actor, play: Any) -> None:
    workflow(anna, [task()])
    list(run_many(anna, f"{LEAD}.create", [Item(params={"name": "Quiet"})], muted=True))
    play()
    assert runs() == []


def test_a_wait_holds_the_run_until_its_time_has_come(anna: Actor, play: Any) -> None:
    workflow(anna, [{"do": "wait", "n": 2, "unit": "hours"}, task()])
    lead(anna)
    play()
    [one] = runs()
    assert (one.state, one.waits) == ("open", "time") and tasks() == []
    play.later(hours=1)
    assert tasks() == []
    play.later(hours=1, minutes=1)
    assert len(tasks()) == 1 and runs()[0].state == "done"


def waiting(**facts: Any) -> dict[str, Any]:
    where = {"field": "status", "op": "is", "value": "contacted"}
    return {"do": "await", "where": where, "n": 2, "unit": "hours", "then": [task("in time")], "late": [task("late")]}


def test_a9_of_an_event_and_a_timeout_at_once_exactly_one_branch_is_taken(anna: Actor, play: Any) -> None:
    workflow(anna, [waiting()])
    one = lead(anna)
    play()
    run(anna, f"{LEAD}.react", one.pk)
    play.later(hours=3)
    assert [t.subject for t in tasks()] == ["in time"]
    other = lead(anna, name="B")
    play()
    play.later(hours=3)
    run(anna, f"{LEAD}.react", other.pk)
    play()
    assert [t.subject for t in tasks()] == ["in time", "late"]


def test_what_happens_about_the_record_ends_a_wait_for_it_at_once(anna: Actor, play: Any) -> None:
    wait = {"do": "await", "event": "work.task.create", "n": 2, "unit": "days", "then": [task("seen")], "late": []}
    workflow(anna, [wait])
    one = lead(anna)
    play()
    assert runs()[0].waits == "await"
    run(anna, "work.task.create", subject="by hand", concerns=[one.pk])
    play()
    assert [t.subject for t in tasks()] == ["by hand", "seen"]


def test_a_branch_goes_one_way_and_says_so(anna: Actor, play: Any) -> None:
    where = {"field": "source", "op": "is", "value": "web"}
    workflow(anna, [{"do": "branch", "where": where, "then": [task("yes")], "else": [task("no")]}, task("end")])
    lead(anna, source="web")
    lead(anna, source="fair")
    play()
    assert sorted(t.subject for t in tasks()) == ["end", "end", "no", "yes"]
    assert [next(e.told.get("held") for e in entries(r)) for r in runs()] == [True, False]


def test_a_repeated_part_ends_with_its_number_or_its_condition(anna: Actor, play: Any) -> None:
    again = {"do": "repeat", "most": 3, "where": HOT, "steps": [task("remind"), {"do": "wait", "n": 1, "unit": "days"}]}
    workflow(anna, [again, task("end")])
    one, other = lead(anna), lead(anna, name="B")
    play()
    run(anna, f"{LEAD}.react", other.pk)
    for _n in range(4):
        play.later(days=1, minutes=1)
    assert sorted(t.subject for t in tasks()) == ["end", "end", "remind", "remind", "remind", "remind"]
    assert {r.state for r in runs()} == {"done"} and one


def test_people_are_told_under_their_own_rights(anna: Actor, boris: Actor, play: Any) -> None:
    note = {"do": "notify", "text": "New: {{title}} {{birthday}}"}
    people = [note | {"who": f"member:{boris.member}"}, note | {"who": "owner"}]
    workflow(anna, people, on="contacts.person")
    mine = run(anna, "contacts.person.create", last_name="Meyer", birthday="1980-02-03", owner=boris.member).record
    run(anna, "contacts.person.create", last_name="Secret", owner=anna.member)
    play()
    told = list(Notification.objects.filter(kind=doing.NOTE, member_id=boris.member))
    assert {n.record_id for n in told} == {mine.pk}
    assert {n.params["name"] for n in told} == {"New: Meyer "}


@pytest.mark.parametrize(("verb", "said"), [("approve", "yes"), ("decline", "no"), ("", "no")])
def test_a_person_is_asked_and_the_answer_chooses_the_way(
    anna: Actor, boris: Actor, play: Any, verb: str, said: str
) -> None:
    ask = {"do": "ask", "who": "owner", "question": "Take {{title}}?", "n": 1, "unit": "days", "then": [task("yes")],
           "else": [task("no")]}  # fmt: skip
    workflow(anna, [ask], on="contacts.person")
    run(anna, "contacts.person.create", last_name="Meyer", owner=boris.member)
    play()
    [request] = type_of("automation.request").model.objects.all()
    assert (request.question, request.owner) == ("Take Meyer?", boris.member)
    if verb:
        run(boris, f"automation.request.{verb}", request.pk, note="Sure")
        play()
    else:
        play.later(days=2)
    assert [t.subject for t in tasks()] == [said] and runs()[0].state == "done"
    request.refresh_from_db()
    assert request.state == {"approve": "approved", "decline": "declined", "": "expired"}[verb]


def test_a_request_is_answered_by_whom_it_asks_and_nobody_else(anna: Actor, boris: Actor, play: Any) -> None:
    made = run(anna, "automation.request.create", question="Well?", owner=anna.member).record
    with pytest.raises(Refused):
        run(boris, "automation.request.approve", made.pk)
    run(anna, "automation.request.approve", made.pk)
    with pytest.raises(Refused) as no:
        run(anna, "automation.request.decline", made.pk)
    assert no.value.code == "answered"


def test_it_acts_with_the_rights_of_whoever_activated_it_as_they_are_now(anna: Actor, boris: Actor, play: Any) -> None:
    made = workflow(anna, [step("sales.lead.change", source="robot")])
    role = type_of("kernel.member").model.objects.get(pk=anna.member).roles[0]
    one = lead(anna)
    other = run(anna, "kernel.member.change", boris.member, roles=[role])
    assert other
    with transaction.atomic():
        from klientel.kernel.access import system_actor

        run(system_actor(), "kernel.role.change", role, grants=[
            {"record": "sales.lead", "verb": "view"}, {"record": "automation.workflow", "verb": "view"}
        ])  # fmt: skip
    play()
    [done] = runs(made)
    assert (done.state, done.trouble) == ("attention", "forbidden")
    one.refresh_from_db()
    assert one.source != "robot"
    assert Notification.objects.filter(kind=running.ATTENTION, member_id=anna.member).count() == 1


def test_records_that_the_one_it_acts_for_may_not_see_start_nothing(boris: Actor, anna: Actor, play: Any) -> None:
    from klientel.kernel.testing.cast import NARROW
    from klientel.kernel.testing.making import make_member

    grants = [*NARROW, {"record": "automation.workflow", "verb": "*"}, {"record": "work.task", "verb": "*"}]
    some = make_member("Some", grants)
    workflow(some, [step("work.task.create", subject="x")], on="contacts.person")
    run(anna, "contacts.person.create", last_name="Meyer", owner=anna.member)
    play()
    assert runs() == []
    run(anna, "contacts.person.create", last_name="Meyer", owner=some.member)
    play()
    assert [r.state for r in runs()] == ["done"]


def test_a10_a_step_that_fails_leaves_neither_gap_nor_double_and_can_be_tried_again(anna: Actor, play: Any) -> None:
    made = workflow(anna, [task("first"), step("sales.lead.react"), task("last")])
    one = lead(anna)
    run(anna, f"{LEAD}.react", one.pk)  # before the workflow: its own step is refused
    play()
    [done] = runs(made)
    assert (done.state, done.trouble, done.place) == ("attention", "answered_already", [1])
    assert [t.subject for t in tasks()] == ["first"]
    said = {}
    for language in ("de", "en"):
        with translation.override(language):
            said[language] = reason(done)
    assert said == {"de": "Die erste Reaktion ist schon bekannt.", "en": "The first reaction is known already."}
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sales_lead SET first_response_at = NULL")
    run(anna, "automation.workflow.retry", made.pk, run=str(done.pk))
    play()
    assert [t.subject for t in tasks()] == ["first", "last"] and runs()[0].state == "done"
    assert [e.n for e in entries(done)] == [0, 1, 2]


def test_a11_of_a_thousand_one_bad_row_needs_attention_and_the_others_proceed(
    anna: Actor, play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BUDGET", 60)
    workflow(anna, [task("{{title}}")])
    names = ["Good"] * 20 + [" " * 3 + "x"] + ["Good"] * 19
    some = [o.record for o in run_many(anna, f"{LEAD}.create", [Item(params={"name": n}) for n in names])]
    real = doing.DOES["action"]

    def bad(work: Any, one: Any) -> Any:
        if work.run.record == some[20].pk:
            raise ValueError("broken")
        return real(work, one)

    monkeypatch.setitem(doing.DOES, "action", bad)
    play()
    assert sorted(r.state for r in runs()) == ["done"] * 39 + ["open"]
    [one] = [r for r in runs() if r.state == "open"]
    assert one.tries == 1 and one.trouble == "failed" and one.due_at > clock.now()
    for _n in range(4):
        play.later(hours=1)
    assert Run.objects.get(pk=one.pk).state == "attention" and len(tasks()) == 39


def test_a_record_in_the_trash_lets_its_run_lapse(anna: Actor, play: Any) -> None:
    workflow(anna, [{"do": "wait", "n": 1, "unit": "hours"}, task()])
    one = lead(anna)
    play()
    run(anna, f"{LEAD}.archive", one.pk)
    play.later(hours=2)
    assert [(r.state, r.trouble) for r in runs()] == [("lapsed", "record_gone")] and tasks() == []


def test_a7_what_waits_lapses_when_the_workflow_is_switched_off(anna: Actor, play: Any) -> None:
    made = workflow(anna, [{"do": "wait", "n": 1, "unit": "hours"}, task()])
    lead(anna)
    play()
    run(anna, "automation.workflow.switch_off", made.pk)
    lead(anna, name="B")
    play.later(hours=2)
    assert [(r.state, r.trouble) for r in runs()] == [("lapsed", "switched_off")] and tasks() == []


def test_a_pause_holds_what_runs_and_resuming_goes_on(anna: Actor, play: Any) -> None:
    made = workflow(anna, [{"do": "wait", "n": 1, "unit": "hours"}, task()])
    lead(anna)
    play()
    run(anna, "automation.workflow.pause", made.pk)
    play.later(hours=2)
    assert [r.state for r in runs()] == ["held"]
    run(anna, "automation.workflow.resume", made.pk)
    play()
    assert [r.state for r in runs()] == ["done"]


def test_a8_running_ones_keep_their_version_and_new_ones_take_the_new(anna: Actor, play: Any) -> None:
    made = workflow(anna, [{"do": "wait", "n": 1, "unit": "hours"}, task("old")])
    lead(anna)
    play()
    definition = {"on": LEAD, "trigger": {"when": "made"}, "steps": [task("new")]}
    run(anna, "automation.workflow.change", made.pk, definition=definition)
    run(anna, "automation.workflow.activate", made.pk)
    lead(anna, name="B")
    play.later(hours=2)
    assert sorted(t.subject for t in tasks()) == ["new", "old"]


def test_a13_where_it_runs_once_for_a_record_a_second_entry_is_refused(anna: Actor, play: Any) -> None:
    made = workflow(anna, [task()], **changed("source"), again="once")
    one = lead(anna, source="a")
    for source in ("b", "c"):
        run(anna, f"{LEAD}.change", one.pk, source=source)
        play()
    assert len(runs()) == 1
    with pytest.raises(Refused) as no:
        run(anna, "automation.workflow.start", made.pk, records=[str(one.pk)])
    assert no.value.code == "nothing_fits"


def test_by_hand_it_starts_for_the_chosen_records_that_fit(anna: Actor, play: Any) -> None:
    some = [lead(anna, source=s) for s in ("a", "b")]
    where = {"field": "source", "op": "is", "value": "a"}
    made = workflow(anna, [task()], trigger={"when": "hand"}, where=where)
    run(anna, "automation.workflow.start", made.pk, records=[str(s.pk) for s in some])
    play()
    assert [r.record for r in runs()] == [some[0].pk] and len(tasks()) == 1


def test_a_day_in_a_field_starts_it_once(anna: Actor, play: Any) -> None:
    day = clock.now().date() + dt.timedelta(days=90)
    deals = [run(anna, "work.task.create", subject=s, due=(day + dt.timedelta(days=n)).isoformat()).record
             for s, n in (("now", 0), ("later", 30), ("past", -30))]  # fmt: skip
    trigger = {"when": "date", "field": "due", "days": -90, "at": "00:00"}
    workflow(anna, [step("work.task.change", priority="high")], on="work.task", trigger=trigger)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE automation_version SET seen_until = seen_until - interval '1 day', next_at = now()")
    play()
    assert [(r.record, r.state) for r in runs()] == [(deals[0].pk, "done")]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE automation_version SET seen_until = seen_until - interval '2 days', next_at = now()")
    play()
    assert len(runs()) == 1


def test_a_rule_of_the_calendar_starts_it_for_all_that_fit(anna: Actor, play: Any) -> None:
    some = [lead(anna, source=s) for s in ("a", "a", "b")]
    trigger = {"when": "schedule", "rule": "every day", "at": "00:00"}
    workflow(anna, [task()], trigger=trigger, where={"field": "source", "op": "is", "value": "a"})
    play()
    assert runs() == []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE automation_version SET next_at = now()")
    play()
    assert {r.record for r in runs()} == {s.pk for s in some[:2]} and len(tasks()) == 2
    assert Entry.objects.count() == 2


def test_a_whole_run_can_be_undone_as_one_change_set(anna: Actor, play: Any) -> None:
    from klientel.kernel.history import undo

    workflow(anna, [task(), step("sales.lead.change", source="robot")])
    one = lead(anna, source="a")
    play()
    undo(anna, runs()[0].pk)
    one.refresh_from_db()
    assert one.source == "a" and tasks() == []
