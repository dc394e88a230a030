"""A member is told when an import that took its time has ended."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone, translation

from klientel.kernel import writing
from klientel.kernel.access import ActorScope
from klientel.kernel.events.consumers import get
from klientel.kernel.events.digesting import digest
from klientel.kernel.events.event import read
from klientel.kernel.events.surroundings import working_in
from klientel.kernel.live import notifications
from klientel.kernel.sql import Sql
from klientel.kernel.transfer import telling
from klientel.kernel.transfer.models import ImportRun, State


@pytest.mark.parametrize(
    ("seconds", "state", "texts"),
    [
        (60, State.DONE, ["Your import is finished: Kontakte.csv"]),
        (60, State.FAILED, ["Your import could not be finished: Kontakte.csv"]),
        (1, State.DONE, []),
    ],
)
def test_told_of_what_took_its_time(anna, tenant, seconds, state, texts):
    now = timezone.now()
    run = ImportRun(record_type="contacts.person", file="", name="Kontakte.csv", member=anna.member, state=state)
    run.started_at, run.finished_at = now - dt.timedelta(seconds=seconds), now
    with writing.door():
        run.save(force_insert=True)
    telling.tell(run)
    with working_in(tenant.pk), translation.override("en"):
        digest(get("notifications"), read(Sql("TRUE")))
        assert [n.text for n in notifications.latest(ActorScope(anna))] == texts
