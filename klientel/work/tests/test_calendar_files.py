"""A calendar file becomes meetings, tried out like every import, and once only."""

from __future__ import annotations

import io

import pytest

from klientel.kernel.identity.actor import Actor
from klientel.kernel.transfer import assistant
from klientel.lib.tests.test_icalendars import HEAD, TAIL, event
from klientel.work.models import Meeting

pytestmark = pytest.mark.django_db
FILE = HEAD + "".join((
    event("SUMMARY:Besuch", "DTSTART;TZID=Europe/Berlin:20260302T100000", "DURATION:PT90M",
          "RRULE:FREQ=WEEKLY;BYDAY=MO"),
    event("SUMMARY:Messe", "DTSTART;VALUE=DATE:20261123", "DTEND;VALUE=DATE:20261126"),
    event("SUMMARY:Selten", "DTSTART:20261123T090000Z", "RRULE:FREQ=SECONDLY"),
    event("SUMMARY:Nie"),
)) + TAIL  # fmt: skip


def taken(anna: Actor) -> dict[str, int]:
    started = assistant.start(anna, "work.meeting", io.BytesIO(FILE.encode()), name="kalender.ics")
    assert set(started.mapping.values()) >= {"subject", "begins", "ends", "all_day", "repeats", "place", "notes"}
    return dict(assistant.commit(started).counts)


def test_its_events_become_meetings_and_come_again_as_their_rule_says(anna: Actor) -> None:
    counts = taken(anna)
    visit, fair, rare = Meeting.objects.order_by("begins")
    assert (visit.begins.isoformat(), visit.ends.isoformat()) == (
        "2026-03-02T09:00:00+00:00", "2026-03-02T10:30:00+00:00",
    )  # fmt: skip
    assert visit.repeats == "FREQ=WEEKLY;BYDAY=MO" and visit.repeat_at is not None
    assert fair.all_day and fair.begins.isoformat() == "2026-11-22T23:00:00+00:00"
    assert (rare.subject, rare.repeats) == ("Selten", "")
    assert counts["error"] == 1
    taken(anna)
    assert Meeting.objects.count() == 3
