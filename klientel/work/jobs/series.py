"""Meetings that come again are planned ahead, each once."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, OuterRef

from klientel.kernel.access import system_actor
from klientel.kernel.actions import Item, run_many
from klientel.kernel.jobs import timer
from klientel.kernel.kinds import zone
from klientel.lib.ids import uuid7
from klientel.work.models import Meeting

PIECE, MOST = 50, 200


@timer("work.meeting.series", on="work.meeting", field="repeat_at")
def plan(now: dt.datetime) -> bool:
    """The next one of each series whose time has come; whether there may be more. A cancelled one carries on."""
    after = Meeting.objects.filter(tenant_id=OuterRef("tenant_id"), follows=OuterRef("pk"))
    due = Meeting.objects.exclude(repeats="").filter(~Exists(after), repeat_at__lte=now).order_by("repeat_at")
    today = now.astimezone(zone()).date()
    together, made = uuid7(), 0  # one change: whoever takes part hears of it once
    while made < MOST:
        items = [Item(i, {"not_before": today}) for i in due.values_list("pk", flat=True)[:PIECE]]
        done = list(run_many(system_actor(), "work.meeting.carry_on", items, change_set=together)) if items else []
        if all(one.refused is not None for one in done):
            return False
        made += len(done)
    return True
