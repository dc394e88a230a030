"""A record is deleted for good while somebody types into it: they are told, and what they typed is still there."""

from __future__ import annotations

import pytest
from django.test import Client

from klientel.contacts.models import Person
from klientel.kernel.actions import run
from klientel.kernel.actions.noting import note
from klientel.kernel.identity.actor import Actor
from klientel.kernel.tenancy import writing
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.web.tests.conftest import at_browser

pytestmark = pytest.mark.django_db
PERSON = "contacts.person"
FETCH = {"HTTP_X_REQUESTED_WITH": "fetch"}
TYPED = {"_field": ["last_name", "first_name", "position"], "version": 1, "first_name": "Kai", "position": "Einkauf"}


def removed(actor: Actor) -> Person:
    found: Person = run(actor, f"{PERSON}.create", last_name="Janssen").record
    run(actor, f"{PERSON}.archive", found.pk)
    run(actor, f"{PERSON}.remove", found.pk)
    return found


def test_who_saves_a_record_that_was_deleted_for_good_is_told_and_keeps_what_they_typed(
    client: Client, actor: Actor
) -> None:
    person = removed(actor)
    late = client.post(f"/persons/{person.pk}/edit", TYPED | {"last_name": "Janssen"})
    text = late.content.decode()
    assert late.status_code == 410
    assert "Anna deleted this for good" in text and 'value="Einkauf"' in text
    assert 'action="/persons/new"' in text and "Create as a new record" in text
    client.post("/persons/new", TYPED | {"last_name": "Janssen"})
    assert Person.objects.get(last_name="Janssen").position == "Einkauf"


def test_it_is_told_in_german(tenant: Tenant, actor: Actor) -> None:
    berta, _actor = at_browser(tenant, "Berta", [{"record": "*", "verb": "*"}], language="de")
    late = berta.post(f"/persons/{removed(actor).pk}/edit", TYPED | {"last_name": "Janssen"})
    text = late.content.decode()
    assert late.status_code == 410
    assert "Anna hat dies am" in text and "endgültig gelöscht" in text and "Als neuen Datensatz anlegen" in text


def test_who_may_not_create_is_not_asked_to(tenant: Tenant, actor: Actor) -> None:
    grants = [{"record": PERSON, "verb": v} for v in ("view", "change")]
    carla, _actor = at_browser(tenant, "Carla", grants)
    late = carla.post(f"/persons/{removed(actor).pk}/edit", TYPED | {"last_name": "Janssen"})
    assert late.status_code == 410
    assert 'value="Einkauf"' in late.content.decode() and "Create as a new record" not in late.content.decode()


def test_what_somebody_may_not_see_any_more_stays_unknown_but_what_they_typed_is_kept(
    narrow: tuple[Client, Actor], actor: Actor
) -> None:
    person = run(actor, f"{PERSON}.create", last_name="Janssen").record
    late = narrow[0].post(f"/persons/{person.pk}/edit", TYPED | {"last_name": "Jansen"})
    text = late.content.decode()
    assert late.status_code == 404
    assert "There is no such record, or you may not see it." in text
    assert 'value="Jansen"' in text and 'value="Einkauf"' in text and "Janssen" not in text


def test_a_field_in_place_and_a_move_say_the_same(client: Client, actor: Actor) -> None:
    person = removed(actor)
    for address in ("field/position", "do/comment"):
        late = client.post(f"/persons/{person.pk}/{address}", {"position": "Einkauf", "text": "Anruf"}, **FETCH)
        assert late.status_code == 410
        assert late.json()["code"] == "deleted" and "Anna deleted this for good" in late.json()["message"]


def test_the_text_of_an_action_is_kept_too(client: Client, actor: Actor) -> None:
    late = client.post(f"/persons/{removed(actor).pk}/do/comment", {"_field": "text", "text": "Ruft morgen an"})
    assert late.status_code == 410
    assert "Ruft morgen an" in late.content.decode() and "Create as a new record" not in late.content.decode()


def test_one_who_was_erased_is_not_offered_anew(client: Client, actor: Actor) -> None:
    """Told apart from a deletion: only this may not simply be entered again."""
    person = removed(actor)
    with writing():
        note(actor, "privacy.erased", PERSON, person.pk)
    late = client.post(f"/persons/{person.pk}/edit", TYPED | {"last_name": "Janssen"})
    assert late.status_code == 410
    assert "erased this" in late.content.decode() and "Create as a new record" not in late.content.decode()
