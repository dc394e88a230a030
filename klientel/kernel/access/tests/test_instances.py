"""A record read by one written statement is what its model's own query set gives."""

from __future__ import annotations

from uuid import uuid4

import pytest

from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import instances, type_of
from klientel.kernel.sql import FALSE, TRUE

pytestmark = pytest.mark.django_db


def test_one_record_has_every_value_that_the_query_set_gives(anna: Actor) -> None:
    rtype = type_of("contacts.person")
    mails = [{"value": "kim@example.org", "purpose": "work", "state": "ok"}]
    kept = run(anna, "contacts.person.create", first_name="Kim", emails=mails, birthday="1980-02-03").record
    found, known = instances.one(rtype.model, kept.pk, TRUE), rtype.model.objects.get(pk=kept.pk)
    names = [f.attname for f in rtype.model._meta.concrete_fields]
    assert {n: getattr(found, n) for n in names} == {n: getattr(known, n) for n in names}
    assert found.emails[0]["value"] == "kim@example.org"
    assert not found._state.adding


def test_what_does_not_hold_or_is_unknown_is_no_record(anna: Actor) -> None:
    rtype = type_of("contacts.person")
    kept = run(anna, "contacts.person.create", first_name="Kim").record
    assert instances.one(rtype.model, kept.pk, FALSE) is None
    assert instances.one(rtype.model, uuid4(), TRUE) is None
