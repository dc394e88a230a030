"""Visits of websites: nothing without consent, slim rows for strangers, records for people who said who they are."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from django.utils import timezone

from klientel.channels.jobs import visits as jobs
from klientel.channels.models import Consent, Hit, Mail, Visit, Visitor
from klientel.channels.queries import visitlinks, visits
from klientel.channels.tests.test_forms import form, purpose, send, wording
from klientel.kernel import events
from klientel.kernel.actions import run
from klientel.kernel.conditions import SystemScope, matching
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.records import type_of
from klientel.kernel.writing import door
from klientel.portal.views import tracking

__all__ = ["form", "purpose", "wording"]
NUMBER = "0123456789abcdef0123456789abcdef"
HOME = "https://www.example.com"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"


@pytest.fixture
def site(anna, purpose):
    return run(anna, "channels.site.create", name="Our website", origins=HOME, purpose=purpose.id).record


def page(path="/prices", **more):
    return {"k": "page", "n": "Prices", "u": f"{HOME}{path}", "a": 60} | more


def tell(client, site, *some, number=NUMBER, origin=HOME, agent=AGENT, words=None, headers=None, **more):
    shown = visits.shown(site)["en"].digest if words is None else words
    said = {"v": number, "w": shown, "l": "en", "e": list(some)} | more
    given = {"Origin": origin, "User-Agent": agent} | (headers or {})
    return client.post(f"/track/v1/hansewerk/{site.key}", json.dumps(said), "text/plain", headers=given)


def test_what_a_stranger_does_is_a_slim_row_and_no_event(client, site):
    answer = tell(client, site, page(), {"k": "event", "n": "price calculator", "u": HOME, "p": {"total": 12}})
    assert answer.status_code == 204 and answer["Access-Control-Allow-Origin"] == HOME and not answer.cookies
    assert [(one.what, one.name, one.details) for one in Hit.objects.order_by("id")] == [
        ("page", "Prices", ""), ("event", "price calculator", "total: 12"),
    ]  # fmt: skip
    browser = Visitor.objects.get()
    assert (browser.network, browser.language, browser.person_id) == ("127.0.0.0/24", "en", None)
    assert NUMBER not in browser.digest and "May we measure" in browser.wording
    assert Visit.objects.count() == 0
    assert abs(Hit.objects.first().at - timezone.now() + dt.timedelta(minutes=1)) < dt.timedelta(seconds=30)


def test_nothing_is_taken_from_elsewhere_from_machines_or_from_whoever_asks_not_to_be_followed(client, site):
    assert tell(client, site, page(), origin="https://elsewhere.example").status_code == 403
    for more in ({"agent": "Googlebot/2.1"}, {"headers": {"Sec-GPC": "1"}}, {"headers": {"DNT": "1"}}):
        assert tell(client, site, page(), **more).status_code == 204
    assert tell(client, site, page(), words="other words").status_code == 409
    assert tell(client, site, page(), number="me").status_code == 422
    assert tell(client, site, page(n="x" * 20_000)).status_code == 422
    assert Hit.objects.count() == Visitor.objects.count() == 0


def test_what_is_told_is_bounded_and_addresses_lose_their_questions(client, site):
    tell(client, site, *[page(f"/p{n}?mail=eva@beispiel.de", n="x" * 400, p="no") for n in range(30)], 7, {"k": "no"})
    assert Hit.objects.count() == visits.MOST
    assert {len(one.name) for one in Hit.objects.all()} == {160} and not Hit.objects.filter(address__contains="?")


def test_a_network_that_tells_too_much_is_not_listened_to(client, site, monkeypatch):
    monkeypatch.setattr(visits, "TELL", ("visits", 2, 600))
    assert [tell(client, site, page()).status_code for _n in range(3)] == [204, 204, 429]


def test_words_that_changed_since_hold_for_who_agreed_before(client, anna, site, wording, purpose):
    before = visits.shown(site)["en"].digest
    tell(client, site, page())
    run(anna, "channels.wording.create", name="Web", purpose=purpose.id, channel="tracking", language="en", text="Yes?")
    assert visits.shown(site)["en"].text == "Yes?"
    assert tell(client, site, page(), words=before).status_code == 204
    assert tell(client, site, page(), words=before, number=NUMBER[::-1]).status_code == 409
    assert Hit.objects.count() == 2


def known(client, site, form):
    """Eva looked at two pages, and has sent the form since."""
    tell(client, site, page("/", n="Home", r="https://search.example", s="fair", c="spring"), page())
    return send(form, visitor=NUMBER)


def test_who_sends_a_form_is_known_and_what_they_did_before_is_theirs(client, site, form):
    made = known(client, site, form)
    consent = Consent.objects.get(channel="tracking")
    assert (consent.state, consent.person, consent.response) == ("given", made.person, made.pk)
    assert "May we measure" in consent.wording and consent.given_ip == "127.0.0.0/24" and consent.source == f"{HOME}/"
    assert (made.first_source, made.first_campaign) == ("fair", "spring")
    jobs.take_over()
    assert Hit.objects.count() == 0
    first, second = Visit.objects.order_by("id")
    assert (first.name, first.referrer, first.source) == ("Home", "https://search.example", "fair")
    assert {first.person, second.person} == {made.person} and {first.lead, second.lead} == {made.lead}
    told = [one for one in events.timeline(made.person) if one.kind == "channels.visit.view_page"]
    assert {one.record_id for one in told} == {first.pk, second.pk} and all(one.muted for one in told)
    assert {one.at for one in told} == {first.at, second.at}


def test_from_then_on_each_is_an_event_that_conditions_and_workflows_see(client, site, form):
    made = known(client, site, form)
    with door():
        Visitor.objects.update(known_at=timezone.now() - dt.timedelta(hours=2))
    jobs.take_over()
    tell(client, site, {"k": "event", "n": "price calculator", "u": HOME})
    jobs.take_over()
    [used] = [one for one in events.timeline(made.person) if one.kind == "channels.visit.use"]
    assert not used.muted
    named, other = ({"field": "name", "op": "is", "value": one} for one in ("price calculator", "something else"))
    for key, one in (("contacts.person", made.person), ("sales.lead", made.lead)):
        way = f"channels.visit.{key.rpartition('.')[2]}"
        asked = {
            "happened": {"happened": "channels.visit.use"},
            "named": {"has": way, "where": named},
            "other": {"has": way, "where": other},
        }
        fits = matching(SystemScope(made.tenant_id), type_of(key), asked, [one]).fulfilled[one]
        assert fits == {"happened", "named"}


def test_a_form_with_the_number_of_somebody_elses_browser_joins_nothing(client, site, form):
    known(client, site, form)
    ida = {"person.last_name": "Gut", "person.emails": [{"value": "i@beispiel.de"}]}
    made = send(form, ida, visitor=NUMBER)
    assert Visitor.objects.get().person_id != made.person and Consent.objects.filter(channel="tracking").count() == 1
    assert send(form, ida, visitor="nonsense").person == made.person


def test_what_is_held_back_makes_nobody_known(client, site, form):
    tell(client, site, page())
    send(form, visitor=NUMBER, suspicion="too fast")
    assert Visitor.objects.get().person_id is None


def test_a_stranger_who_takes_it_back_is_forgotten_at_once(client, site):
    tell(client, site, page())
    assert tell(client, site, gone=True).status_code == 204
    assert Hit.objects.count() == Visitor.objects.count() == 0


def test_a_person_who_takes_it_back_is_forgotten_with_all_visits(client, site, form):
    known(client, site, form)
    jobs.take_over()
    assert tell(client, site, gone=True).status_code == 204
    assert Consent.objects.get(channel="tracking").state == "withdrawn"
    jobs.forget_withdrawn()
    assert Visit.objects.count() == Visitor.objects.count() == Hit.objects.count() == 0


def test_a_consent_that_is_withdrawn_by_us_ends_it_too(client, anna, site, form):
    known(client, site, form)
    run(anna, "channels.consent.withdraw", Consent.objects.get(channel="tracking").pk)
    jobs.take_over()
    assert Visit.objects.count() == Hit.objects.count() == 0
    jobs.forget_withdrawn()
    assert Visitor.objects.count() == 0
    assert tell(client, site, page()).status_code == 204  # who agrees anew is a stranger again
    assert Visitor.objects.get().person_id is None


def test_strangers_are_forgotten_after_the_days_of_their_website(client, site):
    tell(client, site, page())
    jobs.forget_strangers()
    assert Hit.objects.count() == 1
    long_ago = timezone.now() - dt.timedelta(days=91)
    with door():
        Visitor.objects.update(seen_at=long_ago)
    jobs.forget_strangers()
    assert Hit.objects.count() == Visitor.objects.count() == 0


def test_an_erased_person_leaves_no_visit(client, anna, site, form):
    made = known(client, site, form)
    jobs.take_over()
    tell(client, site, page())
    for verb in ("archive", "remove"):
        run(anna, f"contacts.person.{verb}", made.person)
    assert Visit.objects.count() == Visitor.objects.count() == Hit.objects.count() == 0


def test_nobody_writes_down_a_visit_by_hand(anna, site):
    with pytest.raises(Forbidden):
        run(anna, "channels.visit.create", person=None)


def test_days_are_bounded(anna, purpose):
    for days in (0, 400):
        with pytest.raises(Refused) as no:
            run(anna, "channels.site.create", name="S", origins=HOME, purpose=purpose.id, keep_days=days)
        assert no.value.field == "keep_days"


def test_the_script_asks_in_the_words_of_the_house_and_is_small(client, anna, site, purpose, wording):
    at = f"/track/v1/hansewerk/{site.key}.js"
    got = client.get(at)
    text = got.content.decode()
    assert got["Cross-Origin-Resource-Policy"] == "cross-origin" and not got.cookies and "May we measure" in text
    assert client.get(at, headers={"If-None-Match": got["ETag"]}).status_code == 304
    assert len(tracking.served()) < 4096
    run(anna, "channels.site.change", site.pk, state="paused")
    assert client.get(at).status_code == 404 and tell(client, site, page()).status_code == 404


def test_figures_count_strangers_and_people(client, site, form):
    known(client, site, form)
    jobs.take_over()
    tell(client, site, page(), {"k": "download", "n": "p.pdf", "u": f"{HOME}/p.pdf"}, number=NUMBER[::-1])
    found = visits.figures(site.pk, 30)
    assert (found.visitors, found.known, found.pages, found.downloads, found.events) == (2, 1, 3, 1, 0)
    assert found.top[0] == (f"{HOME}/prices", 2, 2)


@pytest.fixture
def mail(anna, account, purpose):
    """A mail to Eva with a link to the website, and one to somewhere else."""
    values = {"first_name": "Eva", "last_name": "Sommer", "emails": [{"value": "eva@beispiel.de"}]}
    eva = run(anna, "contacts.person.create", **values).record
    text = f"Our prices: {HOME}/prices#all. Others: https://other.example/"
    run(anna, "contacts.person.send_mail", eva.pk, subject="Prices", text=text, account=str(account.pk))
    return Mail.objects.get()


def agree_to_mail(anna, mail, purpose):
    facts = {"person": mail.person, "purpose": purpose.id, "channel": "tracking", "email": "eva@beispiel.de"}
    run(anna, "channels.consent.create", **facts, given_at="2026-01-02T10:00:00Z", wording="Yes.", source="fair",
        proof="paper")  # fmt: skip


def test_links_of_mail_say_nothing_of_who_comes_without_consent_to_that(mail, site):
    assert visitlinks.marked([mail]) == {}


def test_who_agreed_to_both_is_known_by_the_link_of_a_mail(client, anna, mail, site, purpose):
    agree_to_mail(anna, mail, purpose)
    text = visitlinks.marked([mail])[mail.pk]
    token = re.search(r"/prices\?kv=(\S+)#all\.", text)[1]
    assert "https://other.example/" in text.split() and "kv=" not in mail.text
    tell(client, site, page(m=token))
    assert Visitor.objects.get().person_id == mail.person
    web = Consent.objects.exclude(response=None, email="eva@beispiel.de").get(channel="tracking", email="")
    assert (web.state, web.person) == ("given", mail.person)
    jobs.take_over()
    assert [one.person for one in Visit.objects.all()] == [mail.person]
    assert "channels.mail.visit" in {one.kind for one in events.timeline(mail.person)}


def test_a_link_that_was_altered_or_whose_consent_is_gone_joins_nobody(client, anna, mail, site, purpose):
    agree_to_mail(anna, mail, purpose)
    token = re.search(r"kv=(\S+)#", visitlinks.marked([mail])[mail.pk])[1]
    run(anna, "channels.consent.withdraw", Consent.objects.get().pk)
    for one in (token[:-1] + "x", token, "no"):
        assert tell(client, site, page(m=one)).status_code == 204
    assert Visitor.objects.get().person_id is None
