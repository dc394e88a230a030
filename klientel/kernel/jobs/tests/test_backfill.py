"""Rows of timelines that an earlier version wrote get the kind of their event; until then nothing is miscounted."""

from __future__ import annotations

from uuid import UUID

from django.db import connection

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import select
from klientel.kernel.actions import run
from klientel.kernel.jobs import backfill
from klientel.kernel.records import type_of

PERSON_TYPE = type_of("contacts.person")


def kinds():
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, kind FROM kernel_about ORDER BY id")
        return dict(cursor.fetchall())


def changed_twice(anna):
    where = {"happened": "contacts.person.change", "times": {"is": 2}}
    once = {"happened": "contacts.person.change"}
    return [[r.title for r in select(ActorScope(anna), PERSON_TYPE, where=w).rows] for w in (where, once)]


def test_old_rows_count_before_and_after_they_are_filled_in(anna, monkeypatch):
    ada = run(anna, "contacts.person.create", last_name="Ada").record
    run(anna, "contacts.person.create", last_name="Ben")
    for name in ("A.", "B."):
        run(anna, "contacts.person.change", ada.id, first_name=name)
    expected = [["B. Ada"], ["B. Ada"]]
    before = kinds()
    assert "" not in before.values() and changed_twice(anna) == expected
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_about SET kind = ''")
    assert changed_twice(anna) == expected, "rows that do not say it are looked up"
    monkeypatch.setattr(backfill, "PIECE", 2)
    backfill.fill_in_kinds()
    assert kinds() == before and changed_twice(anna) == expected


def test_an_event_that_is_gone_is_not_looked_for_again(anna):
    run(anna, "contacts.person.create", last_name="Ada")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_about SET kind = '', event_id = %s", [UUID(int=7)])
    backfill.fill_in_kinds()
    assert set(kinds().values()) == {backfill.GONE}


def test_upkeep_asks_for_it_only_where_it_is_needed(anna):
    def waiting():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name LIKE '%%fill_in_kinds'")
            return cursor.fetchone()[0]

    run(anna, "contacts.person.create", last_name="Ada")
    backfill.want_kinds()
    assert waiting() == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_about SET kind = ''")
    backfill.want_kinds()
    backfill.want_kinds()
    assert waiting() == 1
