"""A form that the address begins (`edit?field=…`): whatever stands there, a form or a sentence comes, and nothing is
written."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from klientel.contacts.models import Person
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.testing import make
from klientel.kernel.web.tests.conftest import at_browser
from klientel.kernel.web.tests.test_every_type import CHANGED_BY_PEOPLE

pytestmark = pytest.mark.django_db
NONSENSE = ("", "nonsense", "-1", "x" * 5000, "\N{PILE OF POO}\u202e", "[1", "1e999", "NaN", "2026-02-31")


@pytest.mark.parametrize("key", CHANGED_BY_PEOPLE)
def test_nonsense_in_the_address_draws_the_form_and_changes_nothing(client: Client, actor: Actor, key: str) -> None:
    rtype = type_of(key)
    found = make(actor, key)
    at = reverse("edit", args=[rtype.slug, found.pk])
    values = (*NONSENSE, str(uuid4()))
    for value in values:
        answer = client.get(f"{at}?{urlencode(dict.fromkeys(rtype.fields, value))}")
        assert answer.status_code == 200, value
    for name in rtype.fields:
        assert client.get(f"{at}?{urlencode({name: 'nonsense'})}").status_code == 200, name
    assert rtype.model.objects.get(pk=found.pk).version == found.version


def test_a_field_that_one_may_not_write_is_not_filled_in(narrow: tuple[Client, Actor], actor: Actor) -> None:
    person = run(actor, "contacts.person.create", last_name="Janssen", owner=narrow[1].id).record
    text = narrow[0].get(f"/persons/{person.pk}/edit?birthday=1970-01-02&last_name=Jansen").content.decode()
    assert 'value="Jansen"' in text
    assert 'name="birthday"' not in text and 'value="1970' not in text and "02/01/1970" not in text


def test_whose_record_one_may_not_see_or_change_begins_no_form(narrow: tuple[Client, Actor], actor: Actor) -> None:
    person = run(actor, "contacts.person.create", last_name="Janssen").record
    answer = narrow[0].get(f"/persons/{person.pk}/edit?last_name=Jansen")
    assert answer.status_code == 404
    assert "Janssen" not in answer.content.decode()


def test_who_may_only_look_is_told_so(tenant: object, actor: Actor) -> None:
    berta, _who = at_browser(tenant, "Berta", [{"record": "contacts.person", "verb": "view"}])  # type: ignore[arg-type]
    person = run(actor, "contacts.person.create", last_name="Janssen").record
    answer = berta.get(f"/persons/{person.pk}/edit?last_name=Jansen")
    assert answer.status_code == 403
    assert Person.objects.get(pk=person.pk).last_name == "Janssen"
