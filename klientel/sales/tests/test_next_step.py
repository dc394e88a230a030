"""What comes next on a deal is looked up by the deal, however many entries a tenant has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from klientel.kernel import plans
from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import selecting, worked_out
from klientel.kernel.actions import run
from klientel.kernel.identity.actor import Actor
from klientel.kernel.records import type_of

pytestmark = pytest.mark.django_db
MANY = 30_000


@pytest.fixture
def crowd(anna: Actor) -> None:
    """A deal with no entry, one with one, and as many open tasks on something else."""
    run(anna, "sales.pipeline.begin")
    for name in ("Bare", "Busy"):
        made = run(anna, "sales.deal.create", name=name).record
    run(anna, "work.task.create", subject="Call", due="2199-01-05", concerns=[made.pk])
    other = run(anna, "contacts.person.create", last_name="Lotse").record
    task = run(anna, "work.task.create", subject="Else", due="2199-01-04", concerns=[other.pk]).record
    copied("work_task", task.pk)


def copied(table: str, entry: UUID) -> None:
    """As many entries like this one. Autovacuum, which sees none of them, is kept from counting meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE")
        cursor.execute(
            "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns"
            " WHERE table_name = %s AND is_generated = 'NEVER' AND column_name <> 'id'",
            [table],
        )
        rest = cursor.fetchone()[0]
        cursor.execute(
            f"INSERT INTO {table} (id, {rest}) SELECT gen_random_uuid(), {rest} FROM {table},"
            " generate_series(1, %s) WHERE id = %s",
            [MANY, entry],
        )
        cursor.execute("SELECT kernel_analyze(%s)", [table])


def dropped(plan: dict[str, Any]) -> Iterator[int]:
    """How many rows each step looked at for nothing."""
    yield int(plan.get("Rows Removed by Filter", 0) * plan["Actual Loops"])
    for part in plan.get("Plans", ()):
        yield from dropped(part)


@pytest.mark.parametrize(
    "asked",
    [
        {"columns": ["next_day"]},
        {"columns": ["idle"]},
        {"where": {"field": "idle", "op": "yes"}},
        {"where": {"has": "work.task.concerns"}},
        {"where": {"not": {"has": "work.task.concerns", "where": {"field": "state", "op": "is", "value": "open"}}}},
    ],
)
def test_no_entries_of_others_are_looked_through(anna: Actor, crowd: None, asked: dict[str, Any]) -> None:
    question = selecting(ActorScope(anna), type_of("sales.deal"), **asked)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {question.sql.text}", question.sql.params)
        plan = cursor.fetchone()[0]
    [found] = json.loads(plan) if isinstance(plan, str) else plan
    assert sum(dropped(found["Plan"])) < 100


def test_the_database_keeps_the_plan_for_what_is_worked_out_of_one_deal(anna: Actor) -> None:
    run(anna, "sales.pipeline.begin")
    made = run(anna, "sales.deal.create", name="Press").record
    worked_out(ActorScope(anna), type_of("sales.deal"), made)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%rots_after%'")
        assert cursor.fetchone()[0]
    assert (made.computed["idle"], made.computed["next_day"], made.computed["rotting"]) == (True, None, False)


def test_it_is_planned_no_more_once_its_plan_is_known_however_many_meetings_are_past(anna: Actor) -> None:
    run(anna, "sales.pipeline.begin")
    made = run(anna, "sales.deal.create", name="Press").record
    other = run(anna, "contacts.person.create", last_name="Lotse").record
    times = {"begins": "2020-01-05T10:00:00Z", "ends": "2020-01-05T11:00:00Z"}
    copied("work_meeting", run(anna, "work.meeting.create", subject="Past", concerns=[other.pk], **times).record.pk)
    plans.begin_anew()  # one that was made before these meetings counts what it cost then
    for _ in range(8):  # the database tries five times before it compares
        worked_out(ActorScope(anna), type_of("sales.deal"), made)
    with connection.cursor() as cursor:
        cursor.execute("SELECT generic_plans FROM pg_prepared_statements WHERE statement LIKE '%rots_after%'")
        assert cursor.fetchone()[0]
