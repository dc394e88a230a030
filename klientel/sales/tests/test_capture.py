"""Capturing a lead never makes a second copy of a person, says whom it found, and takes a form once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor, Grant
from klientel.kernel.records import type_of
from klientel.sales.models import Lead

pytestmark = pytest.mark.django_db
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63f8cfc0f01f0005000180a0"
    "6b6d500000000049454e44ae426082"
)
UTE = {"first_name": "Ute", "last_name": "Meyerhofer", "email": "ute.meyerhofer@elbe.example", "phone": "040 2230000"}


def persons() -> int:
    return int(type_of("contacts.person").model.objects.count())


def captured(actor: Actor, **values: Any) -> tuple[Lead, dict[str, Any]]:
    done = run(actor, "sales.lead.capture", **{"interest": "A press", **values})
    told = next(e for e in done.events if e.record_type == "sales.lead")
    return Lead.objects.get(pk=done.record.pk), told.parameters


def test_who_is_new_is_made_with_their_organisation(anna: Actor) -> None:
    made, told = captured(anna, **UTE, company="Elbe Pressen GmbH", message="Please call", source="Fair")
    somebody = type_of("contacts.person").model.objects.get(pk=made.person)
    assert (somebody.first_name, somebody.emails[0]["value"]) == ("Ute", UTE["email"])
    assert somebody.organisation == made.organisation and (made.name, made.source) == ("A press", "Fair")
    assert told["person"] == str(somebody.pk) and told["person_known"] is False


def test_who_is_known_is_found_and_told(anna: Actor) -> None:
    first, _told = captured(anna, **UTE, company="Elbe Pressen GmbH")
    second, told = captured(anna, **UTE | {"phone": ""}, company="ELBE Pressen GmbH")
    assert second.pk != first.pk and (second.person, second.organisation) == (first.person, first.organisation)
    assert persons() == 1 and (told["person_known"], told["organisation_known"]) == (True, True)


def test_a_chosen_person_is_taken_as_they_are(anna: Actor) -> None:
    first, _told = captured(anna, **UTE)
    made, told = captured(anna, person=str(first.person), last_name="Another name")
    assert made.person == first.person and persons() == 1 and told["person_known"] is True


def test_nobody_is_nobodys_lead(anna: Actor) -> None:
    with pytest.raises(Refused) as no:
        captured(anna)
    assert (no.value.code, no.value.field) == ("nobody", "last_name") and not Lead.objects.exists()


def test_the_same_form_twice_makes_one_lead(anna: Actor) -> None:
    made, _told = captured(anna, **UTE, intake="form-1")
    with pytest.raises(Refused) as no:
        captured(anna, **UTE, intake="form-1")
    assert no.value.code == "sent_already" and no.value.details == {"id": str(made.pk)}
    assert Lead.objects.count() == 1


def test_whoever_may_not_see_a_person_learns_nothing_of_them(anna: Actor, boris: Actor) -> None:
    captured(anna, **UTE)
    rep = replace(boris, grants=(*boris.grants, Grant("sales.lead", "create"), Grant("sales.lead", "view")))
    rep = replace(rep, grants=(*rep.grants, Grant("contacts.person", "create")))
    _made, told = captured(rep, **UTE)
    assert told["person_known"] is False and persons() == 2


def test_without_the_right_to_make_persons_nothing_is_made(anna: Actor, boris: Actor) -> None:
    rep = replace(boris, grants=(Grant("sales.lead", "create"),))
    with pytest.raises(Refused):
        captured(rep, **UTE)
    assert persons() == 0 and not Lead.objects.exists()


def form(**values: str) -> dict[str, Any]:
    sent = {"first_name": "Ute", "last_name": "Meyerhofer", "emails-0-value": UTE["email"], "interest": "A press"}
    return sent | {"_field": ["first_name", "last_name", "emails", "phones"], "intake": "form-1", **values}


def test_the_form_is_taken_once_however_often_it_is_sent(desk: Any) -> None:
    browser, _anna = desk
    page = browser.get("/leads/capture?source=Fair").content.decode()
    assert 'value="Fair"' in page and 'name="intake" value="' in page
    card = SimpleUploadedFile("card.png", PNG, "image/png")
    first = browser.post("/leads/capture", form() | {"photo": card})
    made = Lead.objects.get()
    assert first.status_code == 302 and first["Location"] == f"/leads/{made.pk}/"
    assert type_of("kernel.file").model.objects.get().concerns == [made.pk]
    second = browser.post("/leads/capture", form(), headers={"X-Requested-With": "fetch"})
    assert second.json() == {"location": f"/leads/{made.pk}/"}
    assert Lead.objects.count() == persons() == 1


def test_the_form_asks_once_about_somebody_who_is_only_like_somebody_we_know(desk: Any) -> None:
    browser, anna = desk
    known, _told = captured(anna, first_name="Ute", last_name="Meyerhofer")
    assert browser.post("/leads/capture", form()).status_code == 200  # a name alone is not certain
    assert Lead.objects.count() == 1
    chosen = form(asked="1", person=str(known.person))
    assert browser.post("/leads/capture", chosen).status_code == 302
    assert persons() == 1 and Lead.objects.filter(person=known.person).count() == 2


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(desk: Any) -> None:
    browser, _anna = desk
    answer = browser.post("/leads/capture", form(interest="", message="Soon"))
    page = answer.content.decode()
    assert answer.status_code == 422 and 'id="cap-interest-error"' in page and "Soon" in page
    assert '<a class="link" href="#cap-interest">Interested in</a>: Please' in page
    assert 'value="form-1"' in page and not Lead.objects.exists() and persons() == 0


def test_while_typing_the_same_check_as_for_persons_looks(desk: Any) -> None:
    browser, anna = desk
    captured(anna, **UTE)
    assert "Meyerhofer" in browser.post("/persons/similar", form()).content.decode()
