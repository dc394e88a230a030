"""Questions of a workflow's own: asked, answered, used by later steps, and told where the run is explained."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from klientel.automation.models import Workflow
from klientel.automation.tests.conftest import lead, play, runs, task, workflow
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.web.tests.conftest import actor, client

__all__ = ["actor", "client", "play"]
pytestmark = pytest.mark.django_db
BUDGET = {"name": "budget", "label": "Budget in euros?", "sort": "whole", "needed": True}
MOOD = {"name": "mood", "label": "How did they sound?", "sort": "choice", "of": ["keen", "cool"]}
DAY = {"name": "day", "label": "When?", "sort": "date"}


def asking(*then: Any, questions: Any = (BUDGET, MOOD, DAY)) -> dict[str, Any]:
    return {"do": "ask", "who": "me", "question": "What did they say?", "n": 1, "unit": "days",
            "questions": list(questions), "then": list(then), "else": []}  # fmt: skip


def over(value: int) -> dict[str, Any]:
    return {"field": "answer_budget", "op": "over", "value": value}


def requests() -> list[Any]:
    return list(type_of("automation.request").model.objects.order_by("id"))


def subjects() -> list[str]:
    return sorted(t.subject for t in type_of("work.task").model.objects.all())


def test_answers_are_used_in_conditions_texts_and_fields_of_later_steps(anna: Actor, play: Any) -> None:
    rich = {"do": "branch", "where": {"all": [over(4000), {"field": "answer_mood", "op": "is", "value": "keen"}]},
            "then": [task("{{answer_budget}} on {{answer_day}}", due={"of": "answer_day"})],
            "else": [task("poor")]}  # fmt: skip
    workflow(anna, [asking(rich)])
    lead(anna)
    play()
    [one] = requests()
    given = {"answer_budget": 5000, "answer_mood": "keen", "answer_day": "2027-03-01"}
    run(anna, "automation.request.approve", one.pk, answers=given)
    play()
    [made] = type_of("work.task").model.objects.all()
    assert made.subject.startswith("5") and "2027" in made.subject and str(made.due) == "2027-03-01"


def test_what_was_not_answered_is_empty(anna: Actor, play: Any) -> None:
    empty = {"do": "branch", "where": {"field": "answer_mood", "op": "empty"}, "then": [task("[{{answer_mood}}]")],
             "else": []}  # fmt: skip
    workflow(anna, [empty, asking(empty)])
    lead(anna)
    play()
    run(anna, "automation.request.approve", requests()[0].pk, answers={"answer_budget": 1})
    play()
    assert subjects() == ["[]", "[]"]


def test_of_two_runs_each_knows_its_own_answers(anna: Actor, play: Any) -> None:
    workflow(anna, [asking(task("{{title}}: {{answer_budget}}"))])
    for name, budget in (("A", 1), ("B", 2)):
        lead(anna, name=name)
        play()
        run(anna, "automation.request.approve", requests()[-1].pk, answers={"answer_budget": budget})
    play()
    assert subjects() == ["A: 1", "B: 2"]


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({}, "required", "answer_budget"),
        ({"answer_budget": "much"}, "not_a_number", "answer_budget"),
        ({"answer_budget": 1, "answer_mood": "warm"}, "not_a_choice", "answer_mood"),
        ({"answer_budget": 1, "answer_else": 1}, "unknown_field", "answer_else"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_at_its_question(
    anna: Actor, play: Any, given: Any, code: str, field: str
) -> None:
    workflow(anna, [asking()])
    lead(anna)
    play()
    [one] = requests()
    with pytest.raises(Refused) as no:
        run(anna, "automation.request.approve", one.pk, answers=given)
    assert (no.value.code, no.value.field) == (code, field)
    one.refresh_from_db()
    assert (one.state, one.answers) == ("open", {})


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({"name": "Bad name", "label": "x", "sort": "text"}, "bad_question"),
        ({"name": "x", "label": " ", "sort": "text"}, "bad_question"),
        ({"name": "x", "label": "x", "sort": "money"}, "bad_question"),
        ({"name": "x", "label": "x", "sort": "choice", "of": ["one"]}, "no_choice"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_at_its_step(anna: Actor, question: Any, code: str) -> None:
    with pytest.raises(Refused) as no:
        workflow(anna, [asking(questions=[question])])
    assert (no.value.code, no.value.field) == (code, "steps.0")
    with pytest.raises(Refused) as no:
        workflow(anna, [asking(questions=[MOOD, MOOD])])
    assert no.value.code == "twice"


def test_an_answer_that_nobody_asks_for_is_no_field(anna: Actor) -> None:
    for where in ({"trigger": {"when": "made"}, "where": over(1)}, {}):
        steps = [asking()] if where else [{"do": "branch", "where": over(1), "then": [task()], "else": []}]
        with pytest.raises(Refused) as no:
            workflow(anna, steps, **where)
        assert no.value.code == "no_such_field"


def test_questions_are_written_on_the_page_of_the_step_and_offered_by_the_next_one(
    client: Client, actor: Actor
) -> None:
    steps = [asking(questions=[]), {"do": "branch", "where": {"all": []}, "then": [], "else": []}]
    definition = {"on": "sales.lead", "trigger": {"when": "made"}, "steps": steps}
    made = run(actor, "automation.workflow.create", name="F", definition=definition).record
    at = reverse("workflow_step", args=[made.pk, "0"])
    sent = {"who": "me", "text": "Well?", "n": "1", "unit": "days", "q0-label": "Größe der Anlage?", "q0-sort": "whole",
            "q0-needed": "1", "q1-label": "Which?", "q1-sort": "choice", "q1-of": "A, B"}  # fmt: skip
    assert client.post(at, sent).status_code == 302
    [first, second] = Workflow.objects.get(pk=made.pk).definition["steps"][0]["questions"]
    assert first | {"name": ""} == {"name": "", "label": "Größe der Anlage?", "sort": "whole", "needed": True}
    assert (second["name"], second["of"]) == ("which", ["A", "B"])
    page = client.get(at).content.decode()
    assert 'value="Größe der Anlage?"' in page and 'value="A, B"' in page
    branch = client.get(reverse("workflow_step", args=[made.pk, "1"])).content.decode()
    assert f'value="field:answer_{first["name"]}"' in branch and "Größe der Anlage?" in branch
    flow = client.get(reverse("workflow_flow", args=[made.pk])).content.decode()
    assert "Größe der Anlage? (needed)" in flow
    drawn = client.post(reverse("workflow_builder", args=[made.pk]), {"prefix": "where", "where!": "add where"})
    assert drawn.status_code == 200 and "Größe der Anlage?" in drawn.content.decode()


def test_they_are_answered_on_the_page_and_stand_in_the_explanation(client: Client, actor: Actor, play: Any) -> None:
    made = workflow(actor, [asking(task("{{answer_mood}}"))])
    lead(actor)
    play()
    [one] = requests()
    at = reverse("request_answer", args=[one.pk])
    page = client.get(at).content.decode()
    assert "Budget in euros?" in page and "How did they sound?" in page
    sent = {"_field": ["answer_budget", "answer_mood", "answer_day"], "answer_budget": "", "answer_mood": "keen",
            "answer_day": "", "note": "Sure", "op": "approve"}  # fmt: skip
    answer = client.post(at, sent)
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.content.decode()
    assert client.post(at, sent | {"answer_budget": "7000"}).status_code == 302
    play()
    assert subjects() == ["keen"]
    told = client.get(reverse("run_explained", args=[runs(made)[0].pk])).content.decode()
    assert "Budget in euros?: 7,000" in told and "How did they sound?: keen" in told
    assert "7,000" in client.get(reverse("record", args=["requests", one.pk])).content.decode()
