"""Who saw a person's data stands in the access report, and costs the page that shows it nothing."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from klientel.kernel.access import seen
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.seen import notes
from klientel.kernel.actions import run
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import inside
from klientel.kernel.testing import make
from klientel.kernel.transfer.exporting import export
from klientel.lib.ids import uuid7_at
from klientel.privacy import erasing
from klientel.privacy.report import report
from klientel.privacy.tests.test_pages import signed_in

PERSON = "contacts.person"


@pytest.fixture(autouse=True)
def nothing_waits(anna):
    notes.write()


def rows():
    notes.write()
    with connection.cursor() as cursor:
        cursor.execute("SELECT record_id, actor, how FROM kernel_seen ORDER BY id")
        return cursor.fetchall()


def part(actor, person, key):
    told = report(actor, type_of(PERSON), person.id)
    return next(p for p in told["parts"] if p["key"] == key)


@pytest.fixture
def person(anna):
    return make(anna, PERSON)


@pytest.mark.parametrize("name", ["record", "history", "peek"])
def test_who_opens_a_person_is_noted(anna, person, name):
    signed_in(anna, "anna@example.org", "en").get(reverse(name, args=["persons", person.id]))
    assert rows() == [(person.id, anna.ref, "opened")]


def test_no_page_waits_for_it(anna, person):
    client = signed_in(anna, "anna@example.org", "en")
    client.get(reverse("record", args=["persons", person.id]))
    with CaptureQueriesContext(connection) as asked:
        client.get(reverse("record", args=["persons", person.id]))
    assert not [q for q in asked if "kernel_seen" in q["sql"]]


def test_what_is_no_person_is_not_noted(anna):
    firm = make(anna, "contacts.organisation")
    signed_in(anna, "anna@example.org", "en").get(reverse("record", args=["organisations", firm.id]))
    assert rows() == []


def test_who_may_not_see_it_did_not(boris, anna, person):
    assert (
        signed_in(boris, "b@example.org", "en").get(reverse("record", args=["persons", person.id])).status_code == 404
    )
    assert Client().get(reverse("record", args=["persons", person.id])).status_code == 302
    assert rows() == []


def test_an_export_notes_everybody_in_it_and_the_report_names_it_a_recipient(anna, person):
    other = make(anna, PERSON)
    export(ActorScope(anna), type_of(PERSON), out=io.BytesIO())
    assert {(r, how) for r, _a, how in rows()} == {(person.id, "exported"), (other.id, "exported")}
    assert [e["label"] for e in part(anna, person, "recipients")["entries"]] == ["Exportiert"]


def test_the_report_tells_time_way_and_role_but_no_name(anna, person):
    client = signed_in(anna, "anna@example.org", "de")
    for _n in range(3):
        client.get(reverse("record", args=["persons", person.id]))
        notes.write()
    told = part(anna, person, "access_log")
    [opened] = [e for e in told["entries"] if e["label"] == "Geöffnet"]
    assert opened["value"].endswith("3-mal") and opened["at"]
    assert anna.name not in str(told)
    assert any(e["label"] == "Auskunft erstellt" for e in part(anna, person, "access_log")["entries"]) is False
    notes.write()
    assert any(e["label"] == "Auskunft erstellt" for e in part(anna, person, "access_log")["entries"])


def test_what_was_seen_under_an_old_id_is_told_too(anna, person):
    old = make(anna, PERSON)
    seen.note(anna, type_of(PERSON), [old.id], seen.How.OPENED)
    notes.write()
    run(anna, f"{PERSON}.merge", person.id, records=[old.id])
    assert any(e["label"] == "Geöffnet" for e in part(anna, person, "access_log")["entries"])


def test_an_erasure_takes_it_along(anna, person, folders):
    seen.note(anna, type_of(PERSON), [person.id], seen.How.OPENED)
    notes.write()
    erasing.erase(anna, type_of(PERSON), person.id, "request")
    assert rows() == []


def test_another_tenant_sees_none_of_it(anna, cleo, person):
    seen.note(anna, type_of(PERSON), [person.id], seen.How.OPENED)
    notes.write()
    with inside(cleo.tenant):
        assert rows() == []


def test_after_a_year_it_goes(anna, person):
    seen.note(anna, type_of(PERSON), [person.id], seen.How.OPENED)
    notes.write()
    assert seen.forget_old() == 0
    old = timezone.now() - dt.timedelta(days=seen.KEPT_DAYS + 1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_seen SET id = %s, at = %s", [uuid7_at(old), old])
    assert seen.forget_old() == 1 and rows() == []
