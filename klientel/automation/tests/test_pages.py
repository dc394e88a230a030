"""The pages: built by clicks, explained under the reader's rights, rehearsed without a trace."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from klientel.automation.jobs import forgetting
from klientel.automation.models import Entry, Run, Workflow
from klientel.automation.queries import checking
from klientel.automation.queries.usual import USUAL
from klientel.automation.tests.conftest import LEAD, changed, lead, runs, step, task, workflow
from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run, workspace
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.live.models import Notification
from klientel.kernel.records import type_of
from klientel.kernel.web import entries
from klientel.kernel.web.tests.conftest import at_browser

pytestmark = pytest.mark.django_db


def body(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


def test_an_empty_workflow_is_built_by_clicks_and_activated(client: Client, actor: Actor) -> None:
    begun = client.post(reverse("workflow_presets"), {"preset": ""})
    flow = Workflow.objects.get()
    assert begun.url == reverse("workflow_beginning", args=[flow.pk])
    body(client.get(begun.url))
    drawn = body(client.post(begun.url, {"version": 1, "on": LEAD, "when": "changed", "again": "once"}))
    assert 'value="source"' in drawn and Workflow.objects.get().definition == {}
    sent = {"version": 1, "on": LEAD, "when": "changed", "again": "once", "field": ["status"], "to:status": "contacted"}
    client.post(begun.url, sent | {"save": "1"})
    at = reverse("workflow_flow", args=[flow.pk])
    assert "Please add a step." in body(client.get(at))
    added = client.post(at, {"version": 2, "op": "add 0 action"})
    assert added.url == reverse("workflow_step", args=[flow.pk, "0"])
    body(client.get(added.url))
    chosen = body(client.post(added.url, {"version": 3, "doing": "work.task.create ", "as": ""}))
    assert 'name="src:subject"' in chosen
    form = {"version": 3, "doing": "work.task.create ", "as": "work.task.create ", "_field": ["subject", "due"],
            "src:subject": "value", "subject": "Call {{title}}", "src:due": "in", "n:due": "2", "unit:due": "days",
            "src:concerns": "of:id", "src:owner": "of:owner"}  # fmt: skip
    assert client.post(added.url, form).status_code == 302
    page = body(client.get(at))
    assert "Create: task" in page and "Call [name of the record]" in page and "in 2 days" in page
    assert client.post(at, {"version": 4, "op": "activate"}).status_code == 302
    flow.refresh_from_db()
    assert (flow.state, flow.number) == ("active", 1)
    params = flow.definition["steps"][0]["params"]
    assert params == {"subject": "Call {{title}}", "due": {"in": 2, "unit": "days"}, "concerns": [{"of": "id"}],
                      "owner": {"of": "owner"}}  # fmt: skip
    assert flow.definition["trigger"] == {"when": "changed", "fields": [{"field": "status", "to": "contacted"}]}


def test_steps_move_go_and_keep_what_is_inside_them(client: Client, actor: Actor) -> None:
    inner = {"do": "branch", "where": {"field": "source", "op": "is", "value": "a"}, "then": [task("x")], "else": []}
    definition = {"on": LEAD, "trigger": {"when": "made"}, "steps": [task("a"), inner]}
    flow = run(actor, "automation.workflow.create", name="F", definition=definition).record
    at = reverse("workflow_flow", args=[flow.pk])
    client.post(at, {"version": 1, "op": "up 1"})
    client.post(at, {"version": 2, "op": "add 0.else.0 wait"})
    client.post(at, {"version": 3, "op": "remove 1"})
    edit = reverse("workflow_step", args=[flow.pk, "0"])
    assert "a" in body(client.get(edit))
    flow.refresh_from_db()
    [one] = flow.definition["steps"]
    assert [s["do"] for s in (one, *one["then"], *one["else"])] == ["branch", "action", "wait"]
    assert body(client.post(at, {"version": 1, "op": "remove 0"}), 409)
    for damaged in ("up 9", "remove x", "add 0.nonsense.0 wait", "nonsense 0"):
        assert client.post(at, {"version": 4, "op": damaged}).status_code == 422


@pytest.mark.parametrize("does", ["notify", "wait", "until", "await", "branch", "ask", "repeat", "action"])
def test_every_kind_of_step_has_its_page(client: Client, actor: Actor, does: str) -> None:
    flow = run(actor, "automation.workflow.create", name="F").record
    at = reverse("workflow_flow", args=[flow.pk])
    added = client.post(at, {"version": 1, "op": f"add 0 {does}"})
    body(client.get(added.url))
    sent = {"version": 2, "n": "3", "unit": "hours", "who": "owner", "text": "Hello", "most": "2", "days": "3",
            "side": "before", "field": "closed_at", "event": "sales.lead.react"}  # fmt: skip
    assert client.post(added.url, sent).status_code == 302
    body(client.get(at))


def test_the_presets_can_all_be_activated_by_somebody_who_may_do_everything(actor: Actor, client: Client) -> None:
    body(client.get(reverse("workflow_presets")))
    for one in USUAL:
        assert checking.refusals(one.definition(), ActorScope(actor)) == []
        begun = client.post(reverse("workflow_presets"), {"preset": one.key})
        assert client.post(begun.url, {"version": 1, "op": "activate"}).status_code == 302
    assert Workflow.objects.filter(state="active").count() == len(USUAL)


def test_a6_a_run_tells_what_was_asked_what_it_was_and_what_changed(client: Client, actor: Actor, play: Any) -> None:
    where = {"all": [{"field": "source", "op": "is", "value": "web"}, {"field": "status", "op": "is", "value": "new"}]}
    workflow(actor, [step("sales.lead.change", source="robot"), {"do": "wait", "n": 1, "unit": "days"}], where=where)
    one = lead(actor, source="web")
    play()
    [found] = runs()
    page = body(client.get(reverse("run_explained", args=[found.pk])))
    assert "source is web" in page and "<td>web</td>" in page  # as it was, although the run has changed it
    assert "<del>web</del>" in page and "<ins>robot</ins>" in page
    assert "Waits until" in page
    record = body(client.get(reverse("record", args=["leads", one.pk])))
    assert reverse("run_explained", args=[found.pk]) in record and ">Why?<" in record
    assert "A press" in body(client.get(reverse("workflow_runs")))


def test_what_a_workflow_made_about_a_record_asks_why_there_too(client: Client, actor: Actor, play: Any) -> None:
    workflow(actor, [task("Call {{title}}")])
    one = lead(actor)
    play()
    record = body(client.get(reverse("record", args=["leads", one.pk])))
    assert reverse("run_explained", args=[runs()[0].pk]) in record and "Call A press" in record


def test_hidden_fields_stay_hidden_in_the_explanation(tenant: Any, actor: Actor, play: Any) -> None:
    where = {"field": "birthday", "op": "not_empty"}
    workflow(actor, [step("contacts.person.change", birthday="1970-01-02")], on="contacts.person", where=where)
    client, boris = at_browser(tenant, "Boris", [
        {"record": "contacts.person", "verb": "view", "hidden": ["birthday"]},
    ])  # fmt: skip
    run(actor, "contacts.person.create", last_name="Meyer", birthday="1980-02-03")
    play()
    page = body(client.get(reverse("run_explained", args=[runs()[0].pk])))
    assert "1980" not in page and "1970" not in page and "03.02" not in page and boris
    stranger, _other = at_browser(tenant, "Nobody", [])
    assert stranger.get(reverse("run_explained", args=[runs()[0].pk])).status_code == 404
    assert stranger.get(reverse("workflow_runs")).status_code == 404


def test_a_run_that_needs_attention_is_tried_again_or_ended_by_hand(client: Client, actor: Actor, play: Any) -> None:
    workflow(actor, [step("sales.lead.react")])
    one = lead(actor)
    run(actor, f"{LEAD}.react", one.pk)
    play()
    [found] = runs()
    assert found.state == "attention"
    assert "known already" in body(client.get(reverse("run_explained", args=[found.pk])))
    client.post(reverse("run_helped", args=[found.pk]), {"op": "retry"})
    assert Run.objects.get().state == "open"
    client.post(reverse("run_helped", args=[found.pk]), {"op": "cancel"})
    assert (Run.objects.get().state, Run.objects.get().trouble) == ("lapsed", "by_hand")


def counts() -> dict[str, int]:
    tables = ("kernel_event", "kernel_wake", "work_task", "automation_run", "automation_request", "kernel_notification")
    with connection.cursor() as cursor:
        found = {}
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")
            found[table] = cursor.fetchone()[0]
        return found


@pytest.mark.django_db(transaction=True)
def test_a5_a_rehearsal_finds_what_really_would_have_run_and_leaves_nothing(client: Client, actor: Actor) -> None:
    from klientel.kernel.tenancy import writing

    with writing():
        hot = {"field": "source", "op": "is", "value": "web"}
        some = [lead(actor, name=f"Lead {n}", source="web" if n < 3 else "fair") for n in range(5)]
        run(actor, f"{LEAD}.change", some[0].pk, source="changed since")
        run(actor, f"{LEAD}.change", some[4].pk, source="web")
        steps = [task("Call {{title}} from {{source}}"), {"do": "notify", "who": "me", "text": "x"},
                 {"do": "ask", "who": "me", "question": "Well?", "n": 1, "unit": "days"}]  # fmt: skip
        definition = {"on": LEAD, "trigger": {"when": "made"}, "where": hot, "steps": steps}
        flow = run(actor, "automation.workflow.create", name="Flow", definition=definition).record
        before = counts()
    page = body(client.post(reverse("workflow_rehearsal", args=[flow.pk]), {"days": "7"}))
    with writing():
        assert counts() == before and not Notification.objects.exists()
        assert type_of(LEAD).model.objects.get(pk=some[0].pk).source == "changed since"
    assert "Call Lead 0 from web" in page and "Call Lead 2 from web" in page
    assert "Lead 4" not in page and "Lead 3" not in page
    assert "Then it would wait" in page


def test_a_rehearsal_of_what_cannot_run_says_so(client: Client, actor: Actor) -> None:
    flow = run(actor, "automation.workflow.create", name="F").record
    assert "Please add a step." in body(client.get(reverse("workflow_rehearsal", args=[flow.pk])), 422)


def test_who_may_not_change_workflows_does_not_build_them(tenant: Any, actor: Actor) -> None:
    flow = workflow(actor, [task()], **changed("source"))
    client, _boris = at_browser(tenant, "Boris", [{"record": "automation.workflow", "verb": "view"}])
    assert client.get(reverse("workflow_flow", args=[flow.pk])).status_code == 403
    assert client.get(reverse("workflow_presets")).status_code == 403
    assert client.get(reverse("record", args=["workflows", flow.pk])).status_code == 200


def test_what_a_workflow_asks_is_not_offered_where_people_take_notes(anna: Any) -> None:
    scope = ActorScope(anna)
    offered = {plan.rtype.key for plan in entries._plans(scope)}
    assert "work.note" in offered and "automation.request" not in offered
    assert "automation.request" in {t.key for t in entries.entry_types(scope)}


def test_a_form_is_filled_in_by_who_is_asked_and_later_steps_know_the_answers(
    client: Client, actor: Actor, play: Any
) -> None:
    fields = {"fields": ["campaign", "source"], "needed": ["campaign"]}
    hot = {"field": "campaign", "op": "is", "value": "Fair"}
    ask = {"do": "ask", "who": "me", "question": "Which campaign?", "n": 1, "unit": "days", **fields, "else": [],
           "then": [{"do": "branch", "where": hot, "then": [task("From {{campaign}}")], "else": []}]}  # fmt: skip
    made = workflow(actor, [ask])
    one = lead(actor, source="web")
    play()
    [request] = type_of("automation.request").model.objects.all()
    at = reverse("request_answer", args=[request.pk])
    assert at in client.get(reverse("record", args=["requests", request.pk])).content.decode()
    page = client.get(at).content.decode()
    assert 'name="campaign"' in page and 'name="source"' in page and 'value="web"' in page
    sent = {"_field": ["campaign", "source"], "source": "phone", "campaign": "", "note": "Sure", "op": "approve"}
    answer = client.post(at, sent)
    assert answer.status_code == 422 and "Please fill in: campaign." in answer.content.decode()
    one.refresh_from_db()
    assert one.source == "web"  # neither half
    assert client.post(at, sent | {"campaign": "Fair"}).status_code == 302
    play()
    [done] = runs(made)
    assert done.state == "done"
    [made_task] = type_of("work.task").model.objects.all()
    assert made_task.subject == "From Fair"
    told = client.get(reverse("run_explained", args=[done.pk])).content.decode()
    assert "Sure" in told and "Fair" in told and "phone" in told
    assert client.post(at, sent).status_code == 422  # answered already


def test_a_no_needs_nothing_filled_in(client: Client, actor: Actor, play: Any) -> None:
    ask = {"do": "ask", "who": "me", "question": "Well?", "n": 1, "unit": "days", "fields": ["campaign"],
           "needed": ["campaign"], "then": [], "else": [task("no")]}  # fmt: skip
    workflow(actor, [ask])
    one = lead(actor)
    play()
    [request] = type_of("automation.request").model.objects.all()
    client.post(reverse("request_answer", args=[request.pk]), {"_field": "campaign", "campaign": "x", "op": "decline"})
    play()
    one.refresh_from_db()
    assert one.campaign == "" and runs()[0].state == "done"
    assert [t.subject for t in type_of("work.task").model.objects.all()] == ["no"]


def test_what_is_selected_in_a_list_starts_a_workflow_as_far_as_it_fits(
    client: Client, actor: Actor, play: Any
) -> None:
    some = [lead(actor, source=s) for s in ("a", "b", "a")]
    where = {"field": "source", "op": "is", "value": "a"}
    made = workflow(actor, [task()], name="By hand", trigger={"when": "hand"}, where=where)
    workflow(actor, [task()], name="Of persons", on="contacts.person")
    at = reverse("workflow_start", args=["leads"])
    assert at in body(client.get(reverse("list", args=["leads"])))
    chosen = {"id": [str(s.pk) for s in some[:2]]}
    asked = body(client.post(at, chosen | {"ask": "1"}))
    assert "By hand" in asked and "Of persons" not in asked and runs() == []
    assert client.post(at, chosen | {"workflow": str(made.pk)}).status_code == 302
    play()
    assert [r.record for r in runs(made)] == [some[0].pk]
    assert body(client.post(at, {"id": [str(some[1].pk)], "workflow": str(made.pk)}), 422)
    assert client.post(at, {"all": "1", "where": "", "workflow": str(made.pk)}).status_code == 302
    play()
    assert sorted(r.record for r in runs(made)) == sorted([some[0].pk, some[0].pk, some[2].pk])
    assert client.post(at, {"workflow": str(made.pk)}).status_code == 422


def test_who_may_not_start_workflows_is_not_offered_it(tenant: Any, actor: Actor) -> None:
    few, _who = at_browser(tenant, "Few", [{"record": "sales.lead", "verb": "*"}])
    one = lead(actor, source="a")
    at = reverse("workflow_start", args=["leads"])
    assert at not in body(few.get(reverse("list", args=["leads"])))
    assert few.post(at, {"id": [str(one.pk)]}).status_code == 403


def test_the_log_of_a_run_goes_after_its_time_and_what_it_did_is_told_all_the_same(
    client: Client, actor: Actor, play: Any
) -> None:
    flows = [workflow(actor, [task()], again=again, name=again) for again in ("always", "once")]
    one = lead(actor)
    play()
    [first], [second] = runs(flows[0]), runs(flows[1])
    forgetting.forget()
    assert len(runs()) == 2 and Entry.objects.count() == 2
    with connection.cursor() as cursor:
        cursor.execute("UPDATE automation_run SET ended_at = ended_at - interval '181 days'")
    workspace.change(ActorScope(actor), {"run_days": 365})
    forgetting.forget()
    assert len(runs()) == 2
    workspace.change(ActorScope(actor), {"run_days": 30})
    forgetting.forget()
    assert [r.pk for r in runs()] == [second.pk] and Entry.objects.count() == 0
    told = body(client.get(reverse("run_explained", args=[first.pk])))
    assert "has ended" in told and "Call A press" in told
    assert client.get(reverse("run_explained", args=[one.pk])).status_code == 404
    run(actor, "automation.workflow.start", flows[0].pk, records=[str(one.pk)])
    with pytest.raises(Refused):  # it has run once, for ever
        run(actor, "automation.workflow.start", flows[1].pk, records=[str(one.pk)])
