"""A call logged in two clicks: what it writes, for whom, and what a wrong number leaves behind."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import localdate

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import select
from klientel.kernel.actions import run
from klientel.kernel.errors import Refused
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.cast import ALL
from klientel.kernel.web.tests.conftest import at_browser
from klientel.lib import clock
from klientel.work.actions.call import working_day
from klientel.work.models import Call, Task
from klientel.work.queries.calling import numbers

pytestmark = pytest.mark.django_db
NUMBER, OTHER = "+49421123456", "+49421777777"


@pytest.fixture
def desk(tenant: Tenant) -> tuple[Client, Actor]:
    return at_browser(tenant, "Anna", ALL)


def person(actor: Actor) -> Any:
    phones = [{"value": NUMBER}, {"value": OTHER, "purpose": "mobile"}]
    return run(actor, "contacts.person.create", first_name="Eva", last_name="Sommer", phones=phones).record


def test_a_call_stands_on_its_person_and_deal_with_a_task_to_follow_up(anna: Actor) -> None:
    eva = person(anna)
    deal = run(anna, "sales.deal.create", name="Hall", person=str(eva.pk)).record
    about = [str(eva.pk), str(deal.pk)]
    run(anna, "work.call.log", concerns=about, result="not_reached", phone=NUMBER, follow_up=3)
    [call], [task] = Call.objects.all(), Task.objects.all()
    assert (call.result, call.phone, call.owner, [str(i) for i in call.concerns]) == (
        "not_reached", NUMBER, anna.member, about)  # fmt: skip
    assert (task.due, task.owner, "Eva Sommer" in task.subject) == (working_day(3), anna.member, True)


def test_a_follow_up_on_a_weekend_is_due_on_monday() -> None:
    with clock.turned_back(dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)):  # a Friday
        assert working_day(1).weekday() in range(5)


def test_a_wrong_number_is_marked_at_the_person_and_taken_back_with_the_call(desk: tuple[Client, Actor]) -> None:
    client, actor = desk
    eva = person(actor)
    headers = {"X-Requested-With": "fetch"}
    sent = {"phone": f"{NUMBER}|{eva.pk}", "result": "wrong_number"}
    answer = client.post(f"/persons/{eva.pk}/call", sent, headers=headers)
    assert answer.status_code == 200
    assert _states(actor, eva) == {NUMBER: "invalid", OTHER: "ok"}
    assert client.post(answer.json()["undo"], headers=headers).status_code == 200
    assert _states(actor, eva) == {NUMBER: "ok", OTHER: "ok"}


def _states(actor: Actor, record: Any) -> dict[str, str]:
    where = {"id": [str(record.pk)]}
    [row] = select(ActorScope(actor), type_of("contacts.person"), columns=["phones"], where=where).rows
    return {p["value"]: p["state"] for p in row.values["phones"]}


def test_numbers_of_a_deal_are_those_of_its_person_first_what_works(anna: Actor) -> None:
    eva = person(anna)
    run(anna, "work.call.log", concerns=[str(eva.pk)], result="wrong_number", phone=NUMBER)
    deal = run(anna, "sales.deal.create", name="Hall", person=str(eva.pk)).record
    _record, found = numbers(ActorScope(anna), type_of("sales.deal"), deal.pk)
    assert [(n.value, n.bad, n.concerns) for n in found] == [
        (OTHER, False, (eva.pk, deal.pk)), (NUMBER, True, (eva.pk, deal.pk))]  # fmt: skip


def test_an_unknown_result_is_refused_and_nothing_is_written(anna: Actor) -> None:
    eva = person(anna)
    with pytest.raises(Refused) as no:
        run(anna, "work.call.log", concerns=[str(eva.pk)], result="shouted", follow_up=1)
    assert (no.value.field, Call.objects.count(), Task.objects.count()) == ("result", 0, 0)


def test_the_panel_works_without_a_script_and_another_tenants_person_is_not_there(
    desk: tuple[Client, Actor], cleo: Actor
) -> None:
    client, actor = desk
    eva = person(actor)
    page = client.get(f"/persons/{eva.pk}/call").content.decode()
    assert f'href="tel:{NUMBER}"' in page
    answer = client.post(f"/persons/{eva.pk}/call", {"phone": f"{NUMBER}|{eva.pk}", "result": "reached"})
    assert answer.url == f"/persons/{eva.pk}/"
    assert client.get(f"/persons/{cleo.member}/call").status_code == 404


def test_the_day_shows_what_is_due_and_forgotten_and_its_buttons_do_it(desk: tuple[Client, Actor]) -> None:
    client, actor = desk
    me = str(actor.member)
    run(actor, "sales.pipeline.begin")
    eva = person(actor)
    stale = run(actor, "sales.deal.create", name="Stale hall", owner=me).record
    with clock.turned_back(dt.datetime.now(dt.UTC) - dt.timedelta(days=90)):
        run(actor, "sales.deal.create", name="Rotten roof", owner=me)
    run(actor, "sales.lead.create", name="Fresh lead", owner=me, person=str(eva.pk))
    run(actor, "sales.deal.create", name="Hers", owner=None)
    today = localdate()
    late = run(actor, "work.task.create", subject="Overdue", due="2026-01-02", owner=me, concerns=[str(eva.pk)]).record
    run(actor, "work.task.create", subject="Far away", due=f"{today.year + 2}-01-01", owner=me)
    run(actor, "work.meeting.create", subject="Standup", begins=f"{today}T10:00", owner=me)
    page = client.get("/day").content.decode()
    for title in ("Stale hall", "Rotten roof", "Fresh lead", "Overdue", "Standup", "Eva Sommer"):
        assert title in page
    assert "Far away" not in page
    assert "Hers" not in page
    assert page.count("Rotten roof</a>") == 2  # too long in its stage, and without a next step
    due = working_day(1).isoformat()
    assert client.post(f"/tasks/{late.pk}/do/postpone", {"due": due, "next": "/day"}).url == "/day"
    assert "Overdue</a>" not in client.get("/day").content.decode()
    assert str(stale.pk) in page


def test_who_sees_no_deals_has_a_day_without_them(tenant: Tenant) -> None:
    client, _actor = at_browser(tenant, "Nora", [{"record": "work.task", "verb": "view"}])
    answer = client.get("/day")
    assert answer.status_code == 200
    assert b"h-rotting" not in answer.content
