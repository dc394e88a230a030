"""Mail by template from a workflow, end to end: through the gate, over the wire, and its outcome in the run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import translation

from klientel.automation.models import Entry, Run
from klientel.automation.queries.explaining import explained
from klientel.automation.tests.conftest import play, runs, step, task, workflow
from klientel.channels.jobs.sending import deliver
from klientel.channels.models import Mail
from klientel.channels.tests.test_gate import consent, person, purpose
from klientel.kernel.access import ActorScope
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Grant
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import reading

__all__ = ["play", "purpose"]
DAY = {"do": "wait", "n": 1, "unit": "days"}


@pytest.fixture
def template(anna):
    return run(anna, "channels.template.create", name="White paper", subject="For {{first_name}}",
               text="{{greeting}},\nhere it is.").record  # fmt: skip


def mail(template, **more):
    return step("contacts.person.send_mail", template=str(template.id), **more)


def tag(anna, who):
    run(anna, "contacts.person.change", who.id, position="Reader")


def flow(anna, *steps):
    changed = {"when": "changed", "fields": [{"field": "position"}]}
    return workflow(anna, list(steps), on="contacts.person", trigger=changed, anyway=True)


def notes(anna):
    with reading(), translation.override("en"):
        return [one.note for one in explained(ActorScope(anna), Run.objects.get().pk).steps]


def test_a_mail_by_template_arrives_and_the_run_tells_what_became_of_it(anna, account, sink, template, play):
    who = person(anna)
    flow(anna, mail(template))
    tag(anna, who)
    play()
    assert notes(anna) == ["waiting"] and sink.mails == []
    deliver(account=account.id)
    [(_sender, to, message)] = sink.mails
    assert to == ["kunde1@beispiel.de"] and who.first_name in message["Subject"]
    assert Mail.objects.get().state == "accepted" and notes(anna)[0].startswith("handed over")


def test_an_unclear_outcome_stands_in_the_run_and_is_not_sent_again(anna, account, sink, template, play):
    sink.script["kunde1@beispiel.de"] = ["data:drop"]
    flow(anna, mail(template))
    tag(anna, person(anna))
    play()
    deliver(account=account.id)
    play.later(days=2)
    deliver(account=account.id)
    assert list(sink.ids.values()) == [1]
    assert notes(anna)[0].startswith("unclear")


def test_a10_an_objection_ends_the_runs_that_have_advertising_ahead_and_no_others(
    anna, account, sink, template, purpose, play
):
    who, willing = person(anna, 1), person(anna, 2)
    for one in (who, willing):
        consent(anna, one, purpose)
    letter = mail(template, nature="advertising", purpose=str(purpose.id))
    flow(anna, DAY, letter, task("Call {{title}}"))
    flow(anna, DAY, task("Birthday of {{title}}"))
    workflow(anna, [DAY, letter | {"of": "person"}], on="sales.lead")
    run(anna, "sales.lead.create", name="A press", person=who.id)
    for one in (who, willing):
        tag(anna, one)
    play()
    run(anna, "contacts.person.object_to_advertising", who.id, extent="advertising")
    play()
    ended = Run.objects.filter(trouble="objected")
    assert {(r.state, r.record_type) for r in ended} == {("lapsed", "contacts.person"), ("lapsed", "sales.lead")}
    play.later(days=2)
    deliver(account=account.id)
    assert [to for _f, to, _m in sink.mails] == [["kunde2@beispiel.de"]]
    done = sorted(t.subject.split()[0] for t in type_of("work.task").model.objects.all())
    assert done == ["Birthday", "Birthday", "Call"] and not Mail.objects.filter(person=who.id).exists()
    with reading(), translation.override("en"):
        said = explained(ActorScope(anna), ended.filter(record=who.id).get().pk)
    assert "objected" in said.reason and said.coming == []


def test_what_may_not_be_sent_when_its_turn_comes_is_an_outcome_and_the_rest_goes_on(
    anna, account, sink, template, purpose, play
):
    who = person(anna)
    given = consent(anna, who, purpose)
    flow(anna, DAY, mail(template, nature="advertising", purpose=str(purpose.id)), task("Call {{title}}"))
    tag(anna, who)
    play()
    run(anna, "channels.consent.withdraw", given.id)
    play.later(days=2)
    deliver(account=account.id)
    assert sink.mails == [] and [r.state for r in runs()] == ["done"]
    assert type_of("work.task").model.objects.count() == 1 and not Mail.objects.exists()
    [told] = [e.told for e in Entry.objects.filter(run=runs()[0].pk, n=1)]
    assert "withdrawn" in told["withheld"]["en"] and "widerrufen" in told["withheld"]["de"]
    with reading(), translation.override("en"):
        assert explained(ActorScope(anna), runs()[0].pk).steps[1].note.startswith("Not sent: ")


def test_who_objects_after_it_was_written_gets_nothing_and_the_run_says_so(
    anna, account, sink, template, purpose, play
):
    who = person(anna)
    consent(anna, who, purpose)
    flow(anna, mail(template, nature="advertising", purpose=str(purpose.id)))
    tag(anna, who)
    play()
    run(anna, "contacts.person.object_to_advertising", who.id, extent="advertising")
    deliver(account=account.id)
    assert sink.mails == [] and Mail.objects.get().state == "withheld"
    assert "Art. 21" in notes(anna)[0]


def test_what_was_written_before_a_kill_is_sent_once(anna, account, sink, template, play):
    """The mail is laid out in the transaction that moves the run on, so one that is repeated lays out none."""
    flow(anna, mail(template))
    tag(anna, person(anna))
    play()
    play.again()
    deliver(account=account.id)
    assert Mail.objects.count() == 1 and list(sink.ids.values()) == [1]


def test_a7_what_still_waits_to_go_out_lapses_when_the_workflow_is_switched_off(anna, account, sink, template, play):
    made = flow(anna, mail(template))
    tag(anna, person(anna))
    run(anna, "contacts.person.send_mail", person(anna, 2).id, subject="Mine", text="Stays")
    play()
    run(anna, "automation.workflow.switch_off", made.pk)
    play()
    deliver(account=account.id)
    assert [to for _f, to, _m in sink.mails] == [["kunde2@beispiel.de"]]
    assert sorted(Mail.objects.values_list("state", flat=True)) == ["accepted", "recalled"]


def test_what_somebody_typed_into_a_field_is_no_placeholder_of_the_mail(anna, account, template, play):
    who = person(anna)
    run(anna, "contacts.person.change", who.id, first_name="{{link}}}", department="{{sender}}")
    flow(anna, step("contacts.person.send_mail", subject="For {{first_name}}", text="You work at {{department}}."))
    tag(anna, who)
    play()
    [sent] = Mail.objects.all()
    assert (sent.subject, sent.text) == ("For { {link} } }", "You work at { {sender} }.")
    assert [r.state for r in runs()] == ["done"]


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("Quote {{number}} of {{total}}", "placeholder_empty", "{{number}}"),
        ("Please click {{link}}", "placeholder_empty", "{{link}}"),
        ("{{greeting}}, {{organisation}}", "", ""),
    ],
)
def test_a_template_that_can_be_filled_in_for_nobody_is_refused_when_it_is_activated(anna, text, code, named):
    odd = run(anna, "channels.template.create", name="Odd", subject="Hello", text=text).record
    if not code:
        assert flow(anna, mail(odd)).state == "active"
        return
    with pytest.raises(Refused) as no:
        flow(anna, mail(odd))
    assert (no.value.code, no.value.field) == (code, "steps.0") and named in str(no.value.message)
    typed = flow(anna, step("contacts.person.send_mail", template=str(odd.id), subject="Hello", text="As I typed it"))
    assert typed.state == "active"


def test_a_template_that_is_gone_and_a_mail_without_any_text_are_refused_too(anna, template, purpose):
    def code(**given):
        with pytest.raises(Refused) as no:
            flow(anna, step("contacts.person.send_mail", **given))
        return no.value.code, no.value.field

    assert code(subject="Hello") == ("required", "steps.0")
    assert code(template=str(template.id), nature="advertising") == ("required", "steps.0")
    run(anna, "channels.template.archive", template.id)
    assert code(template=str(template.id)) == ("not_a_record", "steps.0")


def test_a_placeholder_of_what_whoever_activates_may_not_see_is_refused(anna, template):
    grants = (Grant("contacts.person", "*", {}, hidden=("first_name",)),)
    grants += tuple(Grant(key, "*") for key in ("automation.workflow", "channels.template", "channels.mail"))
    with pytest.raises(Refused) as no:
        workflow(replace(anna, grants=grants), [mail(template)], on="contacts.person")
    assert no.value.code == "placeholder_empty" and "{{first_name}}" in str(no.value.message)
