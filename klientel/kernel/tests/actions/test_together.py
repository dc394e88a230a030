"""Two at the same moment, on real transactions: one wins or waits, nothing is lost."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import get, select
from klientel.kernel.actions import Item, run, run_many
from klientel.kernel.errors import Refused
from klientel.kernel.history import undo
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import inside, reading
from klientel.kernel.testing.cast import ALL
from klientel.kernel.testing.making import make_member, make_tenant

pytestmark = pytest.mark.django_db(transaction=True)
PERSON = "contacts.person"


@pytest.fixture
def here():
    made = make_tenant("zusammen")
    with inside(made.id):
        yield made


@pytest.fixture
def dora(here):
    with reading_writing():
        return make_member("Dora", ALL)


def reading_writing():
    from klientel.kernel.tenancy import writing

    return writing()


def together(actor, *jobs):
    """Run the jobs in threads that start at the same moment; what each returned or was refused with."""
    start = Barrier(len(jobs))

    def one(job):
        try:
            with inside(actor.tenant):
                start.wait()
                return job()
        except Refused as no:
            return no.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(one, jobs))


def test_one_of_two_equal_versions_wins(dora):
    for _ in range(5):
        person = run(dora, "contacts.person.create", last_name="Muster").record
        answers = together(
            dora,
            *(
                lambda n=n, one=person.id: (
                    run(dora, "contacts.person.change", one, version=1, last_name=f"N{n}").record.version
                )
                for n in range(4)
            ),
        )
        assert Counter(map(str, answers)) == {"2": 1, "changed_since": 3}
        with reading():
            assert get(ActorScope(dora), type_of(PERSON), person.id).version == 2


def test_different_fields_at_once_are_both_kept(dora):
    person = run(dora, "contacts.person.create", last_name="Muster").record
    together(
        dora,
        lambda: run(dora, "contacts.person.change", person.id, first_name="Kim"),
        lambda: run(dora, "contacts.person.change", person.id, position="Leitung"),
    )
    with reading():
        found = get(ActorScope(dora), type_of(PERSON), person.id)
    assert (found.first_name, found.position, found.version) == ("Kim", "Leitung", 3)


def test_bulk_edits_in_opposite_order_do_not_block_each_other_for_ever(dora):
    new = [Item(params={"last_name": f"P{n}"}) for n in range(60)]
    ids = [o.record.id for o in run_many(dora, "contacts.person.create", new)]
    answers = together(
        dora,
        *(
            lambda order=order, stage=stage: [
                o.refused
                for o in run_many(dora, "contacts.person.change", [Item(i, {"stage": stage}) for i in order], chunk=20)
            ]
            for order, stage in ((ids, "lead"), (ids[::-1], "customer"))
        ),
    )
    assert all(r is None for some in answers for r in some)
    with reading():
        rows = select(ActorScope(dora), type_of(PERSON), columns=["stage"], limit=100).rows
    assert len(rows) == 60
    assert {r.values["stage"] for r in rows} <= {"lead", "customer"}


def test_two_tags_of_one_name_at_once_are_one(dora):
    answers = together(dora, *(lambda: run(dora, "kernel.tag.create", name="Messe").record.title for _ in range(4)))
    assert Counter(answers) == {"Messe": 1, "exists_already": 3}


def test_undo_opens_its_own_transactions(dora):
    person = run(dora, "contacts.person.create", last_name="Muster").record
    done = run(dora, "contacts.person.change", person.id, last_name="Meister")
    assert undo(dora, done.change_set).records == 1
    with reading():
        assert get(ActorScope(dora), type_of(PERSON), person.id).last_name == "Muster"


def test_two_crosswise_changes_do_not_close_a_circle(dora):
    for _ in range(4):
        first, second = (run(dora, "kernel.team.create", name=n).record for n in ("First", "Second"))
        answers = together(
            dora,
            lambda a=first.id, b=second.id: run(dora, "kernel.team.change", a, parent=b).record.id,
            lambda a=first.id, b=second.id: run(dora, "kernel.team.change", b, parent=a).record.id,
        )
        assert answers.count("in_a_circle") == 1, answers
        with reading():
            again = [get(ActorScope(dora), type_of("kernel.team"), i).parent for i in (first.id, second.id)]
        assert again.count(None) == 1
