"""The work list of duplicates: what it shows, what it keeps to itself, and what becomes of a decision."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from klientel.contacts.models import Person
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_tenant
from klientel.kernel.twins.models import TwinMember
from klientel.kernel.twins.searching import Searcher, begin
from klientel.kernel.web.tests.conftest import at_browser

pytestmark = pytest.mark.django_db
PERSON = "contacts.person"
PAGE = "/duplicates/persons"


def search() -> None:
    begin(type_of(PERSON), full=True)
    while Searcher(type_of(PERSON)).step():
        continue


NAMES = [
    "Zwingenberger",
    "Achterkamp",
    "Borchardt",
    "Dobberkau",
    "Eickhorst",
    "Flottmann",
    "Grabowski",
    "Hinrichsen",
    "Isselhorst",
    "Jablonski",
]


def twins(actor: Actor, n: int, **given: object) -> list[Person]:
    mail = [{"value": f"{NAMES[n].lower()}@acme.example"}]
    facts = {"last_name": NAMES[n], "emails": mail} | given
    return [run(actor, f"{PERSON}.create", first_name=name, **facts).record for name in ("Kim", "Kimm")]


def group() -> str:
    return str(TwinMember.objects.first().group)  # type: ignore[union-attr]


def test_shows_the_groups_with_their_reasons_side_by_side(client: Client, actor: Actor) -> None:
    one, two = twins(actor, 0, position="Chair")
    search()
    page = client.get(PAGE).content.decode()
    for word in ("Kim Zwingenberger", "Kimm Zwingenberger", "same e-mail (+15)", "same last name (+12)"):
        assert word in page, word
    assert f'value="{one.pk}"' in page
    assert f'value="{two.pk}"' in page
    assert client.get("/duplicates").status_code == 200
    assert client.get("/duplicates/notes").status_code == 404
    assert client.get(f"{PAGE}?after=nonsense").status_code == 422


def test_a_group_that_is_none_is_not_shown_again_and_that_can_be_undone(client: Client, actor: Actor) -> None:
    twins(actor, 0)
    search()
    answer = client.post(f"{PAGE}/decide", {"what": "apart", "group": group()})
    assert (answer.status_code, TwinMember.objects.count()) == (302, 0)
    search()
    assert "Kimm" not in client.get(PAGE).content.decode().split("data-twins")[1]


def test_what_is_put_off_is_away_for_a_month(client: Client, actor: Actor) -> None:
    twins(actor, 0)
    search()
    client.post(f"{PAGE}/decide", {"what": "later", "group": group()})
    assert "Kimm" not in client.get(PAGE).content.decode().split("data-twins")[1]
    search()
    assert "Kimm" not in client.get(PAGE).content.decode().split("data-twins")[1]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_twinmember SET later = now() - interval '1 day'")
    assert "Kimm" in client.get(PAGE).content.decode()


def test_certain_groups_are_merged_at_once_and_undone_at_once(client: Client, actor: Actor) -> None:
    pairs = [twins(actor, n) for n in (1, 2)]
    unsure = [
        run(actor, f"{PERSON}.create", first_name="Anke", last_name=n).record for n in ("Rohrmoser", "Rohrmooser")
    ]
    search()
    client.post(f"{PAGE}/decide", {"what": "certain"})
    alive = set(Person.objects.filter(archived_at=None).values_list("pk", flat=True))
    assert alive >= {p[0].pk for p in pairs} | {p.pk for p in unsure}
    assert not alive & {p[1].pk for p in pairs}


def test_hidden_fields_and_records_of_others_are_not_told(actor: Actor, narrow: tuple[Client, Actor]) -> None:
    client, boris = narrow
    phone = {"phones": [{"value": "+49301234567"}], "birthday": "1980-05-17"}
    for last in ("Maier", "Petersen"):
        run(actor, f"{PERSON}.create", first_name="Kim", last_name=last, owner=boris.member, **phone)
    twins(actor, 0)
    search()
    assert TwinMember.objects.count() == 4
    page = client.get(PAGE).content.decode().split("data-twins")[1]
    assert "Petersen" not in page, "only birthday and phone say that they are one, and those are hidden"
    assert "Zwingenberger" not in page
    before = TwinMember.objects.count()
    assert client.post(f"{PAGE}/decide", {"what": "apart", "group": group()}).status_code in (403, 404)
    assert client.post(f"{PAGE}/search").status_code == 403
    assert TwinMember.objects.count() == before


def test_another_tenant_sees_nothing(actor: Actor) -> None:
    twins(actor, 0)
    search()
    told = group()
    client, _cleo = at_browser(make_tenant("elbtal"), "Cleo", ALL)
    assert "Zwingenberger" not in client.get(PAGE).content.decode()
    assert client.post(f"{PAGE}/decide", {"what": "apart", "group": told}).status_code == 404


def test_costs_the_same_for_3_and_for_9_groups(client: Client, actor: Actor) -> None:
    costs = []
    for numbers in (range(1, 4), range(4, 10)):
        for n in numbers:
            twins(actor, n)
        search()
        client.get(PAGE)
        with CaptureQueriesContext(connection) as captured:
            page = client.get(PAGE).content.decode()
        costs.append(len(captured))
    assert page.count("data-twin-group") >= 9
    assert costs[0] == costs[1]


def test_a_certain_duplicate_is_asked_about_before_it_is_saved(client: Client, actor: Actor) -> None:
    twins(actor, 0)
    sent = {
        "_field": ["first_name", "last_name", "emails"],
        "first_name": "Kim",
        "last_name": "Zwingenberger",
        "emails-0-value": "zwingenberger@acme.example",
    }
    before = Person.objects.count()
    answer = client.post("/persons/new", sent)
    assert answer.status_code == 200
    assert b"somebody_else" in answer.content
    assert Person.objects.count() == before
    assert client.post("/persons/new", sent | {"somebody_else": "1"}).status_code == 302
    assert Person.objects.count() == before + 1


def test_the_warning_of_a_change_does_not_name_the_record_itself(client: Client, actor: Actor) -> None:
    one, two = twins(actor, 0)
    sent = {
        "_field": ["last_name", "emails"],
        "last_name": "Zwingenberger",
        "emails-0-value": "zwingenberger@acme.example",
    }
    answer = client.post(f"/persons/similar?id={one.pk}", sent, HTTP_X_REQUESTED_WITH="fetch").content.decode()
    assert str(two.pk) in answer
    assert f"/persons/{one.pk}/" not in answer
    assert client.post("/persons/similar?id=nobody", sent).status_code == 404
