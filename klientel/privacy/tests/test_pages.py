"""The pages of data protection: who sees them, what they ask for, what they leave."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from klientel.kernel import writing
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.models import Member, Membership
from klientel.kernel.access.reading import get
from klientel.kernel.actions import run
from klientel.kernel.errors import Missing
from klientel.kernel.identity import accounts
from klientel.kernel.kinds import today
from klientel.kernel.records import type_of
from klientel.kernel.testing import make
from klientel.privacy import jobs, restricting, views
from klientel.privacy.models import Erasure
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


def test_what_takes_too_long_is_left_to_the_worker(anna, person, monkeypatch):
    client, at = signed_in(anna, "anna@example.org", "en"), reverse("privacy_erase", args=["persons", person.id])
    monkeypatch.setattr(views, "PATIENCE", 0.000001)
    page = client.post(at, {"ground": "request", "confirm": "Kim Zyxmuster"})
    assert "in the background" in page.content.decode()
    with pytest.raises(Missing):
        get(ActorScope(anna), type_of(PERSON), person.id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'privacy.jobs.go_on'")
        [(args,)] = cursor.fetchall()
    jobs.unfinished()  # the hourly sweep finds it too, and does not double it
    jobs.go_on(erasure=UUID((args if isinstance(args, dict) else json.loads(args))["erasure"]))
    assert Erasure.objects.get().state == "done"


def test_the_menu_of_a_person_leads_there_for_those_who_may(anna, boris, person):
    mine = run(boris, f"{PERSON}.create", last_name="Mein", owner=boris.member).record
    for actor, mail, there in ((anna, "anna@example.org", True), (boris, "boris@example.org", False)):
        text = signed_in(actor, mail, "en").get(reverse("record", args=["persons", mine.id])).content.decode()
        assert (reverse("privacy_report", args=["persons", mine.id]) in text) is there


def test_restricting_and_lifting(anna, person):
    client = signed_in(anna, "anna@example.org", "en")
    client.post(reverse("privacy_restrict", args=["persons", person.id]), {"ground": "contested"})
    with pytest.raises(Missing):
        run(anna, f"{PERSON}.change", person.id, first_name="X")
    at = reverse("privacy_lift", args=["persons", person.id])
    assert client.post(at, {"told_on": ""}).status_code == 422
    assert client.post(at, {"told_on": "2026-01-02"}).status_code == 302
    assert run(anna, f"{PERSON}.change", person.id, first_name="X")
    page = client.get(reverse("record", args=["persons", person.id]))  # what happened stands on the timeline
    assert page.status_code == 200


@pytest.mark.parametrize("name", ["privacy_report", "privacy_report_json", "privacy_erase"])
def test_without_the_right_it_is_forbidden_or_not_there(anna, boris, person, name):
    mine = run(boris, f"{PERSON}.create", last_name="Mein", owner=boris.member).record
    client = signed_in(boris, "boris@example.org", "de")
    assert client.get(reverse(name, args=["persons", mine.id])).status_code == 403
    assert client.get(reverse(name, args=["persons", person.id])).status_code == 404
    assert client.get(reverse(name, args=["organisations", person.id])).status_code == 404
    assert Client().get(reverse(name, args=["persons", person.id])).status_code == 302


def test_a_restriction_stands_on_the_timeline_of_the_person(anna, person):
    restricting.restrict(anna, type_of(PERSON), person.id, "contested")
    restricting.lift(anna, type_of(PERSON), person.id, today())
    page = signed_in(anna, "anna@example.org", "en").get(reverse("record", args=["persons", person.id]))
    text = page.content.decode()
    assert "Processing restricted" in text
    assert "Restriction lifted" in text
