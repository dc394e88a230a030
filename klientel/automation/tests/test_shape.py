"""Definitions that nobody's page made: whatever an API sends is refused in words or can be shown, never a fault."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from klientel.automation.models import shape
from klientel.automation.queries import checking, saying
from klientel.automation.tests.conftest import LEAD, changed, step, task, workflow
from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor

pytestmark = pytest.mark.django_db
ODD: tuple[Any, ...] = (5, True, "", "x", [], [5], {}, {"x": 5}, [{"name": 5}], [None])
QUESTION = {"name": "mood", "label": "How was it?", "sort": "text"}
WHOLE: dict[str, Any] = {
    "on": LEAD,
    "trigger": {"when": "changed", "fields": [{"field": "status", "from": "new", "to": "contacted"}]},
    "where": {"field": "source", "op": "is", "value": "web"},
    "again": "once",
    "steps": [
        task(due={"in": 1, "unit": "days"}),
        {"do": "notify", "who": "owner", "text": "Hello {{title}}"},
        {"do": "wait", "n": 1, "unit": "days"},
        {"do": "until", "field": "first_response_at", "days": 1, "at": "08:00"},
        {"do": "await", "where": {"all": []}, "event": "sales.lead.react", "n": 1, "unit": "days", "then": [],
         "late": [task()]},
        {"do": "branch", "where": {"all": []}, "then": [task()], "else": []},
        {"do": "ask", "who": "owner", "question": "Yes?", "fields": ["source"], "needed": ["source"],
         "questions": [QUESTION], "n": 1, "unit": "days", "then": [], "else": []},
        {"do": "repeat", "most": 2, "where": {"all": []}, "steps": [{"do": "wait", "n": 1, "unit": "days"}]},
    ],
}  # fmt: skip


def damaged(whole: Any, odd: Any) -> Any:
    """Every copy of a definition in which one value, however deep, gave way to another one."""
    if isinstance(whole, dict):
        for key, value in whole.items():
            yield from ({**whole, key: one} for one in damaged(value, odd))
    elif isinstance(whole, list):
        for n, value in enumerate(whole):
            yield from ([*whole[:n], one, *whole[n + 1 :]] for one in damaged(value, odd))
    yield odd


def damaged_at_once(odd: Any) -> Any:
    """A definition whose every setting of a name gave way to another value, for each name there is."""
    for name in sorted({key for one in WHOLE["steps"] for key in one} - {"do", *shape.LISTS}):
        steps = [{**one, name: odd} if name in one else one for one in WHOLE["steps"]]
        yield {**WHOLE, "steps": steps}


def test_a_definition_of_another_shape_is_refused_or_said_in_words(anna: Actor) -> None:
    scope, taken = ActorScope(anna), 0
    for odd in ODD:
        for one in damaged(WHOLE, odd):
            try:
                shape.check(one)
            except Refused:
                continue
            taken += 1
            saying.trigger(one, scope)
            saying.steps(one, scope)
            for no in checking.refusals(one, scope):
                assert str(no.message)
    assert taken


@pytest.mark.parametrize("odd", ["x", {"x": 5}], ids=repr)
def test_a_draft_of_another_shape_has_its_pages(client: Client, actor: Actor, odd: Any) -> None:
    """One setting of each step and of the trigger, all at once: what a page draws from any of them is drawn."""
    flow = run(actor, "automation.workflow.create", name="F", definition=WHOLE).record
    for one in damaged_at_once(odd):
        try:
            run(actor, "automation.workflow.change", flow.pk, definition=one)
        except Refused:
            continue
        at = reverse("workflow_flow", args=[flow.pk])
        for page in ("", "/beginning", *(f"/{n}" for n in range(len(one["steps"])))):
            assert client.get(f"{at}{page}").status_code == 200, (page, one)


@pytest.mark.parametrize("side", ["from", "to"])
def test_a_value_that_a_field_cannot_have_is_refused_when_it_is_activated(anna: Actor, side: str) -> None:
    with pytest.raises(Refused) as no:
        workflow(anna, [task()], **changed({"field": "status", side: "nonsense"}))
    assert (no.value.code, no.value.field) == ("not_a_choice", "trigger")
    assert workflow(anna, [task()], **changed({"field": "status", side: None})).state == "active"


def test_what_changes_from_and_to_is_chosen_among_yes_and_no_and_the_few_records_of_a_link(
    client: Client, actor: Actor
) -> None:
    run(actor, "sales.pipeline.begin")
    flow = run(actor, "automation.workflow.create", name="New workflow").record
    at = reverse("workflow_beginning", args=[flow.pk])
    sent = {"version": 1, "on": "sales.deal", "when": "changed", "again": "always", "name": "Moved on"}
    page = client.post(at, sent).content.decode()
    assert 'value="Moved on"' in page and 'name="from:stage"' in page and 'name="to:probability"' not in page
    stage = page.split('name="to:stage"')[1].split('<option value="')[2].split('"')[0]
    chosen = {"field": ["stage", "value_by_hand"], "to:stage": stage, "from:value_by_hand": "true"}
    assert client.post(at, sent | chosen | {"save": "1"}).status_code == 302
    flow.refresh_from_db()
    assert flow.name == "Moved on"
    assert flow.definition["trigger"]["fields"][0] == {"field": "stage", "to": stage}
    assert f'value="{stage}" selected' in client.get(at).content.decode()


def test_a_value_that_the_page_does_not_offer_stays_when_it_is_saved(client: Client, actor: Actor) -> None:
    trigger = {"when": "changed", "fields": [{"field": "source", "to": "fair"}]}
    flow = run(actor, "automation.workflow.create", name="F",
               definition={"on": LEAD, "trigger": trigger, "steps": []}).record  # fmt: skip
    at = reverse("workflow_beginning", args=[flow.pk])
    page = client.get(at).content.decode()
    assert 'name="to:source"' in page and 'value="fair" selected' in page
    sent = {"version": 1, "on": LEAD, "when": "changed", "again": "once", "name": "F", "field": "source", "save": "1"}
    client.post(at, sent | {"to:source": "fair"})
    flow.refresh_from_db()
    assert flow.definition["trigger"] == trigger


def test_texts_say_what_is_filled_in_by_the_name_of_its_field(client: Client, actor: Actor) -> None:
    steps = [task("Call {{title}} of {{source}}"), {"do": "notify", "who": "owner", "text": "Look: {{title}}"},
             {"do": "ask", "who": "owner", "question": "Is {{title}} ours?", "n": 1, "unit": "days"},
             step("work.task.create", subject="x", due={"in": 0, "unit": "days"})]  # fmt: skip
    flow = run(actor, "automation.workflow.create", name="F",
               definition={"on": LEAD, "trigger": {"when": "made"}, "steps": steps}).record  # fmt: skip
    page = client.get(reverse("workflow_flow", args=[flow.pk])).content.decode()
    assert "Call [name of the record] of [source]" in page and "Is [name of the record] ours?" in page
    assert "Look: [name of the record]" in page and "{{" not in page and "<dd>today</dd>" in page


def test_a_new_record_is_about_this_one_and_of_its_owner_unless_somebody_chooses_otherwise(
    client: Client, actor: Actor
) -> None:
    definition = {"on": LEAD, "trigger": {"when": "made"}, "steps": [{"do": "action"}]}
    flow = run(actor, "automation.workflow.create", name="F", definition=definition).record
    at = reverse("workflow_step", args=[flow.pk, "0"])
    page = client.post(at, {"version": 1, "doing": "work.task.create ", "as": ""}).content.decode()
    for name, chosen in (("concerns", "of:id"), ("owner", "of:owner")):
        drawn = page.split(f'name="src:{name}"')[1].split("</select>")[0]
        assert f'value="{chosen}" selected' in drawn
    other = client.post(at, {"version": 1, "doing": f"{LEAD}.change id", "as": ""}).content.decode()
    assert 'value="of:owner" selected' not in other


@pytest.mark.parametrize(
    ("does", "called", "wanted"),
    [
        ("action", "Do something", "Please choose what it should do."),
        ("branch", "Branch", "Please say the condition that decides which way it goes."),
        ("until", "Wait until a day", "Please choose a field that holds a day."),
        ("await", "Wait for something", "Please choose what it waits for."),
    ],
)
def test_a_step_that_nobody_has_set_yet_is_called_by_its_kind_and_blamed_only_in_the_flow(
    client: Client, actor: Actor, does: str, called: str, wanted: str
) -> None:
    flow = run(actor, "automation.workflow.create", name="F").record
    at = reverse("workflow_flow", args=[flow.pk])
    added = client.post(at, {"version": 1, "op": f"add 0 {does}"})
    page = client.get(added.url).content.decode()
    assert f'<h2 id="s-title">{called}</h2>' in page and wanted not in page
    whole = client.get(at).content.decode()
    assert f'<p class="what">{called}</p>' in whole and wanted in whole
