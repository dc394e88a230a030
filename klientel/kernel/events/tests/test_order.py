"""No event is lost and none comes twice, in whatever order transactions commit."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
import threading
import time
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from klientel.kernel import events
from klientel.kernel.events import Event, consumers, consuming, cursors, digesting
from klientel.kernel.events.cursors import _whole
from klientel.kernel.events.tests.conftest import drain, waiting
from klientel.kernel.jobs.direct import conninfo
from klientel.kernel.tenancy import inside
from klientel.kernel.testing import make_tenant
from klientel.lib.ids import uuid7


def write(tenant, n=1):
    """``n`` events with their wake row, in the transaction that is open."""
    made = [
        Event(kind="x.made", record_type="x", record_id=uuid7(), actor="system:0", actor_name="T", change_set=uuid4())
        for _ in range(n)
    ]
    events.write(made)
    return [e.id for e in made]


class Writer(threading.Thread):
    """Writes an event on a connection of its own, and commits (or not) when told to."""

    def __init__(self, tenant, *, commit=True):
        super().__init__()
        self.tenant, self.keep = tenant, commit
        self.written, self.go = threading.Event(), threading.Event()
        self.ids = []
        self.start()
        assert self.written.wait(60)

    def run(self):
        try:
            with inside(self.tenant.pk), transaction.atomic():
                self.ids = write(self.tenant)
                self.written.set()
                assert self.go.wait(120)
                transaction.set_rollback(not self.keep)
        finally:
            connection.close()

    def end(self):
        self.go.set()
        self.join(60)


def test_an_id_that_commits_late_is_not_lost(committed, seen, loop):
    early = Writer(committed)
    with inside(committed.pk), transaction.atomic():
        late = write(committed)
    loop.once()
    assert seen == []  # the older transaction still runs, so the younger one's event has to wait
    assert waiting() == 1
    early.end()
    drain(loop)
    assert seen == [*early.ids, *late]
    drain(loop)
    assert len(seen) == 2


def test_a_transaction_rolled_back_leaves_nothing_and_blocks_nothing(committed, seen, loop):
    early = Writer(committed, commit=False)
    with inside(committed.pk), transaction.atomic():
        late = write(committed)
    early.end()
    drain(loop)
    assert seen == late


def test_other_tenants_are_not_held_up_by_a_backlog(committed, seen, loop, monkeypatch):
    monkeypatch.setattr(digesting, "BATCH", 10)
    other = make_tenant("elbtal")
    with inside(committed.pk), transaction.atomic():
        write(committed, 100)
    with inside(other.pk), transaction.atomic():
        theirs = write(other)
    loop.once()
    assert len(seen) == 11
    assert set(theirs) <= set(seen)
    drain(loop)
    assert len(seen) == 101


def test_the_effect_goes_with_the_cursor(committed, only, loop):
    tries = []

    @consumers.consumer("fragile")
    def fragile(some):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO kernel_wake (tenant_id, queue, due_at) VALUES (%s, 'parked', now())", [uuid4()])
        tries.append(len(some))
        if len(tries) == 1:
            connection.close()  # what a killed process looks like to the database
            raise RuntimeError

    with inside(committed.pk), transaction.atomic():
        write(committed, 3)
    loop.once()
    assert consuming.parked() == 0
    drain(loop)
    assert tries == [3, 3]
    assert consuming.parked() == 1


def test_two_loops_at_once_handle_each_event_once(committed, only):
    lock, counts = threading.Lock(), {}

    @consumers.consumer("counting")
    def counting(some):
        with lock:
            for event in some:
                counts[event.id] = counts.get(event.id, 0) + 1

    loops = [consuming.Loop(), consuming.Loop()]
    threads = [threading.Thread(target=one.run) for one in loops]
    for thread in threads:
        thread.start()
    made = []
    with inside(committed.pk):
        for _ in range(60):
            with transaction.atomic():
                made += write(committed, 5)
    for _ in range(1200):
        if len(counts) == len(made) and not waiting():
            break
        threading.Event().wait(0.05)
    for one, thread in zip(loops, threads, strict=True):
        one.stopping.set()
        thread.join(60)
    assert counts == dict.fromkeys(made, 1)


def test_lag_is_the_age_of_the_oldest_unread_event(committed, seen, loop):
    assert consuming.lag() == 0
    with inside(committed.pk), transaction.atomic():
        write(committed)
    assert 0 < consuming.lag() < 30
    drain(loop)
    assert consuming.lag() == 0


def test_events_of_an_earlier_epoch_come_first_whatever_their_transaction(committed, seen, loop):
    with inside(committed.pk), transaction.atomic():
        old = write(committed)
        with connection.cursor() as cursor:  # as after a restore into a cluster that has counted less far
            cursor.execute("UPDATE kernel_event SET xid = '9000000000'::xid8 WHERE id = ANY(%s)", [old])
            cursor.execute("UPDATE kernel_installation SET epoch = epoch + 1")
    with inside(committed.pk), transaction.atomic():
        new = write(committed)
    drain(loop)
    assert seen == [*old, *new]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_installation SET epoch = 1")


@pytest.mark.parametrize("hours", [0, 1])
def test_a_new_consumer_begins_where_it_wants(committed, seen, loop, hours):
    with inside(committed.pk), transaction.atomic():
        first = write(committed, 2)
    drain(loop)
    late = []
    consumers.consumer("late", recent=dt.timedelta(hours=hours))(late.extend)
    consuming.wake_all()
    drain(loop)
    with inside(committed.pk), transaction.atomic():
        second = write(committed, 1)
    drain(loop)
    assert [e.id for e in late] == (first + second if hours else second)
    assert seen == first + second


KILLED = """
import os, signal, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "klientel.site.settings"
django.setup()
from django.db import connection
from klientel.kernel.events import consumers, consuming
from klientel.kernel.tenancy import current

EFFECT = "INSERT INTO kernel_wake (tenant_id, queue, due_at) VALUES (%s, 'effect', now())"
consumers._consumers.clear()

@consumers.consumer("effects")
def effects(some):
    with connection.cursor() as cursor:
        for event in some:
            cursor.execute(EFFECT, [event.id])
    if sys.argv[1] == "die":
        os.kill(os.getpid(), signal.SIGKILL)

consuming.run()
"""


def effects():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT tenant_id) FROM kernel_wake WHERE queue = 'effect'")
        return cursor.fetchone()


def test_killed_between_effect_and_commit_nothing_is_lost_or_done_twice(committed, process_environment):
    with inside(committed.pk), transaction.atomic():
        ids = write(committed, 7)

    def start(word):
        return subprocess.Popen([sys.executable, "-c", KILLED, word], env=process_environment)

    assert start("die").wait(60) == -signal.SIGKILL
    assert effects() == (0, 0)
    process = start("live")
    try:
        end = time.monotonic() + 60
        while effects()[0] < len(ids) and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.3)
        assert effects() == (len(ids), len(ids))
    finally:
        process.terminate()
    assert process.wait(10) == 0


def test_a_standstills_wake_rows_shrink_to_one(committed, seen, loop, monkeypatch):
    monkeypatch.setattr(digesting, "BATCH", 10)
    with inside(committed.pk), transaction.atomic():
        for _ in range(30):
            write(committed)
    loop.once()
    assert len(seen) == 10
    assert waiting() == 1
    drain(loop)
    assert len(seen) == 30


def test_long_transactions_of_other_databases_hold_nothing_up(committed, seen, loop):
    import psycopg

    with psycopg.connect(**conninfo() | {"dbname": "postgres"}) as elsewhere:
        elsewhere.execute("SELECT pg_current_xact_id()")
        with inside(committed.pk), transaction.atomic():
            ids = write(committed)
        loop.once()
        assert seen == ids
        early = Writer(committed)  # one of this database still does
        with inside(committed.pk), transaction.atomic():
            late = write(committed)
        loop.once()
        assert seen == ids
        early.end()
        drain(loop)
        assert seen == [*ids, *early.ids, *late]


@pytest.mark.parametrize(
    ("short", "high", "whole"),
    [(7, 9, 7), (5, (3 << 32) + 6, (3 << 32) + 5), ((1 << 32) - 2, (3 << 32) + 1, (3 << 32) - 2), (9, 8, 9)],
)
def test_the_counters_turns_are_put_back(short, high, whole):
    assert _whole(short, high) == whole


def test_a_backlog_is_walked_along_the_index_and_never_sorted(tenant):
    write(tenant, 300)
    with connection.cursor() as cursor:
        cursor.execute("SELECT kernel_analyze(%s)", [f"kernel_event_{dt.datetime.now(dt.UTC):%Y_%m}"])
    with CaptureQueriesContext(connection) as spent:
        cursors.following(consumers.Place(1, 1), 2)
        cursors.oldest_unread(["nobody"])
    reads = [s["sql"] for s in spent if "FROM kernel_event e" in s["sql"]]
    assert len(reads) >= 2
    for sql in reads:
        before, read, after = sql.split(";")
        assert before == "SET LOCAL enable_sort = off", "a large table would be sorted"
        assert after.strip() == "SET LOCAL enable_sort = on", "whoever comes after may sort again"
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_sort = off")
            cursor.execute("EXPLAIN " + read)
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "Sort  (" not in plan and "Index Scan" in plan
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = on")
        cursors.following(consumers.Place(1, 1), 2)
        cursor.execute("SHOW enable_sort")
        assert cursor.fetchone() == ("on",)


def test_what_a_consumer_wakes_for_now_is_done_in_the_same_round_and_once(committed, only, loop, monkeypatch):
    done, later = [], dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    monkeypatch.setattr(consumers, "_handlers", {"chores": lambda: done.append(len(heard))})
    heard = []

    @consumers.consumer("asking")
    def asking(some):
        heard.extend(some)
        consuming.wake(committed.pk, "chores")
        consuming.wake(committed.pk, "chores", later)

    with inside(committed.pk), transaction.atomic():
        write(committed, 3)
    loop.once()
    assert done == [3]
    loop.once()
    assert done == [3]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kernel_wake WHERE queue = 'chores'")
        assert cursor.fetchone() == (1,)
