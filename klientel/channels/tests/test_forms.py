"""Forms: what is published stays, what comes in is taken in once, and consents hold when they are confirmed."""

from __future__ import annotations

import datetime as dt

import pytest

from klientel.channels.jobs import forms as jobs
from klientel.channels.models import Confirmation, Consent, Delivery, FormVersion, Mail, Response
from klientel.channels.queries import forms, outbox, proof
from klientel.channels.queries.gate import Recipient, Wish, judge
from klientel.channels.queries.mime import message_id
from klientel.kernel.access import ActorScope, system_actor
from klientel.kernel.actions import run
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.records import type_of
from klientel.kernel.testing.cast import ALL
from klientel.kernel.web.tests.conftest import at_browser

ANSWERS = {
    "person.first_name": "Eva",
    "person.last_name": "Sommer",
    "person.emails": [{"value": "eva@beispiel.de"}],
    "organisation.name": "Sommer Logistik GmbH",
    "lead.message": "Please call me in the morning.",
}
ASKED = [
    {"role": "field", "field": "person.first_name"},
    {"role": "field", "field": "person.last_name", "required": True},
    {"role": "field", "field": "person.emails", "required": True},
    {"role": "field", "field": "organisation.name"},
    {"role": "field", "field": "lead.message"},
]


@pytest.fixture
def purpose(anna):
    return run(anna, "channels.purpose.create", name="Newsletter").record


@pytest.fixture
def wording(anna, purpose):
    return run(
        anna, "channels.wording.create", name="Newsletter text", purpose=purpose.id, channel="mail", language="en",
        text="Yes, send me the newsletter.",
    ).record  # fmt: skip


def publish(anna, parts, **values):
    made = run(anna, "channels.form.create", name="White paper", language="en", parts=parts, **values).record
    return run(anna, "channels.form.publish", made.pk).record


@pytest.fixture
def form(anna, account, wording):
    return publish(anna, [*ASKED, {"role": "consent", "wording": str(wording.id)}], interest="White paper on presses")


def visitor(form):
    return system_actor("Visitor", kind="portal", id=form.pk)


def send(form, answers=ANSWERS, *, consents=(), version=None, **more):
    given = answers | {forms.CONSENTS: [str(one.id) for one in consents]}
    return run(
        visitor(form), "channels.response.submit", form=form.pk, number=version or form.published, answers=given,
        network="203.0.113.0/24", **more,
    ).record  # fmt: skip


def confirm(response, **more):
    link = Confirmation.objects.get(response_id=response.pk)
    return run(system_actor("Visitor", kind="portal", id=link.pk), "channels.response.confirm", response.pk, **more)


def may(purpose, person, address="eva@beispiel.de"):
    return judge(Wish("mail", "advertising", purpose.id), [Recipient(address, person)])[0].may


def test_what_comes_in_makes_a_person_an_organisation_and_a_lead_in_words(anna, form):
    made = send(form, touch={"utm_source": "fair", "utm_campaign": "spring", "referrer": "https://example.com/"})
    person = type_of("contacts.person").model.objects.get(pk=made.person)
    lead = type_of("sales.lead").model.objects.get(pk=made.lead)
    assert (person.title, person.language, person.source) == ("Eva Sommer", "en", "fair")
    assert (lead.name, lead.source, lead.campaign) == ("White paper on presses", "fair", "spring")
    assert lead.person == person.pk and lead.message == "Please call me in the morning."
    firm = type_of("contacts.organisation").model.objects.get(pk=made.organisation)
    assert firm.name == "Sommer Logistik GmbH" and person.organisation == firm.pk == lead.organisation
    assert (made.state, made.known, made.first_source, made.utm_campaign) == ("taken", False, "fair", "spring")


def test_who_is_known_is_found_and_nothing_of_theirs_is_overwritten(anna, form):
    values = {"first_name": "Eva", "last_name": "Sommer", "emails": [{"value": "eva@beispiel.de"}]}
    known = run(anna, "contacts.person.create", **values, position="CEO").record
    made = send(form, ANSWERS | {"person.first_name": "Evi"})
    assert made.person == known.pk and made.known
    again = type_of("contacts.person").model.objects.get(pk=known.pk)
    assert (again.first_name, again.version) == ("Eva", known.version)
    assert made.differs == {"person.first_name": "Evi"}
    run(anna, "channels.response.take_over", made.pk)
    assert type_of("contacts.person").model.objects.get(pk=known.pk).first_name == "Evi"
    assert Response.objects.get(pk=made.pk).differs == {}


def test_the_same_sending_twice_is_one(anna, form):
    first = send(form, intake="n1")
    with pytest.raises(Refused) as no:
        send(form, intake="n1")
    assert no.value.code == "sent_already" and no.value.details == {"id": str(first.pk)}
    assert type_of("sales.lead").model.objects.count() == 1


def test_the_first_touch_stays_and_the_last_one_follows(anna, form):
    send(form, touch={"utm_source": "fair", "utm_campaign": "spring"})
    later = send(form, touch={"utm_source": "search", "utm_campaign": "autumn"})
    assert (later.first_source, later.first_campaign) == ("fair", "spring")
    assert (later.utm_source, later.utm_campaign) == ("search", "autumn")


def test_every_wrong_answer_is_told_at_its_field_and_nothing_is_kept(anna, form):
    with pytest.raises(Refused) as no:
        send(form, {"person.emails": [{"value": "eva"}]})
    assert {one.field for one in no.value.all()} == {"person.last_name", "person.emails"}
    assert Response.objects.count() == 0 and type_of("contacts.person").model.objects.count() == 0


def test_a02_a_form_demands_a_salutation_only_with_a_reason(anna, form):
    parts = [*form.parts, {"role": "field", "field": "person.salutation", "required": True}]
    run(anna, "channels.form.change", form.pk, parts=parts)
    with pytest.raises(Refused) as no:
        run(anna, "channels.form.publish", form.pk)
    assert (no.value.code, no.value.field) == ("needs_reason", "reason")
    run(anna, "channels.form.change", form.pk, reason="The law wants it of us.")
    assert run(anna, "channels.form.publish", form.pk).record.published == 2


def test_what_nobody_asked_for_is_not_taken(anna, form):
    made = send(form, ANSWERS | {"person.position": "CEO", "lead.status": "converted"})
    assert type_of("contacts.person").model.objects.get(pk=made.person).position == ""
    assert "person.position" not in made.answers


def test_nobody_sends_a_form_by_hand(anna, form):
    with pytest.raises(Forbidden):
        run(anna, "channels.response.submit", form=form.pk, version=1, answers=ANSWERS)


def test_what_looks_like_a_machine_waits_for_somebody(anna, form, wording):
    made = send(form, consents=[wording], suspicion="a field was filled in that nobody sees")
    assert (made.state, made.person, made.lead) == ("suspected", None, None)
    assert Mail.objects.count() == 0 and type_of("contacts.person").model.objects.count() == 0
    run(anna, "channels.response.accept", made.pk)
    made = Response.objects.get(pk=made.pk)
    assert made.state == "asked" and made.person and made.lead and Mail.objects.count() == 1


def test_a_consent_holds_when_the_address_has_confirmed_it(anna, form, purpose, wording):
    made = send(form, consents=[wording], page="https://example.com/paper")
    consent = Consent.objects.get(response=made.pk)
    mail = Mail.objects.get()
    assert made.state == "asked" and consent.state == "pending" and not may(purpose, made.person)
    assert type_of("sales.lead").model.objects.get(pk=made.lead).status_since  # what follows from its status is there
    assert mail.nature == "personal" and mail.to == "eva@beispiel.de" and "{{link}}" in mail.text
    assert "Yes, send me the newsletter." in mail.text and "Eva" not in mail.text
    done = confirm(made, network="198.51.100.0/24").record
    consent = Consent.objects.get(pk=consent.pk)
    assert (done.state, consent.state) == ("confirmed", "given") and may(purpose, made.person)
    assert consent.wording.endswith(f"[Newsletter text, v{wording.version}]")
    assert (consent.given_ip, consent.confirmed_ip) == ("203.0.113.0/24", "198.51.100.0/24")
    assert consent.message_id == message_id(Delivery.objects.get().pk, "vertrieb@hansewerk.de")
    assert consent.form_version == "White paper, v1" and consent.given_at < consent.confirmed_at


def test_a_link_confirms_once_and_only_while_it_lasts(anna, form, wording, monkeypatch):
    made = send(form, consents=[wording])
    link = Confirmation.objects.get()
    stranger = system_actor("Visitor", kind="portal", id=form.pk)
    with pytest.raises(Refused) as no:
        run(stranger, "channels.response.confirm", made.pk)
    assert no.value.code == "link_unknown"
    confirm(made)
    with pytest.raises(Refused) as no:
        confirm(made)
    assert no.value.code == "confirmed_already" and Confirmation.objects.get(pk=link.pk).used_at


def test_a_later_withdrawal_overwrites_nothing(anna, form, purpose, wording):
    made = send(form, consents=[wording])
    confirm(made, network="198.51.100.0/24")
    before = Consent.objects.get()
    run(anna, "channels.consent.withdraw", before.pk, withdrawal="by phone")
    after = Consent.objects.get()
    kept = ("given_at", "asked_at", "confirmed_at", "wording", "message_id", "given_ip", "confirmed_ip", "form_version")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert after.state == "withdrawn" and not may(purpose, made.person)


def test_a_given_consent_is_not_asked_for_again_and_the_visitor_learns_nothing(anna, form, wording):
    confirm(send(form, consents=[wording]))
    again = send(form, consents=[wording])
    assert Consent.objects.count() == 1 and Mail.objects.count() == 1 and again.state == "taken"


def test_what_nobody_confirmed_takes_nothing_from_what_holds(anna, form, purpose, wording):
    first, _second = send(form, consents=[wording]), send(form, consents=[wording])
    run(system_actor("Visitor", kind="portal", id=Confirmation.objects.get(response_id=first.pk).pk),
        "channels.response.confirm", first.pk)  # fmt: skip
    assert sorted(Consent.objects.values_list("state", flat=True)) == ["given", "pending"]
    assert may(purpose, first.person)
    run(anna, "channels.consent.withdraw", Consent.objects.get(state="given").pk, withdrawal="by phone")
    assert not may(purpose, first.person)


def test_a_customer_who_ticks_a_consent_is_asked_to_confirm_it(anna, form, purpose, wording):
    customer = send(form).person
    sale = {"given_at": "2026-01-05T10:00:00Z", "source": "Order 7", "sale": "Order 7", "similar": True, "told": True}
    run(anna, "channels.consent.create", person=customer, purpose=purpose.id, channel="mail", ground="customer",
        email="eva@beispiel.de", **sale)  # fmt: skip
    made = send(form, consents=[wording])
    assert (made.person, made.state) == (customer, "asked")
    assert sorted(Consent.objects.values_list("ground", "state")) == [("consent", "pending"), ("customer", "given")]


def test_a_mail_proves_nothing_about_a_phone(anna, account, purpose):
    phone = run(
        anna, "channels.wording.create", name="Calls", purpose=purpose.id, channel="phone", text="You may call me."
    ).record
    parts = [*ASKED, {"role": "field", "field": "person.phones"}, {"role": "consent", "wording": str(phone.id)}]
    form = publish(anna, parts)
    made = send(form, ANSWERS | {"person.phones": [{"value": "+49 40 123456"}]}, consents=[phone])
    consent = Consent.objects.get()
    assert (consent.state, consent.phone, made.state) == ("unproven", "+4940123456", "taken")
    assert Mail.objects.count() == 0


def test_strangers_cannot_flood_an_address_with_confirmations(anna, form, wording):
    for _n in range(5):
        send(form, consents=[wording])
    assert Mail.objects.count() == 3


def test_an_address_that_wants_no_letter_at_all_gets_none(anna, form, wording):
    values = {"first_name": "Eva", "last_name": "Sommer", "emails": [{"value": "eva@beispiel.de"}]}
    eva = run(anna, "contacts.person.create", **values).record
    run(anna, "contacts.person.object_to_advertising", eva.pk, extent="everything")
    made = send(form, consents=[wording])
    assert made.state == "taken" and Mail.objects.count() == 0


def test_who_confirms_anew_takes_back_an_earlier_objection(anna, form, purpose, wording):
    values = {"first_name": "Eva", "last_name": "Sommer", "emails": [{"value": "eva@beispiel.de"}]}
    eva = run(anna, "contacts.person.create", **values).record
    run(anna, "contacts.person.object_to_advertising", eva.pk)
    made = send(form, consents=[wording])
    assert made.person == eva.pk and not may(purpose, eva.pk)
    confirm(made)
    assert may(purpose, eva.pk)


def test_a_version_stays_as_it_was_published(anna, form, wording):
    with pytest.raises(Refused) as no:
        run(anna, "channels.form.publish", form.pk)
    assert no.value.code == "nothing_new"
    run(anna, "channels.wording.change", wording.id, text="Other words.")
    run(anna, "channels.form.publish", form.pk)
    texts = [one.content["parts"][-1]["text"] for one in FormVersion.objects.order_by("number")]
    assert texts == ["Yes, send me the newsletter.", "Other words."]
    made = send(form, consents=[wording], version=1)  # a page that was opened before
    assert "Yes, send me the newsletter." in Consent.objects.get(response=made.pk).wording


def test_a_form_is_published_only_when_it_can_do_what_it_says(anna, account, wording):
    consent = {"role": "consent", "wording": str(wording.id)}
    for values, field in (
        ({"parts": []}, "parts"),
        ({"parts": [{"role": "field", "field": "person.last_name"}, consent]}, "parts"),
        ({"parts": ASKED, "redirect": "https://example.com/thanks", "sites": "https://example.org"}, "redirect"),
    ):
        made = run(anna, "channels.form.create", name="Fair", **values).record
        with pytest.raises(Refused) as no:
            run(anna, "channels.form.publish", made.pk)
        assert no.value.field == field
    assert FormVersion.objects.count() == 0


def test_the_mail_goes_by_the_outbox(anna, form, wording):
    send(form, consents=[wording])
    [delivery] = Delivery.objects.all()
    assert "/confirm/kc_" in outbox.link_of(delivery.pk, delivery.sealed)


def test_what_nobody_confirmed_is_gone_with_whom_it_brought(anna, account, wording, monkeypatch):
    form = publish(anna, [*ASKED[:3], {"role": "consent", "wording": str(wording.id)}], makes="person")
    known = run(anna, "contacts.person.create", first_name="Ida", last_name="Gut", emails=[{"value": "i@beispiel.de"}])
    send(form, consents=[wording])
    ida = {"person.first_name": "Ida", "person.last_name": "Gut", "person.emails": [{"value": "i@beispiel.de"}]}
    confirm(send(form, ida, consents=[wording]))
    jobs.forget()
    assert Consent.objects.count() == 2  # fourteen days are not over
    monkeypatch.setattr(forms, "expires", lambda now: now)
    jobs.forget()
    assert [one.state for one in Consent.objects.all()] == ["given"]
    assert list(type_of("contacts.person").model.objects.values_list("pk", flat=True)) == [known.record.pk]
    assert Response.objects.get().state == "confirmed" and {one.to for one in Mail.objects.all()} == {"i@beispiel.de"}


def test_what_was_held_back_is_forgotten_after_a_month(anna, form, monkeypatch):
    send(form, suspicion="too fast")
    jobs.forget()
    assert Response.objects.count() == 1
    monkeypatch.setattr(jobs, "SUSPECTED_LASTS", dt.timedelta(0))
    jobs.forget()
    assert Response.objects.count() == 0


def test_the_proof_says_the_words_that_were_shown_and_not_those_of_today(anna, form, wording):
    made = send(form, consents=[wording])
    confirm(made, network="198.51.100.0/24")
    run(anna, "channels.wording.change", wording.id, text="Other words.")
    consent = Consent.objects.get()
    said = dict(proof.facts(ActorScope(anna), consent))
    assert {consent.message_id, "203.0.113.0/24", "198.51.100.0/24", "White paper, v1", "Eva Sommer"} <= set(
        said.values()
    )
    assert "Yes, send me the newsletter." in consent.wording
    assert proof.proof(ActorScope(anna), consent).startswith(b"%PDF")


def test_the_title_of_a_response_tells_who_sent_it(anna, form):
    assert send(form).title == "White paper: Eva Sommer"
    given = {"person.last_name": "Gut", "person.emails": [{"value": "ida@beispiel.de"}]}
    assert send(form, given, intake="two").title == "White paper: Gut"


def test_the_timeline_of_a_response_tells_no_message_id(anna, tenant, form, wording):
    made = send(form, consents=[wording])
    page = at_browser(tenant, "Petra", ALL, "en")[0]
    timeline = page.get(f"/form-responses/{made.pk}", follow=True).content.decode().partition('id="timeline"')[2]
    assert "confirmation asked at" in timeline.lower() and "confirmation mail" not in timeline.lower()
