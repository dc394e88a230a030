"""Who may be written to, and why: in words, for one and for many, after every way a consent can change."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from klientel.channels.models import Consent, Suppression, Wording
from klientel.channels.queries import suppression
from klientel.channels.queries.gate import Recipient, Wish, judge, may_track
from klientel.kernel import history
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import inside
from klientel.kernel.testing import make
from klientel.privacy import erasing
from klientel.privacy.report import report

PROOF = {
    "given_at": "2026-03-01T10:00:00Z", "source": "Messe Hannover", "wording": "Ja, ich will Post.", "proof": "Karte 7",
}  # fmt: skip


@pytest.fixture
def purpose(anna):
    return run(anna, "channels.purpose.create", name="Newsletter").record


def person(anna, n=1, address=None):
    emails = [{"value": address or f"kunde{n}@beispiel.de", "purpose": "work", "state": "ok"}]
    return make(anna, "contacts.person", n, emails=emails, phones=[])


def consent(anna, who, purpose, **facts):
    given = {"channel": "mail", "email": who.emails[0]["value"], **PROOF, **facts}
    return run(anna, "channels.consent.create", person=who.id, purpose=purpose.id, **given).record


def verdict(who, purpose, address=None, **wish):
    asked = Wish(**{"channel": "mail", "nature": "advertising", "purpose": purpose.id, **wish})
    [found] = judge(asked, [Recipient(address or who.emails[0]["value"], who.id)])
    return found


def test_advertising_needs_a_proven_consent_and_an_individual_letter_none(anna, purpose):
    who = person(anna)
    assert not verdict(who, purpose).may
    assert verdict(who, purpose, nature="personal").may
    given = consent(anna, who, purpose)
    assert (given.state, verdict(who, purpose).may, verdict(who, purpose).ground) == ("given", True, "consent")
    assert "01.03.2026" in verdict(who, purpose).why and "Messe Hannover" in verdict(who, purpose).why


@pytest.mark.parametrize("missing", ["given_at", "source", "wording", "proof"])
def test_without_evidence_a_consent_is_unproven_and_allows_nothing(anna, purpose, missing):
    who = person(anna)
    given = consent(anna, who, purpose, **{missing: None if missing == "given_at" else ""})
    assert given.state == "unproven"
    assert not verdict(who, purpose).may


def test_consent_for_one_purpose_channel_or_address_is_none_for_another(anna, purpose):
    who = person(anna)
    other = run(anna, "channels.purpose.create", name="Umfragen").record
    consent(anna, who, purpose)
    assert not verdict(who, other).may
    assert not verdict(who, purpose, channel="phone").may
    assert not verdict(who, purpose, "zweite@beispiel.de").may
    assert not may_track(who.id, who.emails[0]["value"]).may


def test_measuring_needs_a_consent_of_its_own(anna, purpose):
    who = person(anna)
    consent(anna, who, purpose, channel="tracking")
    assert may_track(who.id, who.emails[0]["value"]).may
    assert not verdict(who, purpose).may


def test_withdrawal_is_one_action_can_be_undone_and_a_later_consent_counts(anna, purpose):
    who = person(anna)
    given = consent(anna, who, purpose)
    done = run(anna, "channels.consent.withdraw", given.id)
    assert not verdict(who, purpose).may
    assert history.undo(anna, done.change_set).records == 1
    assert verdict(who, purpose).may
    run(anna, "channels.consent.withdraw", given.id)
    consent(anna, who, purpose, given_at="2036-01-01T10:00:00Z")
    assert verdict(who, purpose).may


def test_who_was_asked_to_confirm_is_not_written_to_before(anna, purpose):
    who = person(anna)
    given = consent(anna, who, purpose, proof="")
    run(anna, "channels.consent.ask_to_confirm", given.id)
    assert (Consent.objects.get().state, verdict(who, purpose).may) == ("pending", False)
    run(anna, "channels.consent.confirm", given.id)
    assert (Consent.objects.get().state, verdict(who, purpose).may) == ("given", True)


def test_the_old_wording_stands_after_the_text_was_changed(anna, purpose):
    who = person(anna)
    text = run(anna, "channels.wording.create", name="Formular", purpose=purpose.id, channel="mail", text="Alt").record
    given = consent(anna, who, purpose, wording="", text=text.id)
    run(anna, "channels.wording.change", text.id, text="Neu")
    assert Wording.objects.get().text == "Neu"
    assert Consent.objects.get(pk=given.pk).wording.startswith("Alt")
    with pytest.raises(Refused, match="evidence_stays"):
        run(anna, "channels.consent.change", given.id, wording="Neu")


def test_existing_customers_need_all_conditions_and_similar_goods(anna, purpose):
    who = person(anna)
    facts = {"ground": "customer", "sale": "Rechnung 4711", "similar": True, "told": True, "source": "Shop"}
    consent(anna, who, purpose, **facts)
    assert not verdict(who, purpose).may
    assert verdict(who, purpose, similar=True).ground == "customer"
    for n, name in enumerate(("sale", "similar", "told", "source"), 2):
        another = person(anna, n)
        consent(anna, another, purpose, **facts | {name: False if name in ("similar", "told") else ""})
        missed = verdict(another, purpose, similar=True)
        label = str(type_of("channels.consent").fields[name].verbose_name)
        assert not missed.may and missed.why.endswith(f": {label}.")  # what is missing, and nothing else
    run(anna, "contacts.person.object_to_advertising", who.id)  # the condition that can fail later
    assert "Art. 21" in verdict(who, purpose, similar=True).why


def test_an_objection_outlives_the_person_in_every_spelling(anna, purpose):
    who = person(anna, address="Kunde@müller.de")
    consent(anna, who, purpose)
    run(anna, "contacts.person.object_to_advertising", who.id)
    assert "Art. 21" in verdict(who, purpose).why
    assert verdict(who, purpose, nature="personal").may
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM channels_suppression t WHERE t::text ILIKE '%%kunde%%'")
        assert cursor.fetchone() == (0,)
    for n, spelling in enumerate(("kunde+shop@xn--mller-kva.de", "KUNDE@MÜLLER.de"), 5):
        again = person(anna, n, address=spelling)
        consent(anna, again, purpose)
        assert not verdict(again, purpose).may
    run(anna, "contacts.person.lift_objection", who.id, reason="rief an")
    assert verdict(who, purpose).may


def test_an_objection_outlives_the_erasure_of_the_person(anna, purpose):
    who = person(anna, address="Eva.Sommer+shop@kunde.de")
    consent(anna, who, purpose)
    run(anna, "contacts.person.object_to_advertising", who.id)
    erasing.erase(anna, type_of("contacts.person"), who.id, "objection")
    assert Consent.objects.count() == 0
    again = person(anna, 2, address="eva.sommer@kunde.de")
    consent(anna, again, purpose)
    assert "Art. 21" in verdict(again, purpose).why


def test_the_access_report_names_consents(anna, purpose):
    who = person(anna)
    consent(anna, who, purpose)
    told = str(report(anna, type_of("contacts.person"), who.id))
    assert "Messe Hannover" in told and "Karte 7" in told


def test_the_list_of_one_tenant_says_nothing_to_another(anna, cleo, purpose):
    run(anna, "contacts.person.object_to_advertising", person(anna).id)
    mine = Suppression.objects.get().hash
    with inside(cleo.tenant):
        assert not suppression.suppressed(["kunde1@beispiel.de"])
        run(cleo, "contacts.person.object_to_advertising", person(cleo).id)
        assert Suppression.objects.get().hash != mine


def test_the_consents_of_two_that_become_one_both_count_and_the_withdrawn_one_blocks(anna, purpose):
    one, two = person(anna, 1), person(anna, 2, address="kunde1@beispiel.de")
    consent(anna, one, purpose)
    run(anna, "channels.consent.withdraw", consent(anna, two, purpose).id)
    assert verdict(one, purpose).may
    done = run(anna, "contacts.person.merge", one.id, records=[two.id])
    assert not verdict(one, purpose).may
    history.undo(anna, done.change_set)
    assert verdict(one, purpose).may


def test_many_are_judged_by_two_statements(anna, purpose):
    people = [person(anna, n) for n in range(1, 13)]
    consent(anna, people[0], purpose)
    wish = Wish("mail", "advertising", purpose.id)
    with CaptureQueriesContext(connection) as seen:
        found = judge(wish, [Recipient(p.emails[0]["value"], p.id) for p in people])
    assert [v.may for v in found] == [True] + [False] * 11
    assert len(seen) == 2


def test_a_person_in_the_bin_or_restricted_gets_nothing(anna, purpose):
    who = person(anna)
    consent(anna, who, purpose)
    run(anna, "contacts.person.archive", who.id)
    assert not verdict(who, purpose).may
    assert not verdict(who, purpose, nature="personal").may
