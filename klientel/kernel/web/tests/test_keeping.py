"""What is kept from page to page is the member's own, and never older than what it shows."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from django.test import Client
from django.utils import timezone

from klientel.kernel.access import actor_of
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.identity.models import User
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import inside, writing
from klientel.kernel.testing.making import make
from klientel.kernel.web import keeping

Desk = tuple[Client, Actor]


def page(client: Client, at: str = "/persons/") -> str:
    """The text of a page."""
    return client.get(at).content.decode()


def chip(text: str) -> str:
    """The words of the first filter of a list."""
    return text.partition('class="chip-text">')[2].partition("<")[0]


def tokens(text: str) -> set[str]:
    """Every token against forged requests on a page."""
    return set(re.findall(r'csrfmiddlewaretoken" value="([^"]+)"', text))


@pytest.fixture(autouse=True)
def _fresh() -> None:
    keeping.forget()


def test_every_form_of_a_page_carries_the_token_of_this_page(client: Client) -> None:
    first, second = page(client), page(client)
    assert len(tokens(first)) == len(tokens(second)) == 1
    assert tokens(first) != tokens(second)
    assert "\x02" not in second


def test_forms_lead_back_to_the_page_they_stand_on(client: Client) -> None:
    page(client)
    text = page(client, "/persons/?sort=-title&columns=stage")
    leads = set(re.findall(r'name="next" value="([^"]*)"', text))
    assert leads == {"/persons/?sort=-title&amp;columns=stage"}


def test_the_place_one_is_at_is_marked_on_each_page(client: Client) -> None:
    def here(text: str) -> list[str]:
        side = text[text.index('class="side"') : text.index('class="side-foot"')]
        return re.findall(r'<a href="([^"]+)" aria-current="page"', side)

    assert [here(page(client, at)) for at in ("/persons/", "/organisations/", "/", "/persons/")] == [
        ["/persons/"], ["/organisations/"], ["/"], ["/persons/"],
    ]  # fmt: skip


def test_two_members_never_share_what_is_kept(desk: Desk, narrow: Desk) -> None:
    wide, few = page(desk[0]), page(narrow[0])
    assert 'href="/organisations/new"' in wide
    assert 'href="/organisations/new"' not in few
    assert "Boris" in few
    assert "Boris" not in wide


def test_rights_taken_away_are_gone_on_the_next_page(desk: Desk) -> None:
    client, actor = desk
    assert 'href="/persons/new"' in page(client, "/")
    with inside(actor.tenant), writing():
        role = type_of("kernel.role").model.objects.get()
        grants = [{"record": "contacts.person", "verb": "view"}, {"record": "kernel.role", "verb": "*"}]
        run(actor_of(actor.id), "kernel.role.change", role.pk, grants=grants)
    text = page(client)
    assert 'href="/persons/new"' not in text
    assert 'href="/organisations/"' not in text


def test_a_name_and_a_wish_that_changed_show_on_the_next_page(desk: Desk) -> None:
    page(desk[0])
    User.objects.filter(name="Anna").update(name="Anna Neu", theme="dark", single_keys=False)
    text = page(desk[0])
    assert "Anna Neu" in text
    assert 'aria-checked="true" name="theme" value="dark"' in text
    assert 'data-keys="off"' in text
    assert 'name="single_keys" value="on"' in page(desk[0], "/shortcuts")


def test_a_view_that_was_made_or_changed_shows_on_the_next_page(desk: Desk) -> None:
    client, actor = desk
    page(client)
    values: dict[str, Any] = {"record_type": "contacts.person", "shared": "own", "favourite": True, "owner": actor.id}
    with inside(actor.tenant), writing():
        view = run(actor, "kernel.view.create", name="Meine Leute", **values).record
    text = page(client)
    assert text.count("Meine Leute") > 1  # among the tabs, and in the sidebar
    with inside(actor.tenant), writing():
        run(actor, "kernel.view.change", view.id, name="Unsere Leute", sort="-title")
    text = page(client, f"/persons/?view={view.id}")
    assert "Unsere Leute" in text
    assert "Meine Leute" not in text
    with inside(actor.tenant), writing():
        run(actor, "kernel.view.archive", view.id)
    assert "Unsere Leute" not in page(client)


def test_the_rows_are_never_kept(desk: Desk) -> None:
    client, actor = desk
    with inside(actor.tenant), writing():
        found = make(actor, type_of("contacts.person"))
    assert found.title in page(client)
    with inside(actor.tenant), writing():
        run(actor, "contacts.person.change", found.id, last_name="Umbenannt")
    assert "Umbenannt" in page(client)


@pytest.mark.parametrize("name", ["token", "here", "7"])
def test_a_filter_that_looks_like_a_hole_stays_what_it_is(desk: Desk, name: str) -> None:
    client, _actor = desk
    where = orjson.dumps({"field": "position", "op": "contains", "value": f"<\x02{name}\x02>"}).decode()
    answer = client.get("/persons/", {"where": where})
    assert answer.status_code == 200
    assert f"&lt;\x02{name}\x02&gt;" in answer.content.decode()


def test_the_words_of_a_filter_follow_what_they_name(desk: Desk) -> None:
    client, actor = desk
    with inside(actor.tenant), writing():
        firm = make(actor, type_of("contacts.organisation"), name="Alte Firma")
        view = make(actor, type_of("kernel.view"), name="Alte Sicht", record_type="contacts.person", condition={})
    named: tuple[tuple[Any, str, dict[str, Any]], ...] = (
        (firm, "Firma", {"field": "organisation", "op": "is", "value": str(firm.id)}),
        (view, "Sicht", {"in": f"view:{view.id}"}),
    )
    for record, word, part in named:
        where = f"/persons/?where={quote(orjson.dumps(part).decode())}"
        assert f"Alte {word}" in chip(page(client, where))
        with inside(actor.tenant), writing():
            run(actor, f"{type_of(record).key}.change", record.id, name=f"Neue {word}")
        assert f"Neue {word}" in chip(page(client, where))


def test_what_is_kept_has_a_bound(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST", 20_000)
    for at in ("/persons/", "/organisations/", "/tasks/", "/", "/persons/"):
        assert client.get(at).status_code == 200
    assert 0 < keeping.size() <= 20_000


def test_the_small_forms_of_a_record_belong_to_this_record(desk: Desk) -> None:
    client, actor = desk
    with inside(actor.tenant), writing():
        first, second = make(actor, "contacts.person", 1), make(actor, "contacts.person", 2)
    page(client, f"/persons/{first.id}/")
    text = page(client, f"/persons/{second.id}/")
    assert str(first.id) not in text
    assert f'data-draft="notes-{second.id}"' in text
    assert f'href="/persons/{second.id}/do/assign"' in text
    assert "\x02" not in text


def test_the_small_forms_begin_at_this_moment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    client, actor = desk
    with inside(actor.tenant), writing():
        found = make(actor, "contacts.person")
    begins, now = [], timezone.now()
    for minutes in (0, 61):
        monkeypatch.setattr(timezone, "now", lambda minutes=minutes: now + dt.timedelta(minutes=minutes))
        begins.append(re.findall(r'type="datetime-local" value="(.+?)"', page(client, f"/persons/{found.id}/")))
    assert begins[0]
    assert begins[0] != begins[1]


def test_a_field_of_ones_own_that_was_added_is_on_the_next_page(desk: Desk) -> None:
    client, actor = desk
    for path in ("/persons/", "/persons/columns"):
        page(client, path)
    with inside(actor.tenant), writing():
        facts = {"record_type": "contacts.person", "kind": "text", "name": "x_shoe", "privacy": "public"}
        run(actor, "kernel.customfield.create", label_de="Schuhe", label_en="Shoe size", **facts)
    assert "Shoe size" in page(client, "/persons/new")
    assert "Shoe size" in page(client, "/persons/columns")
