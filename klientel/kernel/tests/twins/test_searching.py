"""The search through a whole base: what it finds, that it goes on where it stopped, and what people decide."""

from __future__ import annotations

import pytest
from django.db import connection

from klientel.kernel import history
from klientel.kernel.actions import run
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import inside
from klientel.kernel.twins import searching
from klientel.kernel.twins.models import TwinMember, TwinPair, TwinSearch
from klientel.kernel.twins.searching import Searcher, begin

PERSON = "contacts.person"


def search(*, full=False, chunks=1000):
    """Search in chunks, each with a searcher of its own, as if the process had died after every one."""
    rtype = type_of(PERSON)
    begin(rtype, full=full)
    for _n in range(chunks):
        if not Searcher(rtype).step():
            return TwinSearch.objects.get(record_type=PERSON)
    return TwinSearch.objects.get(record_type=PERSON)


def groups():
    found = {}
    for member in TwinMember.objects.order_by("record"):
        found.setdefault(member.group, []).append(member.record)
    return sorted(found.values())


@pytest.fixture
def people(anna):
    def person(first, last, **more):
        return run(anna, f"{PERSON}.create", first_name=first, last_name=last, **more).record.pk

    mail = {"emails": [{"value": "kim@acme.example"}]}
    return {
        "kim": person("Kim", "Zwingenberger", **mail),
        "kimm": person("Kimm", "Zwingenberger", **mail),
        "anke": person("Anke", "Rohrmoser", birthday="1980-05-17"),
        "ancke": person("Anke", "Rohrmooser", birthday="1980-05-17"),
        "jan": person("Jan", "Petersen"),
    }


def test_finds_pairs_and_makes_groups(people, monkeypatch):
    monkeypatch.setattr(searching, "CHUNK", 2)
    done = search()
    assert done.phase == ""
    assert done.counts["records"] == 5
    assert done.counts["found"] == 2
    assert groups() == sorted([sorted([people["kim"], people["kimm"]]), sorted([people["anke"], people["ancke"]])])
    assert all(0.5 <= m.certainty <= 1 for m in TwinMember.objects.all())


def test_goes_on_after_any_chunk_and_finds_the_same(people, monkeypatch):
    monkeypatch.setattr(searching, "CHUNK", 2)
    search()
    whole = groups()
    search(full=True, chunks=3)
    assert TwinSearch.objects.get(record_type=PERSON).phase != ""
    done = search()
    assert (done.phase, done.counts["records"], done.counts["found"]) == ("", 5, 2)
    assert groups() == whole
    assert TwinPair.objects.count() == 2


def test_later_searches_look_at_what_changed_only(anna, people):
    search()
    TwinSearch.objects.get(record_type=PERSON)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_twinsearch SET since = now() + interval '1 hour'")
    assert search().counts == {}
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_twinsearch SET since = now() - interval '1 hour'")
    run(anna, f"{PERSON}.change", people["kimm"], first_name="Yvonne", last_name="Brandt", emails=[])
    run(anna, f"{PERSON}.create", first_name="Jan", last_name="Petersen", phones=[{"value": "+49301234567"}])
    run(anna, f"{PERSON}.change", people["jan"], phones=[{"value": "+49301234567"}])
    search()
    assert [people["kim"], people["kimm"]] not in groups()
    assert any(people["jan"] in group for group in groups())


def test_not_a_duplicate_is_remembered_and_can_be_undone(anna, people):
    search()
    said = run(anna, "kernel.distinct.create", records=[people["kim"], people["kimm"]])
    assert groups() == [sorted([people["anke"], people["ancke"]])]
    search(full=True)
    assert groups() == [sorted([people["anke"], people["ancke"]])], "nothing is proposed again"
    history.undo(anna, said.change_set)
    assert sorted([people["kim"], people["kimm"]]) in groups()


def test_records_in_the_trash_are_in_no_group(anna, people):
    run(anna, f"{PERSON}.archive", people["kim"])
    search()
    assert groups() == [sorted([people["anke"], people["ancke"]])]


def test_another_tenant_has_its_own(people, cleo):
    search()
    with inside(cleo.tenant):
        assert TwinMember.objects.count() == 0
        assert search().counts == {}


def test_new_rules_make_new_keys_and_a_full_search(anna, people):
    search()
    before = TwinSearch.objects.get(record_type=PERSON).fingerprint
    run(anna, "kernel.duplicaterule.create", record_type=PERSON, identified_by=[f"{PERSON}:position"])
    run(anna, f"{PERSON}.change", people["jan"], position="Chair")
    begin(type_of(PERSON))
    assert TwinSearch.objects.get(record_type=PERSON).phase == "keys"
    done = search()
    assert done.fingerprint != before
    jan = type_of(PERSON).model.objects.get(pk=people["jan"])
    assert "v:position:chair" in jan.match_keys
    assert sorted([people["anke"], people["ancke"]]) in groups()


def test_a_key_that_too_many_share_is_not_searched_by(anna, monkeypatch):
    monkeypatch.setattr(searching, "TOO_MANY", 3)
    for n in range(5):
        run(
            anna,
            f"{PERSON}.create",
            first_name="Kim",
            last_name=f"Rohrmoser{n}",
            emails=[{"value": "info@acme.example"}],
        )
    done = search()
    assert "e:info@acme.example" in done.frequent
    assert done.counts.get("compared", 0) == 0


def test_not_a_duplicate_follows_a_merge(anna, people):
    run(anna, "kernel.distinct.create", records=[people["kim"], people["kimm"]])
    third = run(anna, f"{PERSON}.create", first_name="Kim", last_name="Zwingenberger").record.pk
    run(anna, f"{PERSON}.merge", third, records=[people["kim"]])
    search(full=True)
    assert all(people["kimm"] not in group for group in groups())
