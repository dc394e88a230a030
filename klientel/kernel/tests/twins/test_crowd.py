"""Whom a rare key leads to is not lost in the crowd of a frequent name."""

from __future__ import annotations

import pytest

from klientel.kernel.access import ActorScope
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.twins.checking import CANDIDATES, PER_KEY, similar

pytestmark = pytest.mark.django_db


def test_one_who_shares_a_mail_address_is_found_among_many_namesakes(anna: Actor) -> None:
    mail = [{"value": "anna.winter@example.org", "purpose": "work", "state": "ok"}]
    ways = {"emails": mail, "phones": [{"value": "+49305550123", "purpose": "mobile", "state": "ok"}]}
    known = run(anna, "contacts.person.create", first_name="Anne", last_name="Sommer", **ways).record
    crowd = [Item(None, {"first_name": "Anna", "last_name": "Winter"}) for _ in range(PER_KEY + CANDIDATES)]
    assert all(done.refused is None for done in run_many(anna, "contacts.person.create", crowd))
    given = {"first_name": "Anna", "last_name": "Winter", **ways}
    found = similar(ActorScope(anna), type_of("contacts.person"), given, limit=CANDIDATES)
    assert known.pk in [one.id for one in found]
