"""Deleting for good: what keeps a record, what goes with it, and that nothing is left of it anywhere."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection, transaction
from django.utils import timezone

from klientel.kernel import events, writing
from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import get
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.files.storing import store
from klientel.kernel.records import all_types, type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import PRIVACY, current, inside
from klientel.kernel.tenancy.models import Tenant
from klientel.kernel.testing import make
from klientel.kernel.testing.making import make_member
from klientel.kernel.trash import beside, deleting, jobs
from klientel.kernel.trash.deleting import deletable

PERSON, FIRM = "contacts.person", "contacts.organisation"
DELETABLE = [t.key for t in all_types() if deletable(t)]


def trashed(actor, key, **values):
    record = make(actor, key, **values)
    run(actor, f"{key}.archive", record.id)
    return record


def there(record):
    with inside(current(), purpose=PRIVACY):
        return type(record).objects.filter(pk=record.pk).exists()


def left_of(ids):
    """Tables in which one of these ids still stands, whatever the column; the frame of events aside."""
    found = []
    with inside(current(), purpose=PRIVACY), connection.cursor() as cursor:
        for table in beside.tables():
            if table.name not in ("kernel_event", "privacy_line"):
                for i in ids:
                    cursor.execute(f"SELECT 1 FROM {table.name} x WHERE to_jsonb(x)::text LIKE %s LIMIT 1", [f"%{i}%"])
                    if cursor.fetchone():
                        found.append(table.name)
    return sorted(set(found))


@pytest.mark.parametrize("key", DELETABLE)
def test_of_every_kind_nothing_is_left_but_that_it_happened(anna, key):
    record = trashed(anna, key)
    if (why := type_of(key).retained) is not None and why(record):
        with pytest.raises(Conflict) as no:
            run(anna, f"{key}.remove", record.id)
        assert no.value.code == "kept" and there(record)
        return
    run(anna, f"{key}.remove", record.id)
    assert not there(record)
    assert left_of([record.id]) == []
    told = events.read(Sql("e.record_id = %s", (record.id,)))
    assert told[-1].kind == f"{key}.remove" and told[-1].actor == anna.ref
    assert all(not e.changes and not e.parameters for e in told)


@pytest.mark.parametrize("key", ["kernel.tag", "kernel.team", "kernel.relationkind"])
def test_settings_stay(anna, key):
    record = make(anna, key)
    run(anna, f"{key}.archive", record.id)
    with pytest.raises(Refused) as no:
        run(anna, f"{key}.remove", record.id)
    assert no.value.code == "not_deletable" and there(record)


def test_only_what_is_in_the_recycle_bin_goes(anna):
    record = make(anna, PERSON)
    with pytest.raises(Missing):
        run(anna, f"{PERSON}.remove", record.id)
    assert there(record)


def test_it_needs_a_right_of_its_own(anna):
    record = trashed(anna, PERSON)
    grants = [{"record": "*", "verb": v} for v in ("view", "change", "archive")]
    with pytest.raises(Forbidden):
        run(make_member("Lena", grants), f"{PERSON}.remove", record.id)
    assert there(record)


def test_of_another_tenant_it_is_missing(anna, cleo):
    with inside(cleo.tenant):
        theirs = trashed(cleo, PERSON)
    with pytest.raises(Missing):
        run(anna, f"{PERSON}.remove", theirs.id)
    with inside(cleo.tenant):
        assert there(theirs)


def test_what_is_only_about_it_goes_along_and_what_is_about_others_loses_the_link(anna, folders):
    person, firm = make(anna, PERSON), make(anna, FIRM)
    tie = run(anna, "contacts.affiliation.create", person=person.id, organisation=firm.id).record
    mine = run(anna, "work.note.create", text="allein", concerns=[person.id]).record
    ours = run(anna, "work.note.create", text="beide", concerns=[person.id, firm.id]).record
    file = store(anna, b"bytes", [person.id], name="a.txt").record
    run(anna, f"{PERSON}.comment", person.id, text="nett")
    run(anna, f"{PERSON}.archive", person.id)
    with transaction.atomic():
        plan = deleting.plan(type_of(PERSON), [person])
    assert {tie.id, mine.id, file.id, person.id} <= plan.web.gone.keys() and set(plan.web.kept) == {ours.id}
    assert plan.blocks == {}
    run(anna, f"{PERSON}.remove", person.id)
    assert not any(map(there, (person, tie, mine, file)))
    assert get(ActorScope(anna), type_of("work.note"), ours.id).concerns == [firm.id]
    assert left_of([person.id, tie.id, mine.id, file.id]) == []


def test_bytes_of_files_go_with_the_commit(anna, folders, django_capture_on_commit_callbacks):
    person = make(anna, PERSON)
    file = store(anna, b"bytes", [person.id], name="a.txt").record
    lying = folders / "files" / str(anna.tenant) / file.place
    run(anna, f"{PERSON}.archive", person.id)
    with django_capture_on_commit_callbacks(execute=True):
        run(anna, f"{PERSON}.remove", person.id)
    assert not lying.exists()


def test_old_ids_of_what_was_merged_into_it_go_too(anna):
    kept, lost = make(anna, PERSON), make(anna, PERSON)
    run(anna, f"{PERSON}.merge", kept.id, records=[lost.id])
    run(anna, f"{PERSON}.archive", kept.id)
    run(anna, f"{PERSON}.remove", kept.id)
    assert not there(kept) and not there(lost)
    assert left_of([kept.id, lost.id]) == []


def test_who_has_to_be_kept_stays_and_says_why(anna):
    person, other = trashed(anna, PERSON), trashed(anna, PERSON)
    rtype = type_of(PERSON)
    object.__setattr__(rtype, "retained", lambda r: "§ 147 AO" if r.id == person.id else "")
    try:
        with pytest.raises(Conflict) as no:
            run(anna, f"{PERSON}.remove", person.id)
        assert "§ 147 AO" in str(no.value.message)
        done = list(run_many(anna, f"{PERSON}.remove", [Item(person.id), Item(other.id)]))
    finally:
        object.__setattr__(rtype, "retained", None)
    assert [o.refused is None for o in done] == [False, True]
    assert there(person) and not there(other)


def test_what_is_tied_to_a_restricted_person_stays(anna):
    person, firm = make(anna, PERSON), make(anna, FIRM)
    run(anna, "contacts.affiliation.create", person=person.id, organisation=firm.id)
    with inside(current(), purpose=PRIVACY), writing.door():
        type(person).objects.filter(pk=person.pk).update(restricted=True)
    run(anna, f"{FIRM}.archive", firm.id)
    with pytest.raises(Conflict) as no:
        run(anna, f"{FIRM}.remove", firm.id)
    assert no.value.code == "kept" and there(firm)


def aged(record, days):
    with writing.door():
        type(record).objects.filter(pk=record.pk).update(archived_at=timezone.now() - dt.timedelta(days=days))


def test_the_daily_job_deletes_what_lay_long_enough(anna):
    old, young, living = trashed(anna, PERSON), trashed(anna, FIRM), make(anna, PERSON)
    aged(old, 31)
    aged(young, 29)
    assert jobs.delete_older(timezone.now() - dt.timedelta(days=30)) == 1
    assert (there(old), there(young), there(living)) == (False, True, True)
    assert jobs.delete_older(timezone.now() - dt.timedelta(days=30)) == 0


def waiting():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'kernel.trash.jobs.empty'")
        return cursor.fetchone()[0]


def test_it_is_begun_once_a_day_and_not_where_the_tenant_wants_it_kept(anna):
    Tenant.objects.filter(pk=current()).update(trash_days=0)
    jobs.begin()
    assert waiting() == 0
    Tenant.objects.filter(pk=current()).update(trash_days=7)
    jobs.begin()
    jobs.begin()
    assert waiting() == 1
    record = trashed(anna, PERSON)
    aged(record, 8)
    jobs.empty.fn()
    assert not there(record)


def test_a_deletion_touches_no_more_tables_for_many_than_for_one(anna, django_assert_max_num_queries):
    some = [trashed(anna, PERSON) for _n in range(20)]
    with django_assert_max_num_queries(150):
        done = list(run_many(anna, f"{PERSON}.remove", [Item(r.id) for r in some]))
    assert all(o.refused is None for o in done)
