"""Lists of what is to be done begin with what is open, and mark what is overdue."""

from __future__ import annotations

import datetime as dt

from django.test import Client
from django.utils import timezone

from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.testing import make


def test_tasks_begin_with_the_open_ones_and_overdue_ones_are_marked(client: Client, actor: Actor) -> None:
    today = timezone.localdate()
    for n, subject in ((-3, "Long due"), (0, "Due today"), (-9, "Long done")):
        task = run(actor, "work.task.create", subject=subject, due=today + dt.timedelta(days=n)).record
        if subject == "Long done":
            run(actor, "work.task.complete", task.id)
    page = client.get("/tasks/?columns=due").content.decode()
    assert "Long done" not in page
    rows = {s: page[page.rindex("<tr", 0, page.index(f">{s}<")) :].split("</tr>")[0] for s in ("Long due", "Due today")}
    assert "overdue" in rows["Long due"]
    assert "overdue" not in rows["Due today"]
    every = client.get("/tasks/?where=%7B%22all%22%3A%5B%5D%7D").content.decode()
    assert "Long done" in every
    assert every.count('class="late"') == 1, "what is done is not overdue"
    assert 'href="/tasks/?where=' in page, "a tab leads to all of them"


def test_cards_of_one_name_are_told_apart(client: Client, actor: Actor) -> None:
    tag = run(actor, "kernel.tag.create", name="VIP").record
    run(actor, "contacts.person.create", last_name="Alster", tags=[tag.id])
    run(actor, "contacts.organisation.create", name="Bille AG", tags=[tag.id])
    page = client.get(f"/tags/{tag.id}/").content.decode()
    heads = [part.split("<")[0].strip() for part in page.split('class="sm" id="rel-')[1:]]
    assert {h.split(">")[1] for h in heads} >= {"People", "Organisations"}


def test_people_have_a_face_in_lists_and_entries_have_none(client: Client, actor: Actor) -> None:
    run(actor, "contacts.person.create", last_name="Alster")
    run(actor, "work.task.create", subject="Call back")
    assert 'class="av ' in client.get("/persons/").content.decode().split("<tbody>")[1].split("</tbody>")[0]
    assert (
        'class="av ' not in client.get("/tasks/?columns=due").content.decode().split("<tbody>")[1].split("</tbody>")[0]
    )


def test_nothing_that_belongs_to_a_record_is_left_out_however_much_does(client: Client, actor: Actor) -> None:
    tag = run(actor, "kernel.tag.create", name="VIP").record
    sold = ("lead", "deal", "product", "pricelist", "quote", "order", "contract", "invoice")
    keys = ["contacts.person", "contacts.organisation", *(f"sales.{what}" for what in sold)]
    for n, key in enumerate(keys, 1):
        make(actor, key, n, tags=[tag.id])
    page = client.get(f"/tags/{tag.id}/").content.decode()
    assert page.count('<div class="card" role="group" aria-labelledby="rel-') == len(keys)
