"""Forms for everybody: without cookies, without scripts, without telling machines or strangers anything."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from itertools import count

import pytest
from django.core import signing

from klientel.channels.jobs.sending import deliver
from klientel.channels.models import Consent, FormDay, Response
from klientel.channels.queries import forms, tickets
from klientel.channels.tests.test_forms import ASKED, form, publish, purpose, wording
from klientel.kernel.actions import run
from klientel.kernel.files.storing import store
from klientel.kernel.records import type_of
from klientel.portal.tests.conftest import parts

__all__ = ["form", "purpose", "wording"]
EVA = {
    "person.first_name": "Eva", "person.last_name": "Sommer", "person.emails": "eva@beispiel.de",
    "organisation.name": "Sommer Logistik GmbH", "lead.message": "Please call me.",
}  # fmt: skip
SITE = "https://www.example.com"


def at(form, rest=""):
    return f"/page/hansewerk/{form.path}{rest}"


def field_of(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page.content.decode())[1]


@pytest.fixture
def patient(monkeypatch):
    """People need longer than two seconds."""
    monkeypatch.setattr(tickets, "QUICKEST", 0)


def fill_in(client, form, **more):
    page = client.get(at(form), more.pop("query", {}))
    names = [name for name in ("ticket", "utm_source") if f'name="{name}"' in page.content.decode()]
    return client.post(at(form), EVA | {name: field_of(page, name) for name in names} | more)


def test_the_page_sets_no_cookie_and_lets_nobody_frame_it(client, form):
    page = client.get(at(form))
    assert page.status_code == 200 and not page.cookies and page["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"] and b"csrfmiddlewaretoken" not in page.content
    assert b"checked" not in page.content  # no consent comes ticked (CJEU C-673/17)
    assert FormDay.objects.get().seen == 1


def test_a_visitor_without_scripts_sends_it_and_is_thanked(client, form, wording, patient):
    answer = fill_in(client, form, query={"utm_source": "fair"}, **{str(wording.id): "1"})
    assert answer.status_code == 303
    thanks = client.get(answer["Location"])
    assert thanks.status_code == 200 and b"look into your mailbox" in thanks.content and not thanks.cookies
    made = Response.objects.get()
    assert (made.state, made.utm_source, made.ip) == ("asked", "fair", "127.0.0.0/24") and made.lead


def test_the_same_page_sent_twice_is_one_and_looks_the_same(client, form, patient):
    page = client.get(at(form))
    answers = [client.post(at(form), EVA | {"ticket": field_of(page, "ticket")}) for _n in range(2)]
    assert [a.status_code for a in answers] == [303, 303] and Response.objects.count() == 1
    assert [client.get(a["Location"]).status_code for a in answers] == [200, 200]


def test_what_was_typed_stays_when_something_is_wrong(client, form, patient):
    answer = fill_in(client, form, **{"person.last_name": "", "person.emails": "eva@"})
    text = answer.content.decode()
    assert answer.status_code == 422 and 'value="Eva"' in text and 'value="eva@"' in text
    assert 'id="q-person-last_name-error"' in text and 'id="q-person-emails-error"' in text
    assert Response.objects.count() == 0


def test_a_machine_learns_nothing_and_makes_nothing(client, form, patient):
    answer = fill_in(client, form, **{tickets.TRAP: "http://spam.example"})
    assert answer.status_code == 303 and client.get(answer["Location"]).status_code == 200
    assert Response.objects.get().state == "suspected" and type_of("contacts.person").model.objects.count() == 0


def test_who_is_faster_than_people_is_held_back_unless_the_work_was_done(client, form):
    assert fill_in(client, form).status_code == 303
    page = client.get(at(form))
    ticket = field_of(page, "ticket")
    nonce = tickets.read(ticket, form.pk).nonce
    hashes = ((n, hashlib.sha256(f"{nonce}:{n}".encode()).digest()) for n in count())
    worked = next(n for n, found in hashes if int.from_bytes(found[:4], "big") >> 18 == 0)
    assert client.post(at(form), EVA | {"ticket": ticket, "worked": str(worked)}).status_code == 303
    assert [one.state for one in Response.objects.order_by("created_at")] == ["suspected", "taken"]


def test_a_page_that_was_altered_or_is_too_old_is_shown_again_with_what_was_typed(client, form, monkeypatch):
    ticket, _said = tickets.issue(form.pk, form.published)
    monkeypatch.setattr(tickets, "OLDEST", -1)
    for wrong in (ticket, ticket[:-2], "", signing.dumps("x", salt="y")):
        answer = client.post(at(form), EVA | {"ticket": wrong})
        assert answer.status_code == 422 and b'value="Sommer"' in answer.content
    assert Response.objects.count() == 0


def test_a_form_on_another_site_may_send_here_if_it_was_named(client, anna, form):
    headers = {"Origin": SITE, "Sec-Fetch-Site": "cross-site"}
    assert client.post(at(form), EVA, headers=headers).status_code == 422
    run(anna, "channels.form.change", form.pk, sites=SITE)
    for _n in range(2):  # a button pressed twice
        assert client.post(at(form), EVA, headers=headers).status_code == 303
    assert Response.objects.count() == 1


def test_it_stands_in_a_frame_of_named_sites_only(client, anna, form):
    run(anna, "channels.form.change", form.pk, sites=SITE)
    page = client.get(at(form, "/frame"))
    assert f"frame-ancestors 'self' {SITE};" in page["Content-Security-Policy"] and "X-Frame-Options" not in page
    script = client.get(at(form, "/form.js"))
    assert script["Cross-Origin-Resource-Policy"] == "cross-origin" and b"localStorage" not in script.content
    assert not page.cookies and not script.cookies


def test_a_network_that_sends_too_much_is_told_so_and_keeps_what_was_typed(client, form, patient, monkeypatch):
    monkeypatch.setattr(tickets, "WITHOUT_WORK", ("plain", 2, 600))
    answers = [fill_in(client, form) for _n in range(3)]
    assert [a.status_code for a in answers] == [303, 303, 429] and b'value="Sommer"' in answers[-1].content
    assert Response.objects.count() == 2


def test_the_file_is_for_whoever_sent_the_form(client, anna, account, patient):
    paper = store(anna, b"%PDF-1.7 a paper", name="paper.pdf").record.pk
    form = publish(anna, ASKED, file=paper)
    answer = fill_in(client, form)
    [link] = re.findall(r'href="(/page/[^"]*/file/[^"]*)"', client.get(answer["Location"]).content.decode())
    got = client.get(link)
    assert got.content == b"%PDF-1.7 a paper" and got["Content-Disposition"].startswith("attachment")
    assert client.get(link[:-3]).status_code == 404
    other = publish(anna, ASKED, path="other")
    text = fill_in(client, other)["Location"].rpartition("/")[2]  # sent another form, not this one
    assert client.get(link.rpartition("/")[0] + f"/{text}").status_code == 404
    assert client.get(at(form, f"/sent/{text}")).status_code == 404


def test_who_is_sent_on_goes_to_the_named_page(client, anna, account, patient):
    form = publish(anna, ASKED, redirect=f"{SITE}/thanks", sites=SITE)
    answer = fill_in(client, form)
    assert (answer.status_code, answer["Location"]) == (303, f"{SITE}/thanks")


def test_a_retired_form_and_no_form_say_so(client, anna, form):
    run(anna, "channels.form.retire", form.pk)
    closed = client.get(at(form))
    assert closed.status_code == 410 and b"closed" in closed.content
    assert client.post(at(form), EVA).status_code == 410 and Response.objects.count() == 0
    for nowhere in ("/page/hansewerk/nothing", "/page/elsewhere/white-paper"):
        assert client.get(nowhere).status_code == 404


def test_a_draft_is_shown_to_nobody_outside(client, anna, account):
    made = run(anna, "channels.form.create", name="Fair", parts=ASKED, path="fair").record
    assert client.get(at(made)).status_code == 404


def test_another_tenants_form_is_not_reached_under_ones_own_name(client, cleo, form):
    assert client.get(f"/page/elbtal/{form.path}").status_code == 404


@pytest.fixture
def link(client, form, wording, account, sink, patient):
    """The link as Eva finds it in her mail."""
    fill_in(client, form, **{str(wording.id): "1"})
    deliver(account=account.id)
    [(_sender, _to, message)] = sink.mails
    assert "List-Unsubscribe" not in message
    return re.search(r"https?://[^/]+(/confirm/\S+)", parts(message)["text/plain"].decode())[1]


def test_a_scanner_that_opens_the_link_confirms_nothing(client, link):
    for ask in (client.get, client.head):
        assert ask(link).status_code == 200
    assert Consent.objects.get().state == "pending"


def test_the_button_confirms_once_and_says_so(client, link, sink):
    shown = client.get(link)
    assert b"Yes, send me the newsletter." in shown.content and not shown.cookies
    for _n in range(2):
        answer = client.post(link)
        assert answer.status_code == 303 and b"this is confirmed" in client.get(answer["Location"]).content
    consent = Consent.objects.get()
    assert consent.state == "given" and consent.confirmed_ip == "127.0.0.0/24"
    assert consent.message_id == sink.mails[0][2]["Message-ID"]


def test_an_altered_link_changes_nothing_and_says_nothing(client, link):
    for wrong in (link[:-1] + ("A" if link[-1] != "A" else "B"), "/confirm/kc_nothing"):
        assert client.get(wrong).status_code == 404 and client.post(wrong).status_code == 404
    assert Consent.objects.get().state == "pending"


def test_a_link_that_has_ended_changes_nothing(client, form, wording, account, sink, patient, monkeypatch):
    monkeypatch.setattr(forms, "expires", lambda now: now)
    fill_in(client, form, **{str(wording.id): "1"})
    deliver(account=account.id)
    link = re.search(r"(/confirm/\S+)", parts(sink.mails[0][2])["text/plain"].decode())[1]
    assert b"has ended" in client.get(link).content and client.post(link).status_code == 200
    assert Consent.objects.get().state == "pending"


def test_the_lead_is_to_be_answered_within_the_time_of_its_inbox(client, anna, patient):
    team = run(anna, "kernel.team.create", name="North").record
    run(anna, "sales.leadinbox.create", team=team.id, respond_within=600, remind_before=120)
    asked = run(anna, "channels.form.create", name="Guide", heading="Guide", path="guide", language="en", parts=ASKED,
                team=team.id).record  # fmt: skip
    run(anna, "channels.form.publish", asked.id)
    assert fill_in(client, asked).status_code == 303
    made = type_of("sales.lead").model.objects.get()
    assert made.respond_by - made.created_at == dt.timedelta(hours=10)
