"""Merges against edits, other merges, restrictions and erasures at the same moment, on real transactions."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from django.db import Error, connection, transaction

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import get
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.errors import Refused
from klientel.kernel.merge import leading
from klientel.kernel.merge.models import Alias, Merge, Moved
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import PRIVACY, current, inside, writing
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_member, make_tenant
from klientel.privacy.restricting import restrict

pytestmark = pytest.mark.django_db(transaction=True)
PERSON = "contacts.person"
ROUNDS = 200


@pytest.fixture
def dora():
    made = make_tenant("zusammen")
    with inside(made.id), writing():
        actor = make_member("Dora", ALL)
    with inside(made.id):
        yield actor


def together(actor, jobs):
    """Run the jobs in threads that start at the same moment; "ok", or with which code each was refused."""
    start = Barrier(len(jobs))

    def one(job):
        try:
            with inside(actor.tenant):
                start.wait()
                job()
                return "ok"
        except Refused as no:
            return no.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(one, jobs))


def jobs_of(dora, chance, ids, notes):
    """Two to four things that people do at once to the same few records."""

    def merge(*some):
        return lambda: run(dora, f"{PERSON}.merge", some[0], records=list(some[1:]))

    def unmerge(kept, lost):
        return lambda: run(dora, f"{PERSON}.unmerge", kept, records=[lost])

    def edit(one):
        return lambda: run(dora, f"{PERSON}.change", one, position=f"P{chance.random()}")

    def relink(note, one):
        return lambda: run(dora, "work.note.change", note, concerns=[one])

    def hide(one):
        return lambda: restrict(dora, type_of(PERSON), one, "claims")

    def all_at_once(key, ids, **params):
        items = [Item(i, params) for i in ids]
        return lambda: [o.refused for o in run_many(dora, f"{key}.change", items)]

    makers = (
        lambda: merge(*chance.sample(ids, 2)),
        lambda: merge(*chance.sample(ids, 3)),
        lambda: unmerge(ids[0], ids[1]),
        lambda: edit(chance.choice(ids)),
        lambda: relink(chance.choice(notes), chance.choice(ids)),
        lambda: hide(chance.choice(ids)),
        lambda: all_at_once(PERSON, ids, position=f"P{chance.random()}"),
        lambda: all_at_once("work.note", notes, concerns=[chance.choice(ids)]),
    )
    return [makers[0](), *(chance.choice(makers)() for _ in range(chance.randint(1, 3)))]


CLEAR = {
    "ok",  # it won, or came after the other
    "merged", "missing", "changed_since", "busy",  # somebody was faster
    "not_part_of_it", "merged_by_way", "restricted_already", "not_a_record",  # asked for what is not so (any more)
}  # fmt: skip


def test_random_interleavings_leave_a_state_that_some_order_would_have_left(dora):
    chance, seen = random.Random(20), set()
    for n in range(ROUNDS):
        ids = [run(dora, f"{PERSON}.create", last_name=f"N{n}-{i}").record.id for i in range(4)]
        notes = [run(dora, "work.note.create", text="x", concerns=[i]).record.id for i in ids]
        if chance.random() < 0.3:
            run(dora, f"{PERSON}.merge", ids[0], records=[ids[1]])
        answers = together(dora, jobs_of(dora, chance, ids, notes))
        assert set(answers) <= CLEAR, answers
        seen |= set(answers)
        whole(ids, notes)
    assert {"ok", "merged"} <= seen


def whole(ids, notes):
    """What holds in every state: each old id stands for a living record, nothing leads to it, the ledger agrees."""
    rtype = type_of(PERSON)
    with inside(current(), purpose=PRIVACY), writing():
        rows = {r.pk: r for r in rtype.model.objects.filter(pk__in=ids)}
        old = {a.old_id: a for a in Alias.objects.filter(old_id__in=ids)}
        for one, row in rows.items():
            assert (row.archived_at is not None) == (one in old)
        for one in old.values():
            assert one.root not in old
            merge = Merge.objects.get(pk=one.merge_id)
            assert one.old_id in merge.losers and merge.survivor == one.survivor
        assert len(leading.find(rtype, list(old))) == 0 if old else True
        known = {m.pk for m in Merge.objects.filter(survivor__in=ids)}
        assert {m.merge_id for m in Moved.objects.filter(survivor__in=ids)} <= known
        for note in type_of("work.note").model.objects.filter(pk__in=notes):
            assert len(note.concerns) == len(set(note.concerns)) >= 1


def test_the_connection_that_dies_in_the_middle_leaves_nothing(dora):
    ids = [run(dora, f"{PERSON}.create", last_name=f"N{i}").record.id for i in range(2)]
    note = run(dora, "work.note.create", text="x", concerns=[ids[1]]).record.id

    def killed():
        with writing():
            run(dora, f"{PERSON}.merge", ids[0], records=[ids[1]])
            connection.connection.close()  # as if the process had been killed before the commit
            connection.cursor().execute("SELECT 1")

    with pytest.raises(Error):
        killed()
    connection.close()
    with writing():
        assert get(ActorScope(dora), type_of(PERSON), ids[1]).archived_at is None
        assert get(ActorScope(dora), type_of("work.note"), note).concerns == [ids[1]]
        assert not Alias.objects.exists() and not Merge.objects.exists() and not Moved.objects.exists()


def meeting_a_merge(dora, job):
    """What ``job`` gives that works on a note, and then waits for its person, whom another one holds who waits for the
    note."""
    person = run(dora, f"{PERSON}.create", last_name="Meier").record.id
    note = run(dora, "work.note.create", text="x", concerns=[]).record.id
    held = Event()

    def merging():
        with inside(dora.tenant), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM contacts_person WHERE id = %s FOR UPDATE", [person])
            held.set()
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            while not cursor.execute(waits).fetchone()[0] and not done.is_set():
                pass
            cursor.execute("SELECT 1 FROM work_note WHERE id = %s FOR NO KEY UPDATE", [note])
        connection.close()

    done = Event()
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(merging)
        held.wait()
        try:
            return job(note, person)
        finally:
            done.set()
            other.exception()


def test_a_bulk_edit_and_a_merge_that_wait_for_each_other_lose_no_row(dora):
    def edit(note, person):
        return list(run_many(dora, "work.note.change", [Item(note, {"concerns": [person]})]))

    [outcome] = meeting_a_merge(dora, edit)
    assert outcome.refused is None
    assert len(outcome.record.concerns) == 1


def test_a_change_and_a_merge_that_wait_for_each_other_both_happen(dora):
    done = meeting_a_merge(dora, lambda note, person: run(dora, "work.note.change", note, concerns=[person]))
    assert len(done.record.concerns) == 1
