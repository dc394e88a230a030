"""Calls that come in: signed, fresh, once; with the rights of whoever activated the workflow, and no more."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.test import Client
from django.urls import reverse

from klientel.automation.jobs import timing
from klientel.automation.models import Run
from klientel.channels.models import HookSeen
from klientel.channels.queries import hooks
from klientel.kernel.actions import run
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import inside
from klientel.kernel.testing.making import make_tenant
from klientel.kernel.web.tests.conftest import actor, client, desk, narrow

__all__ = ["actor", "client", "desk", "narrow"]
pytestmark = pytest.mark.django_db
PERSON = "contacts.person"


def flow(anna: Actor, when: str = "call", **facts: Any) -> Any:
    steps = [{"do": "action", "action": "work.task.create", "params": {"subject": "Welcome {{last_name}}"}}]
    definition = {"on": PERSON, "trigger": {"when": when}, "steps": steps, **facts}
    made = run(anna, "automation.workflow.create", name="Called", definition=definition).record
    run(anna, "automation.workflow.activate", made.pk)
    run(anna, "automation.workflow.renew_call_secret", made.pk)
    return made


def sent(one: Any, content: Any, *, message: str = "msg_1", age: int = 0, secret: str = "", tenant: Any = None) -> Any:
    body, at = orjson.dumps(content), int(time.time()) - age
    key = secret or hooks.secret(one.pk)
    import base64

    signature = hooks.signed(base64.b64decode(key.removeprefix("whsec_")), message, at, body)
    headers = {"webhook-id": message, "webhook-timestamp": str(at), "webhook-signature": f"v1,AAAA {signature}"}
    place = reverse("hook", args=[tenant or one.tenant_id, one.pk])
    with inside(None):
        return Client().post(place, body, content_type="application/json", headers=headers)


def test_a_signed_call_makes_a_record_and_starts_the_workflow_once(anna: Actor) -> None:
    one = flow(anna)
    first = sent(one, {"values": {"last_name": "Meyer"}})
    again = sent(one, {"values": {"last_name": "Meyer"}})
    assert (first.status_code, again.status_code, again.json()) == (202, 202, {"seen_before": True})
    [made] = Run.objects.all()
    assert str(made.record) == first.json()["record"] and [str(made.pk)] == first.json()["runs"]
    with working_in(anna.tenant):
        timing.work()
    assert type_of("work.task").model.objects.get().subject == "Welcome Meyer"
    assert type_of(PERSON).model.objects.count() == 1


def test_a_call_may_name_a_record(anna: Actor) -> None:
    one = flow(anna)
    person = run(anna, f"{PERSON}.create", last_name="Meyer").record
    assert sent(one, {"data": {"record": str(person.pk)}}).json()["record"] == str(person.pk)
    assert Run.objects.get().record == person.pk


@pytest.mark.parametrize(
    "wrong", [{"age": 400}, {"age": -400}, {"secret": "whsec_" + "A" * 32}, {"message": "x" * 200}]
)
def test_what_is_not_signed_or_not_fresh_does_nothing(anna: Actor, wrong: dict[str, Any]) -> None:
    one = flow(anna)
    assert sent(one, {"values": {"last_name": "Meyer"}}, **wrong).status_code == 401
    assert not type_of(PERSON).model.objects.exists() and not HookSeen.objects.exists()


def test_another_tenants_address_opens_nothing(anna: Actor) -> None:
    one, other = flow(anna), make_tenant("elbtal")
    assert sent(one, {"values": {"last_name": "Meyer"}}, tenant=other.pk).status_code == 401
    assert sent(one, {"values": {"last_name": "Meyer"}}, tenant=uuid4()).status_code == 401
    assert not type_of(PERSON).model.objects.exists()


def test_what_is_refused_leaves_nothing_and_may_come_again(anna: Actor) -> None:
    one = flow(anna)
    refused = sent(one, {"values": {"nonsense": 1}})
    assert refused.status_code == 422 and refused.json()["field"] == "nonsense"
    assert sent(one, ["x"]).status_code == 422 and sent(one, {}).json()["code"] == "no_record"
    assert not HookSeen.objects.exists()
    assert sent(one, {"values": {"last_name": "Meyer"}}).status_code == 202


def test_only_an_active_workflow_that_waits_for_calls_can_be_called(anna: Actor) -> None:
    assert sent(flow(anna, when="hand"), {"values": {"last_name": "Meyer"}}).status_code == 404
    one = flow(anna)
    run(anna, "automation.workflow.pause", one.pk)
    assert sent(one, {"values": {"last_name": "Meyer"}}).status_code == 404
    assert not type_of(PERSON).model.objects.exists()


def test_address_and_secret_are_shown_to_whom_may_change_the_workflow(anna: Actor, desk: Any, narrow: Any) -> None:
    definition = {"on": PERSON, "trigger": {"when": "call"}, "steps": []}
    one = run(anna, "automation.workflow.create", name="Called", definition=definition).record
    at = reverse("workflow_address", args=[one.pk])
    assert "There is no secret yet" in desk[0].get(at).content.decode()
    assert desk[0].post(at).status_code == 302
    page = desk[0].get(at).content.decode()
    assert hooks.secret(one.pk) in page and reverse("hook", args=[one.tenant_id, one.pk]) in page
    assert at in desk[0].get(reverse("workflow_flow", args=[one.pk])).content.decode()
    assert narrow[0].get(at).status_code == 404
