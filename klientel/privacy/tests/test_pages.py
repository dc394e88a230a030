"""The pages of data protection: who sees them, what they ask for, what they leave."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse

from klientel.kernel import writing
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.models import Member, Membership
from klientel.kernel.access.reading import get
from klientel.kernel.actions import run
from klientel.kernel.errors import Missing
from klientel.kernel.identity import accounts
from klientel.kernel.records import type_of
from klientel.kernel.testing import make
from klientel.privacy.report import PARTS

PERSON = "contacts.person"


def signed_in(actor, email, language):
    login = accounts.create(email, name=actor.name, password="ein langes Kennwort 77", language=language)
    with writing.door():
        Member.objects.filter(pk=actor.member).update(user=login.pk)
    Membership.objects.create(user_id=login.pk, tenant_id=actor.tenant, member_id=actor.member)
    client = Client()
    client.force_login(login)
    return client


@pytest.fixture
def person(anna):
    return make(anna, PERSON, academic_title="", first_name="Kim", last_name="Zyxmuster")


@pytest.mark.parametrize(("language", "word"), [("de", "Auskunft"), ("en", "Access report")])
def test_the_report_is_a_page_and_a_file(anna, person, language, word):
    client = signed_in(anna, "anna@example.org", language)
    page = client.get(reverse("privacy_report", args=["persons", person.id]))
    assert page.status_code == 200
    assert page["Cache-Control"] == "private, no-store"
    text = page.content.decode()
    assert word in text or language == "de"
    assert text.count('id="part-') == len(PARTS)
    file = client.get(reverse("privacy_report_json", args=["persons", person.id]))
    assert "attachment" in file["Content-Disposition"]
    assert [p["number"] for p in json.loads(file.content)["parts"]] == list(range(1, 14))


def test_erasing_asks_for_the_name(anna, person):
    client, at = signed_in(anna, "anna@example.org", "en"), reverse("privacy_erase", args=["persons", person.id])
    assert "Kim Zyxmuster" in client.get(at).content.decode()
    wrong = client.post(at, {"ground": "request", "confirm": "Kim"})
    assert wrong.status_code == 422
    assert get(ActorScope(anna), type_of(PERSON), person.id)
    done = client.post(at, {"ground": "request", "confirm": "Kim Zyxmuster"})
    assert done.status_code == 200
    assert "Zyxmuster" not in done.content.decode()
    with pytest.raises(Missing):
        get(ActorScope(anna), type_of(PERSON), person.id)
    assert client.get(at).status_code == 404


def test_restricting_and_lifting(anna, person):
    client = signed_in(anna, "anna@example.org", "en")
    client.post(reverse("privacy_restrict", args=["persons", person.id]), {"ground": "contested"})
    with pytest.raises(Missing):
        run(anna, f"{PERSON}.change", person.id, first_name="X")
    at = reverse("privacy_lift", args=["persons", person.id])
    assert client.post(at, {"told_on": ""}).status_code == 422
    assert client.post(at, {"told_on": "2026-01-02"}).status_code == 302
    assert run(anna, f"{PERSON}.change", person.id, first_name="X")


@pytest.mark.parametrize("name", ["privacy_report", "privacy_report_json", "privacy_erase"])
def test_without_the_right_it_is_forbidden_or_not_there(anna, boris, person, name):
    mine = run(boris, f"{PERSON}.create", last_name="Mein", owner=boris.member).record
    client = signed_in(boris, "boris@example.org", "de")
    assert client.get(reverse(name, args=["persons", mine.id])).status_code == 403
    assert client.get(reverse(name, args=["persons", person.id])).status_code == 404
    assert client.get(reverse(name, args=["organisations", person.id])).status_code == 404
    assert Client().get(reverse(name, args=["persons", person.id])).status_code == 302
