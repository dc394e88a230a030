"""Deals of an earlier version get their days and how surely they count; their stays are read from the events."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection

from klientel.kernel import events
from klientel.kernel.actions import run
from klientel.kernel.events import cursors
from klientel.kernel.events.consumers import Place, consumers
from klientel.kernel.identity.actor import Actor
from klientel.kernel.sql import Sql
from klientel.lib import clock
from klientel.sales.jobs import backfill
from klientel.sales.jobs.stay import keep_stays
from klientel.sales.models import CloseReason, Deal, Stage, Stay

pytestmark = pytest.mark.django_db
DERIVED = ("begun", "counts_on", "category", "version", "changed_at")


@pytest.fixture
def stages(anna: Actor) -> list[Stage]:
    run(anna, "sales.pipeline.begin")
    return list(Stage.objects.order_by("position"))


def deals(anna: Actor) -> dict[str, Any]:
    """One that is open, one without an expected close, one that was won after a while."""
    with clock.turned_back(clock.now() - dt.timedelta(days=40)) as turn_to:
        made = {
            name: run(anna, "sales.deal.create", name=name, expected_close=day).record
            for name, day in (("open", "2031-05-06"), ("vague", None), ("won", "2031-01-01"))
        }
        turn_to(clock.now() + dt.timedelta(days=10))
        reason = CloseReason.objects.filter(outcome="won").order_by("id")[0]
        run(anna, "sales.deal.win", made["won"].pk, reason=str(reason.pk))
    return made


def told() -> dict[str, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in Deal.objects.order_by("name").values_list("name", *DERIVED)}


def make_old(where: str = "TRUE", fields: tuple[str, ...] = DERIVED[:3]) -> None:
    """As an earlier version left them: neither the rows nor their events know of these fields."""
    empty = {"begun": "NULL", "counts_on": "NULL", "category": "''"}
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE sales_deal SET {', '.join(f'{n} = {empty[n]}' for n in fields)} WHERE {where}")
        cursor.execute(
            "UPDATE kernel_event SET changes = changes - %s::text[],"
            " fields = ARRAY(SELECT f FROM unnest(fields) f WHERE f <> ALL(%s))"
            f" WHERE record_id IN (SELECT id FROM sales_deal WHERE {where})",
            [list(fields), list(fields)],
        )


def happened() -> int:
    return len(events.read(Sql("TRUE"), order="e.id", limit=500))


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name LIKE '%%fill_in_days'")
        return int(cursor.fetchone()[0])


def test_old_deals_say_what_they_would_had_they_been_written_now(
    anna: Actor, stages: list[Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    deals(anna)
    expected, before = told(), happened()
    assert all(row[0] and row[2] for row in expected.values())
    make_old()
    monkeypatch.setattr(backfill, "PIECE", 2)
    backfill.fill_in_days()
    assert told() == expected, "with the same version, as nothing was changed"
    assert happened() == before
    backfill.fill_in_days()
    assert told() == expected


def test_it_goes_on_where_it_was_ended_and_keeps_what_somebody_said(anna: Actor, stages: list[Stage]) -> None:
    made = deals(anna)
    run(anna, "sales.deal.change", made["open"].pk, begun="2020-02-03", category="committed")
    run(anna, "sales.deal.change", made["vague"].pk, category="best")
    expected = told()
    make_old("name = 'won'")
    make_old("name = 'vague'", ("begun",))
    backfill.fill_in_days()
    assert told() == expected


def test_upkeep_asks_for_it_only_where_deals_are_old(anna: Actor, stages: list[Stage]) -> None:
    deals(anna)
    backfill.want_days()
    assert waiting() == 0
    make_old()
    backfill.want_days()
    backfill.want_days()
    assert waiting() == 1


def test_what_somebody_emptied_stays_empty(anna: Actor, stages: list[Stage]) -> None:
    made = deals(anna)["open"]
    run(anna, "sales.deal.change", made.pk, begun=None, category="")
    expected = told()
    assert expected["open"][0] is None
    backfill.want_days()
    assert waiting() == 0
    backfill.fill_in_days()
    assert told() == expected


def test_stays_of_old_deals_come_from_the_first_event_on(anna: Actor, stages: list[Stage]) -> None:
    deals(anna)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM kernel_cursor WHERE consumer = 'sales.stays'")
    one = next(c for c in consumers() if c.name == "sales.stays")
    assert cursors.lock([one])["sales.stays"] == Place(), "a consumer that is new begins with the first event"
    keep_stays(events.read(Sql("TRUE"), order="e.id", limit=500))
    won = Deal.objects.get(name="won")
    assert Stay.objects.filter(deal=won.pk, stage=won.stage, left_at=None).count() == 1
    assert Stay.objects.filter(deal=won.pk, stage=stages[0].pk).get().seconds == 10 * 86_400
