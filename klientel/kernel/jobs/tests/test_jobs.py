"""Jobs: deferred with the transaction, run inside their tenant, tried again, fair between tenants."""

from __future__ import annotations

import threading
import time
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone, translation
from procrastinate.exceptions import AlreadyEnqueued

from klientel.kernel import tenancy
from klientel.kernel.jobs import HandedOn, declaring, defer, defer_many, hold, job, quarantine, turn
from klientel.kernel.jobs.upkeep import retry_stalled
from klientel.kernel.testing import make_tenant

pytestmark = pytest.mark.usefixtures("declared")


def rows(what="count(*)", where="status = 'todo'"):
    """Of the jobs declared here: the clock defers upkeep by itself, and that more jobs, whatever a test does."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {what} FROM procrastinate_jobs WHERE task_name LIKE '%test_jobs.%' AND {where}")
        return cursor.fetchone()[0]


def test_runs_inside_its_tenant_with_its_language_and_zone(committed, work):
    seen = []

    @job()
    def look(*, thing: UUID, times: int):
        seen.append((tenancy.current(), translation.get_language(), timezone.get_current_timezone_name(), thing, times))

    thing = uuid4()
    defer(look, tenant=committed.pk, thing=thing, times=2)
    work()
    assert seen == [(committed.pk, "en", "Europe/Zurich", thing, 2)]
    assert rows(where="true") == 0


def test_goes_with_the_transaction_that_wants_it(committed):
    @job()
    def never(*, thing: UUID): ...

    with transaction.atomic():
        defer(never, tenant=committed.pk, thing=uuid4())
        assert rows() == 1
        transaction.set_rollback(True)
    assert rows() == 0


def test_takes_ids_only(committed):
    @job()
    def never(*, thing: str): ...

    for value in ({"name": "Kim"}, "Kim Muster", "x" * 101, 1.5, None):
        with pytest.raises(TypeError):
            defer(never, tenant=committed.pk, thing=value)
    assert rows() == 0


def test_a_job_that_fails_is_tried_later_and_given_up_in_the_end(committed, work):
    @job(tries=2)
    def fails(*, thing: UUID):
        raise ValueError

    defer(fails, tenant=committed.pk, thing=uuid4())
    work()
    assert rows("attempts") == 1
    assert rows("scheduled_at > now()") is True
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = now()")
    work()
    assert rows("status", where="true") == "failed"


def test_a_job_of_a_tenant_that_is_gone_ends(committed, work):
    @job()
    def never(*, thing: UUID):
        raise AssertionError

    defer(never, tenant=uuid4(), thing=uuid4())
    work()
    assert rows(where="true") == 0


def test_once_while_one_waits(committed):
    @job()
    def never(*, thing: UUID): ...

    for _ in range(3):
        with transaction.atomic():
            defer(never, tenant=committed.pk, once="x", thing=uuid4())
    assert rows() == 1


def test_tenants_take_turns(committed):
    """A tenant with thousands of jobs does not keep another one waiting."""

    @job()
    def never(*, n: int): ...

    other = make_tenant("elbtal")
    defer_many(never, [{"n": n} for n in range(3000)], tenant=committed.pk)
    for n in range(3):
        defer(never, tenant=other.pk, n=n)
    order = []
    with connection.cursor() as cursor:
        for _ in range(120):
            cursor.execute("SELECT args ->> 'tenant' FROM procrastinate_fetch_job_v2(ARRAY['default'], NULL)")
            order.append(cursor.fetchone()[0])
    theirs = [n for n, tenant in enumerate(order) if tenant == str(other.pk)]
    assert len(theirs) == 3
    assert theirs[-1] < 80


def test_a_newcomer_does_not_overtake_for_ever(committed):
    """Whoever waits has a place; newcomers stand at the head's place, not before it."""

    @job()
    def never(*, n: int): ...

    defer_many(never, [{"n": n} for n in range(100)], tenant=committed.pk)
    with connection.cursor() as cursor:
        for _ in range(50):
            cursor.execute("SELECT id FROM procrastinate_fetch_job_v2(ARRAY['default'], NULL)")
    defer(never, tenant=make_tenant("elbtal").pk, n=0)
    assert rows("max(priority)") == rows(
        "max(priority)", where=f"args ->> 'tenant' = '{committed.pk}' AND status = 'todo'"
    )


def test_long_jobs_run_one_at_a_time_in_a_tenant(committed):
    @job("long")
    def never(*, n: int): ...

    for tenant in (committed.pk, committed.pk, make_tenant("elbtal").pk):
        defer(never, tenant=tenant, n=1)
    taken = []
    with connection.cursor() as cursor:
        for _ in range(3):
            cursor.execute("SELECT args ->> 'tenant' FROM procrastinate_fetch_job_v2(ARRAY['long'], NULL)")
            taken.append(cursor.fetchone()[0])
    assert taken[2] is None
    assert taken[0] != taken[1]


def test_outward_jobs_wait_in_quarantine(committed, work):
    sent = []

    @job(outward=True)
    def send(*, thing: UUID):
        sent.append(thing)

    committed.quarantined_at = timezone.now()
    committed.save()
    with tenancy.inside(committed.pk):
        assert quarantine.active()
    defer(send, tenant=committed.pk, thing=uuid4())
    work()
    assert sent == []
    assert rows("scheduled_at > now()") is True
    committed.quarantined_at = None
    committed.save()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = now()")
    work()
    assert len(sent) == 1


def test_a_stalled_job_is_given_to_another_worker(committed, work):
    """As if its worker had been killed: the row says doing, and nobody is."""
    done = []

    @job()
    def note(*, thing: UUID):
        done.append(thing)

    defer(note, tenant=committed.pk, thing=uuid4())
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM procrastinate_fetch_job_v2(ARRAY['default'], NULL)")
    assert rows(where="status = 'doing'") == 1
    retry_stalled.defer(timestamp=0)
    work()
    work()
    assert len(done) == 1


def test_a_stalled_job_goes_on_although_another_was_deferred_meanwhile(committed, work):
    """Only one of the two may wait under the same ``once``, and the other may not begin before this one has ended."""
    done = []

    @job(alone=True)
    def look(*, thing: UUID):
        done.append(thing)

    @job()
    def note(*, thing: UUID):
        done.append(thing)

    for what in (look, note):
        defer(what, tenant=committed.pk, thing=uuid4(), once="looked for")
    with connection.cursor() as cursor:
        for _job in range(2):
            cursor.execute("SELECT id FROM procrastinate_fetch_job_v2(ARRAY['default'], NULL)")
    assert rows(where="status = 'doing'") == 2
    defer(look, tenant=committed.pk, thing=uuid4(), once="looked for")
    retry_stalled.defer(timestamp=0)
    for _round in range(4):  # a worker that finds nothing goes home, though what it does now may free something
        work()
    assert (len(done), rows(where="true")) == (3, 0)


def test_a_job_that_failed_is_tried_again_although_another_was_deferred_meanwhile(committed, work):
    tried = []

    @job(alone=True)
    def look(*, thing: UUID):
        tried.append(thing)
        if len(tried) == 1:
            defer(look, tenant=committed.pk, thing=uuid4(), once="looked for")
            raise RuntimeError("not yet")

    defer(look, tenant=committed.pk, thing=uuid4(), once="looked for")
    work()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = now()")
    for _job in range(2):
        work()
    assert (len(set(tried)), rows(where="true")) == (2, 0)


def test_two_who_defer_the_same_at_once_are_not_told_apart(committed):
    """The second waits for the first to commit, and then has nothing to do; its own work is not lost."""

    @job()
    def look(*, thing: UUID): ...

    refused, begun = [], threading.Event()

    def second():
        try:
            with transaction.atomic():
                begun.set()
                defer(look, tenant=committed.pk, thing=uuid4(), once="looked for")
                with connection.cursor() as cursor:
                    cursor.execute("UPDATE kernel_tenant SET name = 'written' WHERE id = %s", [committed.pk])
        except AlreadyEnqueued as error:
            refused.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        defer(look, tenant=committed.pk, thing=uuid4(), once="looked for")
        other = threading.Thread(target=second)
        other.start()
        begun.wait(60)
        time.sleep(0.1)
    other.join(60)
    committed.refresh_from_db()
    assert (refused, rows(), committed.name) == ([], 1, "written")


def test_whoever_was_paused_too_long_finds_out_before_writing(committed, work):
    outcomes = []

    @job()
    def careful(*, thing: UUID):
        with transaction.atomic():
            hold()
            outcomes.append("held")
        with connection.cursor() as cursor:  # meanwhile the job is handed on
            cursor.execute("UPDATE procrastinate_jobs SET attempts = attempts + 1")
        try:
            with transaction.atomic():
                hold()
        except HandedOn:
            outcomes.append("handed on")
            raise

    defer(careful, tenant=committed.pk, thing=uuid4())
    work()
    assert outcomes == ["held", "handed on"]


def test_a_worker_that_stops_lets_a_long_job_go_on_elsewhere(committed, work):
    began = []

    @job("long")
    def long(*, thing: UUID):
        began.append(thing)
        if len(began) == 1:
            declaring.stopping.set()
        declaring.breathe()

    defer(long, tenant=committed.pk, thing=uuid4())
    try:
        work()
    finally:
        declaring.stopping.clear()
    work()
    assert len(began) >= 2
    assert rows(where="true") == 0


def test_a_turn_ends_early_only_where_others_wait(committed, declared, monkeypatch):
    @job()
    def never(*, thing: UUID) -> None:
        raise AssertionError

    monkeypatch.setattr(turn, "LEAST", 0.0)
    own = uuid4()
    mine, over = turn.Turn(own), []
    for thing in (own, uuid4()):
        over.append(mine.over())
        defer(never, tenant=committed.pk, thing=thing)
    over.append(mine.over())
    monkeypatch.setattr(turn, "LEAST", 60.0)
    over.append(mine.over())
    monkeypatch.setattr(turn, "LONGEST", 0.0)
    assert [*over, mine.over()] == [False, False, True, False, True]
