"""In which order people find what they have to do, and what they did."""

from __future__ import annotations

import pytest

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import select
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of

pytestmark = pytest.mark.django_db


def listed(actor: Actor, key: str) -> list[str]:
    rtype = type_of(key)
    return [r.title for r in select(ActorScope(actor), rtype, sort=rtype.order).rows]


def test_tasks_stand_by_their_due_day(anna: Actor) -> None:
    for subject, due in (("Later", "2026-12-24"), ("Sooner", "2026-12-01"), ("Some day", None)):
        run(anna, "work.task.create", subject=subject, due=due)
    assert listed(anna, "work.task") == ["Sooner", "Later", "Some day"]


@pytest.mark.parametrize(("key", "field"), [("work.call", "at"), ("work.meeting", "begins")])
def test_calls_and_meetings_stand_newest_first(anna: Actor, key: str, field: str) -> None:
    for subject, at in (
        ("Old", "2026-01-05T10:00:00Z"),
        ("New", "2026-11-05T10:00:00Z"),
        ("Mid", "2026-06-05T10:00:00Z"),
    ):
        run(anna, f"{key}.create", subject=subject, **{field: at})
    assert listed(anna, key) == ["New", "Mid", "Old"]


def test_notes_stand_newest_first(anna: Actor) -> None:
    for text in ("First", "Second", "Third"):
        run(anna, "work.note.create", text=text)
    assert listed(anna, "work.note") == ["Third", "Second", "First"]
