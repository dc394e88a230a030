"""A rep who sees only the own deals learns nothing of a colleague's: on no page, in no sum, export, API or message."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone, translation

from klientel.kernel.access.presets import presets
from klientel.kernel.actions import run
from klientel.kernel.events.consumers import get
from klientel.kernel.events.digesting import digest
from klientel.kernel.events.event import read
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.identity import tokens
from klientel.kernel.identity.actor import Actor
from klientel.kernel.identity.models import User
from klientel.kernel.sql import Sql
from klientel.kernel.web.tests.conftest import at_browser
from klientel.sales.models import Stage

pytestmark = pytest.mark.django_db
#: what a colleague's deal says, and what its value would make of the sums of boris, who has one deal of 1.00
SECRETS = re.compile(rb"Zeppelinhalle|Verschwiegen|777[.,\s]?12[34]|77[.,\s]?712|Geheimbund")
MOST_PAGES = 250
NOT_FOLLOWED = re.compile(r"^/(account|static|vendor)|logout|\.(js|css|svg|woff2|ico)$")


@pytest.fixture
def own(tenant: Any) -> tuple[Client, Actor]:
    """Boris' browser: sales with own business."""
    return at_browser(tenant, "Boris", next(p.grants for p in presets() if p.key == "sales_own"))


@pytest.fixture
def world(tenant: Any, anna: Actor, own: tuple[Client, Actor]) -> dict[str, Any]:
    """One shared organisation with a deal of each, and everything that can hang on anna's."""
    boris = own[1]
    run(anna, "sales.pipeline.begin")
    stage = Stage.objects.order_by("position")[1]
    shared = {"owner": str(boris.member)}
    firm = run(anna, "contacts.organisation.create", name="Gemeinsam AG", **shared).record
    person = run(anna, "contacts.person.create", last_name="Lotse", organisation=str(firm.pk), **shared).record
    about = {"organisation": str(firm.pk), "person": str(person.pk), "stage": str(stage.pk), "expected_close": _soon()}
    theirs = run(
        anna, "sales.deal.create", name="Zeppelinhalle", owner=str(anna.member), description="Verschwiegen",
        positions=[{"name": "Zeppelinhalle", "quantity": "1", "price": "777123"}], **about,
    ).record  # fmt: skip
    mine = run(boris, "sales.deal.create", name="Meine", value=_eur("1"), owner=str(boris.member), **about).record
    run(anna, "sales.stakeholder.create", deal=str(theirs.pk), person=str(person.pk), role="user", note="Verschwiegen")
    run(anna, "sales.deal.quote", theirs.pk)
    task = {"subject": "Verschwiegen", "due": _soon(), "concerns": [str(theirs.pk)], "owner": str(anna.member)}
    run(anna, "work.task.create", **task)
    run(anna, "kernel.comment.create", about=[str(theirs.pk)], text="Verschwiegen", mentions=[str(boris.member)])
    run(anna, "sales.deal.change", theirs.pk, source="Geheimbund")
    forecast = {"begins": _soon(), "span": "month", "amount": _eur("777124"), "owner": str(anna.member)}
    run(anna, "sales.submission.create", note="Verschwiegen", **forecast)
    view = {"name": "Alle Chancen", "record_type": "sales.deal", "condition": {}, "shared": "all", "favourite": True}
    run(anna, "kernel.view.create", **view)
    with working_in(tenant.pk), translation.override("en"):
        for name in ("notifications", "sales.stays"):
            digest(get(name), read(Sql("TRUE")))
    return {"firm": firm.pk, "person": person.pk, "theirs": theirs.pk, "mine": mine.pk, "boris": boris}


def _soon() -> str:
    return (timezone.localdate() + dt.timedelta(days=5)).isoformat()


def _eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def _routes(patterns: Any = None, before: str = "") -> Iterator[str]:
    """Every declared address, as written."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        here = before + str(getattr(one.pattern, "_route", ""))
        if hasattr(one, "url_patterns"):
            yield from _routes(one.url_patterns, here)
        elif hasattr(one.pattern, "_route"):
            yield here


def _filled(route: str, world: dict[str, Any]) -> Iterator[str]:
    """The addresses of a route for deals and for what both share, colleague's ids included."""
    asks = "?q=Zeppelin&within=&format=csv&key=sales.deal&ids=" + str(world["theirs"])
    slugs = ("deals", "organisations", "persons", "quotes", "tasks", "stakeholders")
    for slug in slugs if "slug>" in route else ("",):
        here = re.sub(r"<(type|str):slug>", slug, route)
        here = re.sub(r"<str:key>", "sales.deal", here)
        here = re.sub(r"<str:(name|verb)>", lambda m: {"name": "value", "verb": "change"}[m[1]], here)
        for record in (world["theirs"], world["firm"], world["person"], world["mine"]) if "<" in here else ("",):
            done = re.sub(r"<(uuid|str):\w+>", str(record), here)
            if "<" not in done:
                yield f"/{done}{asks}"


def _body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def _look(client: Client, at: str, **headers: Any) -> bytes:
    """What stands there, without what was asked for itself; nothing may break."""
    answer = client.get(at, **headers)
    assert answer.status_code < 500, f"{at}: {answer.status_code}"
    body = _body(answer)
    found = SECRETS.search(re.sub(rb"Zeppelin(?!halle)", b"", body))
    assert found is None, (
        f"{at} ({answer.status_code}) tells: …{body[max(0, found.start() - 200) : found.end() + 50]!r}…"
    )
    return body


def test_no_address_tells_anything_of_a_colleagues_deal(world: dict[str, Any], own: tuple[Client, Actor]) -> None:
    client, seen = own[0], 0
    user = User.objects.get(email="boris@example.org")
    _token, text = tokens.create(
        tenant_id=own[1].tenant, member_id=own[1].member, user=user, name="test", scopes=["read"],
        expires_at=timezone.now() + dt.timedelta(days=1),
    )  # fmt: skip
    for route in _routes():
        if NOT_FOLLOWED.search(f"/{route}"):
            continue
        bearer = {"HTTP_AUTHORIZATION": f"Bearer {text}"} if route.startswith("api/") else {}
        for at in _filled(route, world):
            seen += 1
            _look(client, at, **bearer)
    assert seen > 200


def test_no_link_leads_to_anything_of_a_colleagues_deal(world: dict[str, Any], own: tuple[Client, Actor]) -> None:
    client, todo, known = own[0], ["/"], {"/"}
    while todo and len(known) < MOST_PAGES:
        body = _look(client, todo.pop(0)).decode(errors="replace")
        for at in re.findall(r'href="(/[^"#]*)"', body):
            at = at.replace("&amp;", "&")
            if at not in known and not NOT_FOLLOWED.search(at):
                known.add(at)
                todo.append(at)
    assert {"/deals/board", "/insights/"} <= {at.split("?")[0] for at in known}
    assert f"/deals/{world['mine']}/" in known and f"/deals/{world['theirs']}/" not in known


def test_lists_boards_and_exports_count_and_add_up_only_the_own(
    world: dict[str, Any], own: tuple[Client, Actor]
) -> None:
    client = own[0]
    assert b"1" in client.get("/deals/count").content and b"2" not in client.get("/deals/count").content
    board = client.get("/deals/board").content.decode()
    assert board.count("data-card=") == 1 and "Meine" in board
    lines = _body(client.get("/deals/export?format=csv")).decode("utf-8-sig").strip().splitlines()
    assert len(lines) == 2
    assert client.get(f"/deals/{world['theirs']}/").status_code == 404
    assert client.post(f"/deals/{world['theirs']}/do/archive").status_code == 404
