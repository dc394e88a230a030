"""Two people edit the same record: disjoint fields are put together, others asked about with all three values."""

from __future__ import annotations

import pytest
from django.test import Client

from klientel.contacts.models import Person
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.web.tests.conftest import at_browser

pytestmark = pytest.mark.django_db
PERSON = "contacts.person"
FETCH = {"HTTP_X_REQUESTED_WITH": "fetch"}


def begun(actor: Actor, **given: object) -> Person:
    values = {"last_name": "Janssen", "first_name": "Kai", "position": "Lager"} | given
    found: Person = run(actor, f"{PERSON}.create", **values).record
    return found


def form(person: Person, version: int, **sent: str) -> dict[str, object]:
    values = {"last_name": person.last_name, "first_name": person.first_name, "position": person.position} | sent
    return {"_field": list(values), "version": version, **values}


def test_disjoint_fields_are_put_together_and_said(client: Client, actor: Actor) -> None:
    person = begun(actor)
    run(actor, f"{PERSON}.change", person.pk, first_name="Kaja")
    late = client.post(f"/persons/{person.pk}/edit", form(person, 1, position="Einkauf"), follow=True)
    now = Person.objects.get(pk=person.pk)
    assert (now.first_name, now.position, now.version) == ("Kaja", "Einkauf", 3)
    assert "beside what Anna changed meanwhile" in late.content.decode()


def test_a_field_both_changed_is_asked_about_with_three_values(client: Client, actor: Actor) -> None:
    person = begun(actor)
    run(actor, f"{PERSON}.change", person.pk, first_name="Kaja", position="Einkauf")
    late = client.post(f"/persons/{person.pk}/edit", form(person, 1, position="Vertrieb"))
    text = late.content.decode()
    assert late.status_code == 409
    assert all(word in text for word in ("Lager", "Einkauf", "Vertrieb")) and 'name="version" value="2"' in text
    assert 'value="Kaja"' in text
    assert text.count('name="take-position"') == 2 and 'name="take-first_name"' not in text
    sent = form(person, 2, first_name="Kaja", position="Vertrieb")
    client.post(f"/persons/{person.pk}/edit", sent | {"take-position": "theirs"})
    assert Person.objects.get(pk=person.pk).position == "Einkauf"
    client.post(f"/persons/{person.pk}/edit", sent | {"take-position": "mine"})
    now = Person.objects.get(pk=person.pk)
    assert (now.first_name, now.position) == ("Kaja", "Vertrieb")


def test_what_was_typed_into_a_record_that_was_merged_meanwhile_is_kept(client: Client, actor: Actor) -> None:
    kept, lost = begun(actor, first_name="K.", position=""), begun(actor, position="", emails=["kai@x.example"])
    run(actor, f"{PERSON}.merge", kept.pk, records=[lost.pk], fields={"first_name": str(lost.pk)})
    late = client.post(f"/persons/{lost.pk}/edit", form(lost, 1, position="Einkauf"), follow=True)
    now = Person.objects.get(pk=kept.pk)
    assert late.redirect_chain == [(f"/persons/{kept.pk}/", 302)]
    assert (now.first_name, now.position) == ("Kai", "Einkauf")
    assert "Saved in Kai Janssen, of which this has become a part." in late.content.decode()


def test_what_the_merge_decided_otherwise_is_asked_about(client: Client, actor: Actor) -> None:
    kept, lost = begun(actor), begun(actor, first_name="Kaja", position="Einkauf")
    run(actor, f"{PERSON}.merge", kept.pk, records=[lost.pk])
    late = client.post(f"/persons/{lost.pk}/edit", form(lost, 1, position="Vertrieb"))
    text = late.content.decode()
    assert late.status_code == 409
    assert all(word in text for word in ("Lager", "Einkauf", "Vertrieb")) and 'value="Kai"' in text
    assert f'action="/persons/{kept.pk}/edit"' in text and 'name="take-first_name"' not in text
    sent = form(kept, Person.objects.get(pk=kept.pk).version, position="Vertrieb")
    client.post(f"/persons/{kept.pk}/edit", sent | {"take-position": "mine"})
    assert Person.objects.get(pk=kept.pk).position == "Vertrieb"


def test_what_was_typed_into_a_deleted_record_stays_and_the_trash_is_named(client: Client, actor: Actor) -> None:
    person = begun(actor)
    run(actor, f"{PERSON}.archive", person.pk)
    late = client.post(f"/persons/{person.pk}/edit", form(person, 1, position="Vertrieb"))
    text = late.content.decode()
    assert late.status_code == 404
    assert "lies in the trash" in text and "Restore the record, then save again" in text and 'value="Vertrieb"' in text
    run(actor, f"{PERSON}.restore", person.pk)
    assert client.post(f"/persons/{person.pk}/edit", form(person, 1, position="Vertrieb")).status_code == 302
    assert Person.objects.get(pk=person.pk).position == "Vertrieb"


def test_what_became_part_of_a_record_one_may_not_see_is_not_said_to_lie_in_the_trash(actor: Actor) -> None:
    kept, lost = begun(actor, position="Vertrieb"), begun(actor)
    where = {"field": "position", "op": "is", "value": "Lager"}
    grants = [{"record": PERSON, "verb": verb, "where": where} for verb in ("view", "change")]
    narrow, _member = at_browser(Tenant.objects.get(pk=actor.tenant), "Boris", grants)
    run(actor, f"{PERSON}.merge", kept.pk, records=[lost.pk])
    late = narrow.post(f"/persons/{lost.pk}/edit", form(lost, 1, first_name="Kaja"))
    assert late.status_code == 404 and "lies in the trash" not in late.content.decode()


def test_the_same_value_from_both_is_no_conflict(client: Client, actor: Actor) -> None:
    person = begun(actor)
    run(actor, f"{PERSON}.change", person.pk, position="Einkauf")
    assert client.post(f"/persons/{person.pk}/edit", form(person, 1, position="Einkauf")).status_code == 302
    assert Person.objects.get(pk=person.pk).version == 2


def test_one_field_in_place_is_saved_beside_another(client: Client, actor: Actor) -> None:
    person = begun(actor)
    run(actor, f"{PERSON}.change", person.pk, first_name="Kaja")
    at = f"/persons/{person.pk}/field/position"
    answer = client.post(at, {"position": "Einkauf", "version": 1}, **FETCH)
    assert (answer.status_code, answer.json()["version"]) == (200, 3)
    late = client.post(at, {"position": "Vertrieb", "version": 2}, **FETCH)
    assert late.status_code == 409 and "Einkauf" in late.json()["message"]
    assert Person.objects.get(pk=person.pk).position == "Einkauf"


def test_what_was_undone_meanwhile_is_no_change(client: Client, actor: Actor) -> None:
    person = begun(actor)
    run(actor, f"{PERSON}.change", person.pk, position="Einkauf")
    run(actor, f"{PERSON}.change", person.pk, position="Lager")
    assert client.post(f"/persons/{person.pk}/edit", form(person, 1, position="Vertrieb")).status_code == 302
    assert Person.objects.get(pk=person.pk).position == "Vertrieb"


def test_a_hidden_field_is_in_no_conflict(narrow: tuple[Client, Actor], actor: Actor) -> None:
    browser, boris = narrow
    person = begun(actor, owner=boris.member)
    run(actor, f"{PERSON}.change", person.pk, birthday="1971-02-03", position="Einkauf")
    text = browser.post(f"/persons/{person.pk}/edit", form(person, 1, position="Vertrieb")).content.decode()
    assert "Einkauf" in text and "1971" not in text
