"""Calls of other systems: signed, tried again with the same id, given up, called again by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import translation

from klientel.automation.models import Run
from klientel.automation.queries.explaining import explained
from klientel.automation.tests.conftest import play, step, workflow
from klientel.channels.jobs.calling import call_due
from klientel.channels.models import WebhookCall
from klientel.channels.queries import hooks
from klientel.kernel.access import ActorScope, system_actor
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.testing import make
from klientel.kernel.web.tests.conftest import actor, at_browser, client, desk

__all__ = ["actor", "client", "desk", "play"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def sink(settings: Any) -> Iterator[Any]:
    """A server that keeps what it is sent and answers what it is told to."""
    kept = SimpleNamespace(got=[], answers=[], then=200)

    class Hooks(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.got.append((dict(self.headers), body))
            self.send_response(kept.answers.pop(0) if kept.answers else kept.then)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hooks)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.KLIENTEL_EGRESS_ALLOW = f"*=127.0.0.1:{server.server_port}"
    kept.at = f"http://127.0.0.1:{server.server_port}/hook"
    yield kept
    server.shutdown()
    server.server_close()


def call(anna: Actor, sink: Any, **values: Any) -> Any:
    hook = run(anna, "channels.webhook.create", name="ERP", url=sink.at).record
    return hook, run(anna, "channels.webhookcall.send", webhook=hook.pk, topic="deal.won", **values).record


def now_due() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE channels_webhookcall SET next_at = now() WHERE next_at IS NOT NULL")


def state(one: Any) -> tuple[str, int, int | None]:
    found = WebhookCall.objects.get(pk=one.pk)
    return found.state, found.attempts, found.status


def test_a_call_is_signed_as_standard_webhooks_says_and_arrives_once(anna: Actor, sink: Any) -> None:
    person = make(anna, "contacts.person", last_name="Meyer")
    hook, one = call(anna, sink, concerns=[person.pk], text="Won!")
    call_due()
    call_due()
    assert state(one) == ("delivered", 1, 200)
    [(headers, body)] = sink.got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(hooks.secret(hook.pk).removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}" and headers["webhook-id"] == f"msg_{one.pk.hex}"
    assert b'"type":"deal.won"' in body and b"Meyer" in body and b"Won!" in body


def test_a15_what_is_tried_again_has_the_same_id_and_content(anna: Actor, sink: Any) -> None:
    sink.answers = [500, 200]
    _hook, one = call(anna, sink)
    call_due()
    assert state(one) == ("later", 1, 500)
    call_due()
    assert len(sink.got) == 1  # not before its time
    now_due()
    call_due()
    assert state(one) == ("delivered", 2, 200)
    (first, content), (second, again) = sink.got
    assert first["webhook-id"] == second["webhook-id"] and content == again


def test_what_fails_for_ever_is_given_up_and_can_be_called_again_by_hand(anna: Actor, sink: Any) -> None:
    sink.then = 503
    _hook, one = call(anna, sink)
    for _n in range(len(hooks.WAITS) + 2):
        call_due()
        now_due()
    assert state(one) == ("failed", len(hooks.WAITS) + 1, 503)
    sink.then = 204
    run(anna, "channels.webhookcall.replay", one.pk)
    call_due()
    assert state(one) == ("delivered", 1, 204)


@pytest.mark.parametrize(("answer", "after"), [(410, "failed"), (302, "later")])
def test_gone_ends_it_and_nothing_is_followed_elsewhere(anna: Actor, sink: Any, answer: int, after: str) -> None:
    sink.then = answer
    _hook, one = call(anna, sink)
    call_due()
    assert state(one) == (after, 1, answer) and len(sink.got) == 1
    told = type_of("channels.webhookcall").fields["reply"].show(WebhookCall.objects.get(pk=one.pk).reply)
    assert ("302" in told) is (answer == 302)  # whoever looks learns that it is the redirect


def test_private_addresses_are_not_called_unless_they_are_allowed(anna: Actor, sink: Any, settings: Any) -> None:
    _hook, one = call(anna, sink)
    settings.KLIENTEL_EGRESS_ALLOW = ""
    call_due()
    assert state(one) == ("later", 1, None) and sink.got == []
    reply, said = type_of("channels.webhookcall").fields["reply"], []
    for language in ("de", "en"):
        with translation.override(language):
            said.append(reply.show(WebhookCall.objects.get(pk=one.pk).reply))
    assert "darf von hier nicht erreicht werden" in said[0] and "may not be reached from here" in said[1]


def test_a_call_that_is_rolled_back_never_leaves(anna: Actor, sink: Any) -> None:
    with transaction.atomic():
        call(anna, sink)
        transaction.set_rollback(True)
    call_due()
    assert sink.got == [] and not WebhookCall.objects.exists()


def test_a_paused_webhook_keeps_its_calls_and_a_lost_worker_loses_none(anna: Actor, sink: Any) -> None:
    hook, one = call(anna, sink)
    run(anna, "channels.webhook.change", hook.pk, state="paused")
    call_due()
    assert sink.got == []
    run(anna, "channels.webhook.change", hook.pk, state="active")
    call_due()
    assert state(one)[0] == "delivered"


def test_only_what_the_caller_may_see_is_sent(anna: Actor, sink: Any) -> None:
    from klientel.kernel.testing.making import make_member

    some = make_member("Some", [
        {"record": "contacts.person", "verb": "view", "hidden": ["birthday"]},
        {"record": "channels.webhookcall", "verb": "*"}, {"record": "channels.webhook", "verb": "view"},
    ])  # fmt: skip
    person = make(anna, "contacts.person", birthday="1980-02-03")
    hook = run(anna, "channels.webhook.create", name="ERP", url=sink.at).record
    run(some, "channels.webhookcall.send", webhook=hook.pk, concerns=[person.pk])
    call_due()
    assert b"1980" not in sink.got[0][1]
    with pytest.raises(Refused):
        run(make_member("Other", []), "channels.webhookcall.send", webhook=hook.pk)


def test_the_secret_is_shown_to_whom_may_change_it_and_can_be_made_anew(
    tenant: Any, desk: Any, anna: Actor, sink: Any
) -> None:
    hook, _one = call(anna, sink)
    before, at = hooks.secret(hook.pk), reverse("record", args=["webhooks", hook.pk])
    assert before in desk[0].get(at).content.decode()
    reader, _boris = at_browser(tenant, "Boris", [{"record": "channels.webhook", "verb": "view"}])
    assert before not in reader.get(at).content.decode()
    run(anna, "channels.webhook.renew_secret", hook.pk)
    assert hooks.secret(hook.pk) not in ("", before)


def test_a_workflow_calls_a_webhook(anna: Actor, sink: Any) -> None:
    from klientel.automation.actions.steps import DOES, Work
    from klientel.automation.queries.triggers import Rule
    from klientel.lib.ids import uuid7

    person = make(anna, "contacts.person", last_name="Meyer")
    hook = run(anna, "channels.webhook.create", name="ERP", url=sink.at).record
    does = step("channels.webhookcall.send", webhook=str(hook.pk), topic="person", concerns=[{"of": "id"}],
                text="{{last_name}}")  # fmt: skip
    made = Run(record_type="contacts.person", record=person.pk, place=[0])
    rule = Rule(uuid7(), uuid7(), "F", anna.member, {"on": "contacts.person", "trigger": {"when": "hand"}, "steps": []})
    DOES["action"](Work(made, rule, anna, ActorScope(anna)), does)
    call_due()
    assert b'"text":"Meyer"' in sink.got[0][1]


def test_a7_calls_that_wait_are_taken_back_when_their_workflow_is_switched_off(
    anna: Actor, sink: Any, play: Any
) -> None:
    sink.answers = [500]
    hook, mine = call(anna, sink)
    call_due()  # this one waits to be tried again, and is nobody's workflow's
    flow = workflow(anna, [step("channels.webhookcall.send", webhook=str(hook.pk))], on="contacts.person")
    make(anna, "contacts.person", last_name="Meyer")
    play()
    run(anna, "automation.workflow.switch_off", flow.pk)
    play()
    now_due()
    call_due()
    assert len(sink.got) == 2 and state(mine)[0] == "delivered"
    lapsed = WebhookCall.objects.exclude(pk=mine.pk).get()
    assert (lapsed.state, lapsed.next_at) == ("recalled", None)
    with translation.override("en"):
        told = explained(ActorScope(anna), Run.objects.get().pk).steps
    assert told[0].note == "taken back"  # where the run is explained


def test_a_call_that_was_taken_back_while_it_was_under_way_is_not_tried_again(anna: Actor, sink: Any) -> None:
    _hook, one = call(anna, sink)
    run(anna, "channels.webhookcall.recall", one.pk)
    run(system_actor(), "channels.webhookcall.answered", one.pk, status=500)
    assert state(one) == ("recalled", 1, 500)
    run(system_actor(), "channels.webhookcall.answered", one.pk, status=200)
    assert state(one) == ("delivered", 2, 200)
    with pytest.raises(Refused):
        run(anna, "channels.webhookcall.recall", one.pk)
