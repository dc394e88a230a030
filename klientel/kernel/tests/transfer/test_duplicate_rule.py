"""An import judges twins as a record that somebody creates is judged: under the workspace's rule."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.actions import run as act
from klientel.kernel.records import type_of
from klientel.kernel.tests.transfer.conftest import Bench
from klientel.kernel.transfer import assistant, preview
from klientel.kernel.transfer.duplicates import Finder
from klientel.kernel.transfer.models import ImportRun
from klientel.kernel.twins.checking import similar
from klientel.kernel.twins.searching import Searcher
from klientel.kernel.twins.worklist import listed

PERSON = "contacts.person"
HEAD = ["Vorname", "Nachname", "PLZ", "Ort", "Straße", "E-Mail"]
ROW = ["Walburga", "Zwingenberger", "50679", "Köln", "Weg 12", "wz@example.org"]


def there(anna, **more):
    return act(anna, f"{PERSON}.create", first_name="Walburga", last_name="Zwingenberger", **more).record


def test_a_rare_name_alone_is_likely_and_not_certain(bench, anna):
    there(anna)
    [met] = similar(ActorScope(anna), type_of(PERSON), {"first_name": "Walburga", "last_name": "Zwingenberger"})
    assert not met.certain
    assert bench.run([HEAD, ROW]).counts == {"new": 1, "likely": 1}


def test_the_workspace_says_from_which_likeness_it_is_certain(bench, anna):
    there(anna)
    act(anna, "kernel.duplicaterule.create", record_type=PERSON, certain_from=80)
    assert bench.run([HEAD, ROW]).counts == {"duplicate": 1}


def test_the_import_may_be_asked_for_less(bench, anna):
    there(anna)
    assert bench.run([HEAD, ROW], threshold=0.8).counts == {"duplicate": 1}


def test_a_name_at_the_same_house_is_the_same(bench, anna):
    there(anna, addresses=[{"street": "Weg 12", "postcode": "50679", "city": "Köln"}])
    assert bench.run([HEAD, ROW]).counts == {"duplicate": 1}


@pytest.mark.parametrize("first", ["Wanda", "Walburga"])
def test_in_a_house_of_many_the_whole_name_finds_its_own_and_no_other_is_compared(bench, anna, monkeypatch, first):
    house = [{"street": "Weg 12", "postcode": "50679", "city": "Köln"}]
    for name in ("Wilma", "Wolfram", "Wendelin", "Waltraud", "Werner", first):
        act(anna, f"{PERSON}.create", first_name=name, last_name="Zwingenberger", addresses=house)
    compared = []
    judge = Finder._compare
    monkeypatch.setattr(Finder, "_compare", lambda *words: compared.append(words) or judge(*words))
    assert bench.run([HEAD, ROW]).counts == ({"duplicate": 1} if first == "Walburga" else {"new": 1})
    assert len(compared) == (first == "Walburga")


def tried(bench, *rows, **options):
    with override("en"):
        run = bench.start([HEAD, *rows], **options)
    assistant.check(run)
    return ImportRun.objects.get(pk=run.pk)


def test_the_dry_run_tells_whom_a_new_record_perhaps_repeats(bench, anna):
    known = there(anna)
    run = tried(bench, ROW, ["Jan", "Petersen", "", "", "", ""])
    assert run.counts == {"new": 2, "likely": 1}
    [row] = preview.rows(run, state="likely")
    assert (row.state, row.match["title"], row.made) == ("new", known.title, True)
    with override("en"):
        [fault] = row.told
    assert (fault["state"], fault["message"]) == (
        "likely", "Is perhaps “Walburga Zwingenberger”, which is there already.",
    )  # fmt: skip
    assert preview.rows(run, state="warning") == []


@pytest.mark.parametrize("first", [True, False], ids=["tried out", "at once"])
def test_what_is_perhaps_known_comes_in_is_told_and_stands_on_the_work_list(bench, anna, first):
    known = there(anna)
    run = assistant.commit(tried(bench, ROW) if first else bench.start([HEAD, ROW]))
    assert run.counts == {"new": 1, "likely": 1}
    [told] = assistant.outcomes(run, state="likely")
    assert (told.code, told.record != known.pk) == ("perhaps_known", True)
    while Searcher(type_of(PERSON)).step():  # as the worker does: the import has begun the search
        pass
    [group] = listed(ActorScope(anna), type_of(PERSON)).groups
    assert {row.id for row in group.members} == {known.pk, told.record}


@pytest.mark.parametrize(
    ("choice", "counts"),
    [("update", {"updated": 1}), ("skip", {"duplicate": 1}), ("create", {"new": 1, "likely": 1})],
)
def test_of_one_that_is_perhaps_known_a_person_says_what_it_is(bench, anna, choice, counts):
    known = there(anna)
    run = tried(bench, ROW)
    preview.decide(run, choice, [2])
    run = assistant.commit(ImportRun.objects.get(pk=run.pk))
    assert run.counts == counts
    assert len(bench.titles()) == (2 if choice == "create" else 1)
    known.refresh_from_db()
    assert bool(known.emails) == (choice == "update")


def test_a_choice_for_all_that_repeat_a_record_leaves_those_alone_that_only_perhaps_do(bench, anna):
    there(anna)
    act(anna, f"{PERSON}.create", first_name="Jan", last_name="Petersen", emails=[{"value": "jp@example.org"}])
    run = tried(bench, ROW, ["Jan", "Petersen", "", "Kiel", "", "jp@example.org"])
    assert run.counts == {"new": 1, "likely": 1, "duplicate": 1}
    preview.decide_all(run, "update")
    assert ImportRun.objects.get(pk=run.pk).counts == {"new": 1, "likely": 1, "updated": 1}


def test_a_line_that_perhaps_repeats_one_of_the_file_is_told_too(bench, anna):
    run = tried(bench, ["Walburga", "Zwingenberger", "", "", "", ""], ROW)
    assert run.counts == {"new": 2, "likely": 1}
    [row] = preview.rows(run, state="likely")
    with override("en"):
        assert row.told[0]["message"] == "Perhaps repeats line 2 of this file."


def test_what_a_viewer_may_not_see_is_not_even_perhaps_known(anna, boris):
    there(anna)
    run = tried(Bench(boris), ROW)
    assert "likely" not in run.counts
