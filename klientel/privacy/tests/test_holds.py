"""Who has to be kept cannot be erased, only restricted, until the day it ends."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.urls import reverse

from klientel.kernel.access import system_actor
from klientel.kernel.errors import Conflict, Refused
from klientel.kernel.kinds import today
from klientel.kernel.records import type_of
from klientel.kernel.testing import make
from klientel.privacy import erasing, restricting
from klientel.privacy.subject import for_privacy
from klientel.privacy.tests.test_pages import signed_in

pytestmark = pytest.mark.django_db
PERSON = "contacts.person"
WEEK = dt.timedelta(days=7)


@pytest.fixture
def person(anna):
    return make(anna, PERSON, academic_title="", first_name="Kim", last_name="Zyxmuster")


def there(person) -> bool:
    with for_privacy(person.tenant_id):
        return type_of(PERSON).model.objects.filter(pk=person.pk).exists()


@pytest.mark.parametrize(("ground", "until"), [("retention", today() + WEEK), ("retention", today()), ("claims", None)])
def test_a_held_person_is_not_erased(anna, person, ground, until):
    restricting.restrict(anna, type_of(PERSON), person.pk, ground, until=until)
    with pytest.raises(Conflict) as no:
        erasing.erase(anna, type_of(PERSON), person.pk, "request", confirm="Kim Zyxmuster")
    assert no.value.code == "held"
    assert there(person)
    page = signed_in(anna, "anna@example.org", "en").post(
        reverse("privacy_erase", args=["persons", person.pk]), {"ground": "request", "confirm": "Kim Zyxmuster"}
    )
    assert page.status_code == 409
    assert "has to be kept" in page.content.decode()
    assert there(person)


def test_it_ends_with_its_day_or_with_the_restriction(anna, person):
    rtype = type_of(PERSON)
    restricting.restrict(anna, rtype, person.pk, "retention", until=today() + WEEK)
    restricting.lift(anna, rtype, person.pk, today())
    restricting.restrict(anna, rtype, person.pk, "retention", until=today())
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_event SET parameters = jsonb_set(parameters, '{until}', %s)"
            " WHERE kind = 'privacy.restricted'",
            [f'"{today() - dt.timedelta(days=1)}"'],
        )
    assert erasing.erase(anna, rtype, person.pk, "request").state == "done"
    assert not there(person)


@pytest.mark.parametrize("until", [None, today() - WEEK])
def test_a_retention_names_its_last_day(anna, person, until):
    with pytest.raises(Refused) as no:
        restricting.restrict(anna, type_of(PERSON), person.pk, "retention", until=until)
    assert no.value.field == "until"
    with for_privacy(anna.tenant):
        assert not type_of(PERSON).model.objects.get(pk=person.pk).restricted


def test_another_restriction_holds_nobody_and_a_replay_after_a_restore_is_not_stopped(anna, person):
    rtype = type_of(PERSON)
    restricting.restrict(anna, rtype, person.pk, "claims")
    assert erasing.erase(system_actor(), rtype, person.pk, "request").state == "done"
    other = make(anna, PERSON, n=2)
    restricting.restrict(anna, rtype, other.pk, "contested")
    assert erasing.erase(anna, rtype, other.pk, "request").state == "done"
