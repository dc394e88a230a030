"""Every record type has its pages without a line: list, form, record, one field, trash."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import Entries, Kind
from klientel.kernel.records import RecordType, all_types, type_of
from klientel.kernel.testing import make
from klientel.kernel.web.fields import as_sent

pytestmark = pytest.mark.django_db
TYPES = [t.key for t in all_types()]
#: types whose rows say things about other declarations: no sample of theirs is valid by itself
SPECIAL = ("kernel.file", "kernel.customfield", "kernel.customtype", "kernel.view", "kernel.fieldrule")
MAKEABLE = [k for k in TYPES if k not in SPECIAL]
CHANGED_BY_PEOPLE = [k for k in MAKEABLE if k != "kernel.member"]
MADE_BY_PEOPLE = [k for k in CHANGED_BY_PEOPLE if not type_of(k).made_by]


def as_form(rtype: RecordType, values: dict[str, Any]) -> dict[str, Any]:
    """What a browser sends for these values."""
    sent: dict[str, Any] = {"_field": list(values)}
    for name, value in values.items():
        sent |= one_as_form(rtype.fields[name], value)
    return sent


def one_as_form(kind: Kind, value: Any) -> dict[str, Any]:
    name = kind.name
    if isinstance(kind, Entries):
        return {f"{name}-{n}-{part}": text for n, entry in enumerate(value) for part, text in entry.items()}
    if kind.widget == "checkbox":
        return {name: "1"} if value else {}
    if kind.widget == "money":
        return {f"{name}-amount": value["amount"].replace(".", ","), f"{name}-currency": value["currency"]}
    return {name: as_sent(kind, value)}


@pytest.mark.parametrize("key", TYPES)
def test_lists(client: Client, actor: Actor, key: str) -> None:
    if key in MAKEABLE:
        make(actor, key)
    answer = client.get(reverse("list", args=[type_of(key).slug]))
    assert answer.status_code == 200


@pytest.mark.parametrize("key", MADE_BY_PEOPLE)
def test_draws_an_empty_form_and_refuses_it_where_something_is_needed(client: Client, actor: Actor, key: str) -> None:
    rtype = type_of(key)
    at = reverse("new", args=[rtype.slug])
    assert client.get(at).status_code == 200
    needed = [n for n, k in rtype.fields.items() if k.required and not k.readonly]
    if not needed:
        return
    before = rtype.model.objects.count()
    answer = client.post(at, {"_field": needed})
    assert answer.status_code == 422
    assert 'class="err"' in answer.content.decode()
    assert rtype.model.objects.count() == before


@pytest.mark.parametrize("key", [k for k in TYPES if type_of(k).made_by])
def test_what_people_do_not_make_has_no_form(client: Client, actor: Actor, key: str) -> None:
    at = reverse("new", args=[type_of(key).slug])
    assert (client.get(at).status_code, client.post(at, {"_field": []}).status_code) == (403, 403)


@pytest.mark.parametrize("key", [k for k in CHANGED_BY_PEOPLE if k not in ("kernel.relation", "kernel.comment")])
def test_what_the_form_sends_is_what_is_stored(client: Client, actor: Actor, key: str) -> None:
    rtype = type_of(key)
    example = make(actor, key, 1)
    names = [n for n, k in rtype.fields.items() if not k.readonly and k.widget not in ("link", "links", "file", "json")]
    values = {n: rtype.value(example, n) for n in names}
    linked = {n: rtype.value(example, n) for n, k in rtype.links.items() if k.required}
    answer = client.post(
        reverse("edit", args=[rtype.slug, example.pk]), as_form(rtype, values | linked) | {"version": 1}
    )
    assert answer.status_code == 302, answer.content.decode()[:3000]
    again = rtype.model.objects.get(pk=example.pk)
    assert {n: rtype.value(again, n) for n in values} == values


@pytest.mark.parametrize("key", MAKEABLE)
def test_shows_a_record_whole_with_its_timeline(client: Client, actor: Actor, key: str) -> None:
    rtype = type_of(key)
    record = make(actor, key)
    answer = client.get(reverse("record", args=[rtype.slug, record.pk]))
    assert answer.status_code == 200
    text = answer.content.decode()
    assert f'data-record="{record.pk}"' in text
    assert "created this record" in text
    assert client.get(reverse("peek", args=[rtype.slug, record.pk])).status_code == 200
    assert client.get(reverse("edit", args=[rtype.slug, record.pk])).status_code == 200


@pytest.mark.parametrize("key", MAKEABLE)
def test_goes_to_the_trash_and_comes_back(client: Client, actor: Actor, key: str) -> None:
    rtype = type_of(key)
    record = make(actor, key)
    client.post(reverse("do", args=[rtype.slug, record.pk, "archive"]))
    assert rtype.model.objects.get(pk=record.pk).archived_at is not None
    client.post(reverse("do", args=[rtype.slug, record.pk, "restore"]))
    assert rtype.model.objects.get(pk=record.pk).archived_at is None


@pytest.mark.parametrize("key", ["contacts.person", "contacts.organisation", "work.task", "work.call", "work.meeting"])
def test_every_field_can_be_edited_in_place(client: Client, actor: Actor, key: str) -> None:
    rtype = type_of(key)
    record = make(actor, key)
    for name, kind in rtype.fields.items():
        if kind.readonly:
            continue
        drawn = client.get(reverse("field", args=[rtype.slug, record.pk, name]))
        assert drawn.status_code == 200, name


def test_the_builder_knows_every_type(client: Client) -> None:
    for key in TYPES:
        answer = client.get(reverse("conditions", args=[type_of(key).slug]))
        assert answer.status_code == 200
        assert answer.content.decode().count('value="field:') > 3, key
