"""Orders that a person decides: the columns of a list, the fields of a layout; and the way along a list's records."""

from __future__ import annotations

import re
from urllib.parse import quote
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.web.ordering import moved

ORG = "contacts.organisation"
LIST = "http://testserver/organisations/"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("up b", "bac"), ("down b", "acb"), ("up a", "abc"), ("down c", "abc"), ("", "abc"), ("up x", "abc"),
     ("to b", "abc")],
)  # fmt: skip
def test_one_step_at_a_time(asked: str, expected: str) -> None:
    assert "".join(moved("abc", asked)) == expected


def test_columns_stand_in_the_order_sent_and_are_kept_with_the_view(client: Client, firms: dict[str, str]) -> None:
    sent = "/organisations/columns?column=stage&column=employees&column=industry"
    to = client.get(sent).headers["Location"]
    assert "columns=stage%2Cemployees%2Cindustry" in to
    to = client.get(f"{sent}&move=up industry").headers["Location"]
    assert "columns=stage%2Cindustry%2Cemployees" in to
    page = client.get(to).content.decode()
    heads = re.findall(r'id="sort-(\w+)"', page)
    assert heads == ["title", "stage", "industry", "employees"]
    chosen = client.get(f"/organisations/columns?{to.partition('?')[2]}").content.decode()
    menu = re.findall(r'name="column" value="(\w+)"', chosen)
    assert menu[:3] == ["stage", "industry", "employees"]
    kept = re.search(r'name="columns" value="([^"]*)"', page)
    assert kept
    saved = client.post("/organisations/views", {"name": "Mine", "columns": kept[1], "sort": "title", "shared": "own"})
    again = client.get(saved.headers["Location"]).content.decode()
    assert re.findall(r'id="sort-(\w+)"', again) == heads


def test_a_field_walks_through_the_sections_of_a_layout(client: Client, actor: Actor) -> None:
    made = run(actor, "kernel.layout.create", name="Short", record_type=ORG, active=True).record
    at = reverse("settings_layout", args=[made.id])
    sent = {"de": ["Eins", "Zwei"], "en": ["", ""], "field": ["name", "stage", "vat_id"], "section": ["1", "1", "2"]}

    def order(page: str) -> list[tuple[str, list[str]]]:
        lists = re.findall(r'data-section="(\d*)">(.*?)</ol>', page, re.S)
        return [(n, re.findall(r'name="field" value="(\w+)"', some)) for n, some in lists]

    down = client.post(at, sent | {"move": "down stage"}).content.decode()
    assert order(down)[:2] == [("1", ["name"]), ("2", ["stage", "vat_id"])]
    up = client.post(at, sent | {"move": "up vat_id"}).content.decode()
    assert order(up)[:2] == [("1", ["name", "stage", "vat_id"]), ("2", [])]
    first = client.post(at, sent | {"move": "up name"}).content.decode()
    assert order(first)[0] == ("1", ["name", "stage"])
    made.refresh_from_db()
    assert not made.sections, "a step keeps nothing yet"
    assert client.post(at, sent).status_code == 302
    made.refresh_from_db()
    assert [s["fields"] for s in made.sections] == [["name", "stage"], ["vat_id"]]


@pytest.fixture
def firms(actor: Actor) -> dict[str, str]:
    """Five firms, of which three have the stage that the list asks for."""
    sizes = {"Anker": ("customer", 30), "Boje": ("lead", 20), "Dock": ("customer", 10), "Elbe": ("customer", None),
             "Fleet": ("customer", 10)}  # fmt: skip
    return {
        name: f"/organisations/{run(actor, f'{ORG}.create', name=name, stage=stage, employees=n).record.id}/"
        for name, (stage, n) in sizes.items()
    }


def along(client: Client, begin: str, way: str) -> list[str]:
    """The records one comes past until the list ends."""
    seen, at = [begin], begin
    while (to := client.get(f"{at}{way}").headers["Location"]) != at:
        seen.append(at := to)
    return seen


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("title", ["Anker", "Dock", "Elbe", "Fleet"]),
        ("-title", ["Fleet", "Elbe", "Dock", "Anker"]),
        ("employees", ["Dock", "Fleet", "Anker", "Elbe"]),
        ("-employees", ["Anker", "Fleet", "Dock", "Elbe"]),
    ],
)
def test_next_and_previous_follow_the_filter_and_the_order_of_the_list(
    client: Client, firms: dict[str, str], sort: str, order: list[str]
) -> None:
    where = quote('{"field":"stage","op":"is","value":"customer"}')
    expected = [firms[name] for name in order]
    page = client.get(expected[0], headers={"referer": f"{LIST}?where={where}&sort={sort}"}).content.decode()
    assert f'href="{expected[0]}next"' in page
    assert along(client, expected[0], "next") == expected
    assert along(client, expected[-1], "previous") == expected[::-1]


def test_who_left_the_filter_meanwhile_keeps_the_place(client: Client, actor: Actor, firms: dict[str, str]) -> None:
    where = quote('{"field":"stage","op":"is","value":"customer"}')
    client.get(firms["Dock"], headers={"referer": f"{LIST}?where={where}"})
    run(actor, f"{ORG}.change", UUID(firms["Dock"].split("/")[2]), stage="lead")
    assert client.get(f"{firms['Dock']}next").headers["Location"] == firms["Elbe"]


def test_only_from_a_list_there_are_neighbours(client: Client, firms: dict[str, str]) -> None:
    at = firms["Anker"]
    assert f"{at}next" not in client.get(at).content.decode()
    for foreign in ("http://elsewhere.example/organisations/", f"{LIST}?as_of=2026-01-01"):
        assert f"{at}next" not in client.get(at, headers={"referer": foreign}).content.decode()
    from_list = client.get(at, headers={"referer": f"{LIST}?sort=-title"}).content.decode()
    assert f"{at}next" in from_list
    assert 'href="/organisations/?sort=-title"' in from_list, "and the way back leads to that list"
    after_edit = client.get(at, headers={"referer": f"http://testserver{at}edit"}).content.decode()
    assert f"{at}next" in after_edit
    assert f"{at}next" not in client.get(at, headers={"referer": "http://testserver/search"}).content.decode()


def test_no_way_leads_along_what_one_may_not_see(narrow: tuple[Client, Actor], client: Client, actor: Actor) -> None:
    browser, boris = narrow
    hers = run(actor, "contacts.person.create", last_name="Beta").record
    his = [run(actor, "contacts.person.create", last_name=n, owner=boris.member).record for n in ("Alpha", "Gamma")]
    assert browser.get(f"/persons/{hers.id}/next").status_code == 404
    assert browser.get(f"/persons/{his[0].id}/next").headers["Location"] == f"/persons/{his[1].id}/"
