"""The feed of one's calendar, read back as a calendar program reads it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from klientel.kernel.actions import run
from klientel.kernel.identity import tokens
from klientel.kernel.identity.actor import Actor
from klientel.kernel.identity.models import User
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing.cast import ALL
from klientel.kernel.web.tests.conftest import at_browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(tenant: Tenant) -> Actor:
    return at_browser(tenant, "Anna", ALL)[1]


def address(actor: Actor, scope: str = tokens.CALENDAR) -> tuple[str, Any]:
    user = User.objects.get(email="anna@example.org")
    assert actor.member is not None
    token, text = tokens.create(
        tenant_id=actor.tenant, member_id=actor.member, user=user, name="Phone", scopes=[scope],
        expires_at=timezone.now() + dt.timedelta(days=30),
    )  # fmt: skip
    return f"/feeds/{text}.ics", token


def soon(days: int = 1, hour: int = 9) -> str:
    return f"{timezone.localdate() + dt.timedelta(days=days)}T{hour:02}:00"


def events(body: bytes) -> dict[str, Any]:
    return {str(e["SUMMARY"]): e for e in Calendar.from_ical(body).walk("VEVENT")}


def test_what_goes_out_is_what_a_calendar_program_reads(anna: Actor) -> None:
    me = str(anna.member)
    subject = "Straße; Brücke, „Größe“ \\ and a very long subject that has to be folded somewhere in its middle, äöü 🚲"
    made = run(anna, "work.meeting.create", subject=subject, begins=soon(), ends=soon(hour=10), owner=me,
               place="Köln, Dom").record  # fmt: skip
    fair = run(anna, "work.meeting.create", subject="Fair", begins=soon(2, 0), ends=soon(5, 0), all_day=True, owner=me)
    run(anna, "work.task.create", subject="Report", due=soon()[:10], owner=me)
    run(anna, "work.meeting.create", subject="Somebody else's", begins=soon(), owner=None)
    body = Client().get(address(anna)[0]).content
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    found = events(body)
    assert found.keys() == {subject, "Fair", "Report"}
    one, days = found[subject], found["Fair"]
    assert (one["UID"], one.decoded("DTSTART"), str(one["LOCATION"])) == (
        f"{made.pk}@klientel", made.begins, "Köln, Dom")  # fmt: skip
    first = fair.record.begins.astimezone(timezone.get_current_timezone()).date()
    assert (days.decoded("DTSTART"), days.decoded("DTEND")) == (first, first + dt.timedelta(days=3))
    assert found["Report"]["TRANSP"] == "TRANSPARENT"


def test_an_unchanged_feed_is_not_sent_again_and_a_changed_one_is(anna: Actor) -> None:
    made = run(anna, "work.meeting.create", subject="Talk", begins=soon(), owner=str(anna.member)).record
    at, client = address(anna)[0], Client()
    tag = client.get(at)["ETag"]
    again = client.get(at, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    run(anna, "work.meeting.change", made.pk, subject="Talks")
    changed = client.get(at, headers={"If-None-Match": tag})
    assert (changed.status_code, events(changed.content).keys()) == (200, {"Talks"})
    assert int(events(changed.content)["Talks"]["SEQUENCE"]) > made.version - 1


def test_what_was_taken_away_is_told_as_cancelled(anna: Actor) -> None:
    made = run(anna, "work.meeting.create", subject="Talk", begins=soon(), owner=str(anna.member)).record
    run(anna, "work.meeting.archive", made.pk)
    assert events(Client().get(address(anna)[0]).content)["Talk"]["STATUS"] == "CANCELLED"


def test_only_busy_tells_no_word_of_what_it_is(anna: Actor) -> None:
    me = str(anna.member)
    run(anna, "work.meeting.create", subject="Secret merger", begins=soon(), owner=me, place="Bank")
    run(anna, "work.task.create", subject="Secret task", due=soon()[:10], owner=me)
    body = Client().get(address(anna, tokens.BUSY)[0]).content
    assert len(events(body)) == 1
    assert b"Secret" not in body
    assert b"Bank" not in body
    assert b"http" not in body


def test_the_address_opens_nothing_else_and_ends_when_it_is_revoked(anna: Actor) -> None:
    at, token = address(anna)
    secret = at.removeprefix("/feeds/").removesuffix(".ics")
    bearer = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/meetings", headers=bearer).status_code == 403
    reader = address(anna, tokens.READ)[0]
    assert Client().get(reader).status_code == 403
    assert Client().get(at[:-8] + "aaaa.ics").status_code == 401
    assert anna.member is not None
    tokens.revoke(anna.tenant, anna.member, token.id)
    assert Client().get(at).status_code == 401
