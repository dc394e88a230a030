"""A discount is decided by somebody else: on the phone, by deputies too, after reminders."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse

from klientel.kernel.actions import run
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.events.consumers import get
from klientel.kernel.events.digesting import digest
from klientel.kernel.events.event import read
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.identity.actor import Actor
from klientel.kernel.kinds import today
from klientel.kernel.live.models import Notification
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_member
from klientel.kernel.web.tests.conftest import at_browser
from klientel.lib import clock
from klientel.sales.jobs.quote import remind
from klientel.sales.models import Quote
from klientel.sales.queries.approval import givers, judges
from klientel.sales.tests.test_quote import again, all_rights, bosses, quote, refusals

__all__ = ["bosses"]
pytestmark = pytest.mark.django_db


def form_of(one: Quote) -> Any:
    return type_of("sales.quoteform").model.objects.get(pk=one.form)


def tasks() -> list[Any]:
    return list(type_of("work.task").model.objects.order_by("id"))


def refused(actor: Actor, key: str, one: Quote, **values: Any) -> str:
    with pytest.raises(Forbidden) as no:
        run(actor, f"sales.quote.{key}", one.pk, **values)
    assert again(one).state == "awaiting"
    return no.value.code


def test_who_wrote_the_discount_does_not_approve_it_though_a_colleague_asked(
    anna: Actor, bosses: tuple[Actor, Actor]
) -> None:
    chief, deputy = bosses
    made = quote(anna)
    run(chief, "sales.quote.change", made.pk, discount="20")
    run(anna, "sales.quote.ask_approval", made.pk)
    assert tasks()[-1].owner == deputy.member
    assert refused(chief, "approve", made) == "own_discount"
    run(deputy, "sales.quote.approve", made.pk)
    assert again(made).state == "approved"


def test_a_new_version_with_the_old_discount_is_still_whose_it_was(anna: Actor, bosses: tuple[Actor, Actor]) -> None:
    chief, deputy = bosses
    made = quote(chief)
    run(chief, "sales.quote.ask_approval", made.pk)
    run(deputy, "sales.quote.approve", made.pk)
    run(anna, "sales.quote.send", made.pk)
    run(anna, "sales.quote.revise", made.pk)
    newer = Quote.objects.get(replaces=made.pk)
    run(anna, "sales.quote.ask_approval", newer.pk)
    assert refused(chief, "approve", newer) == "own_discount"


def test_only_who_has_the_right_is_asked(anna: Actor) -> None:
    chief = make_member("Chief", [{"record": "*", "verb": "view"}])
    deputy = make_member("Deputy", all_rights())
    form = run(anna, "sales.quoteform.create", name="F", approval_above="5", approver=chief.member).record
    made = quote(anna)
    assert refusals(anna, "sales.quote.ask_approval", made.pk) == {"None": "nobody_approves"}
    run(anna, "sales.quoteform.change", form.pk, deputy=deputy.member)
    run(anna, "sales.quote.ask_approval", made.pk)
    assert [task.owner for task in tasks()] == [deputy.member]


def test_nobody_approves_their_own_as_deputy_of_whoever_is_away(anna: Actor, bosses: tuple[Actor, Actor]) -> None:
    chief, _deputy = bosses
    run(anna, "kernel.member.change", chief.member, deputy=anna.member, away_from=str(today()))
    made = quote(anna)
    assert anna.member in judges(form_of(made)) and anna.member in givers(made)
    run(anna, "sales.quote.ask_approval", made.pk)
    assert refused(anna, "approve", made) == "own_discount"


def test_who_stands_in_for_an_absent_approver_decides(anna: Actor, bosses: tuple[Actor, Actor]) -> None:
    chief, _deputy = bosses
    third = make_member("Third", all_rights())
    made = quote(anna)
    run(anna, "sales.quote.ask_approval", made.pk)
    assert refused(third, "approve", made) == "not_the_approver"
    run(anna, "kernel.member.change", chief.member, deputy=third.member, away_from=str(today()))
    run(third, "sales.quote.approve", made.pk)
    assert (again(made).state, again(made).approved_by) == ("approved", third.member)


def test_whoever_is_asked_is_told_once_of_the_quote(tenant: Tenant, anna: Actor, bosses: tuple[Actor, Actor]) -> None:
    made = quote(anna)
    run(anna, "sales.quote.ask_approval", made.pk)
    with working_in(tenant.pk):
        digest(get("notifications"), read(Sql("TRUE")))
    told = Notification.objects.filter(member_id=bosses[0].member).values_list("kind", "record_id")
    assert list(told) == [("sales.quote.ask_approval", made.pk)]


def test_the_task_is_done_with_the_decision(anna: Actor, bosses: tuple[Actor, Actor]) -> None:
    made = quote(anna)
    run(anna, "sales.quote.ask_approval", made.pk)
    run(bosses[1], "sales.quote.send_back", made.pk, reason="Too much")
    [task] = tasks()
    assert (task.state, task.done_at is None) == ("done", False)


def test_whoever_approves_is_reminded_once_a_period(anna: Actor, bosses: tuple[Actor, Actor]) -> None:
    begun = dt.datetime.now(dt.UTC) - dt.timedelta(days=3)
    told = []
    with clock.turned_back(begun) as turn:
        made = quote(anna)
        run(anna, "sales.quote.ask_approval", made.pk)
        for hours in (1, 25, 26, 51):
            turn(begun + dt.timedelta(hours=hours))
            remind()
            told.append(again(made).reminded_at)
    assert told[0] is None and told[1] is not None and told[1] == told[2] < told[3]
    assert again(made).state == "awaiting"


def test_the_owner_is_reminded_once_before_it_ends(anna: Actor) -> None:
    made = quote(anna, valid_until=str(today() + dt.timedelta(days=3)), owner=anna.member)
    later = quote(anna, valid_until=str(today() + dt.timedelta(days=4)), owner=anna.member)
    for one in (made, later):
        run(anna, "sales.quote.send", one.pk)
    before = len(tasks())
    for _n in range(2):
        remind()
    [task] = tasks()[before:]
    assert (task.owner, task.concerns, task.due) == (anna.member, [made.pk], today())
    assert refusals(anna, "sales.quote.remind_expiry", later.pk) == {"None": "not_by_hand"}


def test_the_answer_ends_the_task_to_follow_up(anna: Actor) -> None:
    made = quote(anna)
    run(anna, "sales.quote.send", made.pk)
    run(anna, "sales.quote.accept", made.pk)
    assert [one.state for one in tasks()] == ["done"]


# -- the page ----------------------------------------------------------------------------------------------------------


def test_it_is_decided_on_its_page_with_a_note(tenant: Tenant, anna: Actor) -> None:
    browser, chief = at_browser(tenant, "Chief", ALL, "de")
    run(anna, "sales.quoteform.create", name="F", approval_above="5", approver=chief.member)
    made = quote(anna)
    at = reverse("quote_approval", args=[made.pk])
    assert "ist nichts zu entscheiden" in browser.get(at).content.decode()
    run(anna, "sales.quote.ask_approval", made.pk)
    assert 'name="approve"' in browser.get(at).content.decode()
    without = browser.post(at, {"send_back": "1", "note": " "})
    assert without.status_code == 422 and again(made).state == "awaiting"
    assert browser.post(at, {"send_back": "1", "note": "Zu viel"}).status_code == 302
    assert (again(made).state, again(made).reason) == ("draft", "Zu viel")
    run(anna, "sales.quote.ask_approval", made.pk)
    browser.post(at, {"approve": "1", "note": "Gut"})
    assert again(made).approved_by == chief.member


def test_others_see_why_they_do_not_decide_and_strangers_nothing(tenant: Tenant, anna: Actor) -> None:
    browser, me = at_browser(tenant, "Me", ALL, "de")
    _browser, chief = at_browser(tenant, "Chief", ALL, "de")
    narrow, _who = at_browser(tenant, "Narrow", [], "de")
    run(anna, "sales.quoteform.create", name="F", approval_above="5", approver=chief.member, deputy=me.member)
    made = quote(me)
    run(me, "sales.quote.ask_approval", made.pk)
    for at in (reverse("quote_approval", args=[made.pk]),):
        page = browser.get(at).content.decode()
        assert "Niemand gibt den eigenen Rabatt frei" in page and 'name="approve"' not in page
        assert browser.post(at, {"approve": "1"}).status_code == 403
        assert narrow.get(at).status_code == 404 and narrow.post(at, {"approve": "1"}).status_code == 404
    assert again(made).state == "awaiting"


def test_a_discount_on_a_line_that_the_customer_may_choose_needs_approval_too(anna: Actor) -> None:
    run(anna, "sales.quoteform.create", name="F", approval_above="5")
    for role in ("optional", "alternative"):
        line = {"name": "Press", "price": "100", "quantity": "1"}
        made = quote(anna, positions=[line, line | {"role": role, "discount": "40"}])
        assert made.discount_given == 40
        with pytest.raises(Refused) as no:
            run(anna, "sales.quote.send", made.pk)
        assert no.value.code == "approval_missing"


def test_who_is_asked_is_told_once_though_the_task_is_theirs_too(anna: Actor, bosses: tuple[Actor, Actor]) -> None:
    chief, _deputy = bosses
    made = quote(anna, discount="20")
    run(anna, "sales.quote.ask_approval", made.pk)
    other = run(anna, "work.task.create", subject="Other", owner=str(chief.member), concerns=[str(made.pk)]).record
    with working_in(anna.tenant):
        digest(get("notifications"), read(Sql("TRUE")))
    assert tasks()[0].owner == chief.member
    told = Notification.objects.filter(member_id=chief.member).values_list("kind", "record_id")
    assert set(told) == {("sales.quote.ask_approval", made.pk), ("assigned", other.pk)}
