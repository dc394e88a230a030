"""A large import asks the base only for keys that may stand there, and misses nothing that others write meanwhile."""

from __future__ import annotations

import pytest

from klientel.kernel.actions import run as act
from klientel.kernel.records import type_of
from klientel.kernel.transfer import duplicates, running
from klientel.kernel.transfer.known import BOTH, KnownKeys
from klientel.lib.ids import uuid7

PERSON = "contacts.person"


def person(actor, n, **more):
    return act(actor, f"{PERSON}.create", last_name=f"Name{n}", emails=[{"value": f"p{n}@example.org"}], **more).record


def test_knows_what_is_there_and_what_others_add(anna):
    person(anna, 1)
    known = KnownKeys(type_of(PERSON), uuid7())
    keys = [f"e:p{n}@example.org" for n in range(1, 4)]
    assert known.those(keys) == keys[:1]
    person(anna, 2)
    assert known.those(keys) == keys[:2]
    known.add(keys[2:])
    assert known.those(keys) == keys


def test_places_count_only_with_the_initials_of_the_same_record(anna):
    known = KnownKeys(type_of(PERSON), uuid7())
    known.add(["a:10115.1", "n:65.k"])
    known.add(["a:20095.2", "n:34.m"])
    mine, theirs = f"a:10115.1{BOTH}n:65.k", f"a:10115.1{BOTH}n:34.m"
    assert known.those(["a:10115.1", "n:34.m"]) == ["a:10115.1", "n:34.m"]
    assert known.those([mine, theirs]) == [mine]


def test_counts_who_has_a_name_up_to_a_crowd(anna):
    known, name, mail = KnownKeys(type_of(PERSON), uuid7()), "n:65+anna", "e:a@example.org"
    for _n in range(2):
        known.add([name, mail])
        assert not known.crowds(name)
    known.add([name, mail])
    assert known.crowds(name)
    assert not known.crowds(mail)  # what is one's own counts however many have it


def test_is_read_only_where_that_pays(anna):
    for n in range(9):
        person(anna, n)
    assert KnownKeys.worth(type_of(PERSON), uuid7(), 1) is None
    assert KnownKeys.worth(type_of(PERSON), uuid7(), 2) is not None


@pytest.mark.parametrize("policy", ["skip", "update"])
def test_finds_twins_in_base_file_and_of_others(bench, anna, monkeypatch, policy):
    monkeypatch.setattr(duplicates, "_FIRST", 3)
    person(anna, 0)
    rows = [[f"Name{n % 12}", f"p{n % 12}@example.org"] for n in range(24)]
    run = bench.start([["Nachname", "E-Mail"], *rows], on_duplicate=policy)
    told = []

    def tell(now):
        told.append(now.rows_done)
        if len(told) == 2:
            person(anna, 11)

    done = running.carry_out(run.pk, tell=tell, chunk=3)
    twin = "duplicate" if policy == "skip" else "unchanged"
    assert done.counts == {"new": 10, twin: 14}
    assert len(bench.titles()) == 12
