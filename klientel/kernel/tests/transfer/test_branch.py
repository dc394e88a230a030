"""An import as a branch: tried out for every row, shown as a diff, corrected, decided, then carried out as shown."""

from __future__ import annotations

import pytest
from django.db import transaction

from klientel.kernel.actions import run as act
from klientel.kernel.errors import Conflict, Missing, Refused
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import inside
from klientel.kernel.tests.transfer.conftest import faults
from klientel.kernel.transfer import assistant, committing, preview, staging
from klientel.kernel.transfer.models import ImportRun, StagedRow

PERSON = "contacts.person"
HEAD = ["Vorname", "Nachname", "E-Mail", "Position", "Firma"]


def line(n, position="", firm="", last=""):
    return [f"Vor{n}", last or f"Name{n}", f"p{n}@example.org", position, firm]


def existing(actor, n, **more):
    return act(actor, f"{PERSON}.create", first_name=f"Vor{n}", last_name=f"Name{n}",
               emails=[{"value": f"p{n}@example.org"}], **more).record  # fmt: skip


def tried(bench, rows, **options):
    run = bench.start([HEAD, *rows], **options)
    assistant.check(run)
    return ImportRun.objects.get(pk=run.pk)


def told(run):
    return [(r.line, r.state) for r in preview.rows(run)]


def test_shows_every_row_with_its_diff_and_writes_nothing(bench, anna):
    there = existing(anna, 1, position="Chef")
    same = existing(anna, 2, position="Leiter")
    run = tried(
        bench,
        [line(1, "Chefin"), line(2, "Leiter"), line(3, "", "Bergmann GmbH"), ["", "", "", "x", ""], line(3)],
        on_duplicate="update",
        update="overwrite",
    )
    assert told(run) == [(2, "updated"), (3, "unchanged"), (4, "new"), (5, "error"), (6, "unchanged")]
    assert (run.state, run.counts) == ("checked", {"updated": 1, "unchanged": 2, "new": 1, "error": 1})
    first, second, third, _fourth, fifth = preview.rows(run)
    assert first.changes == {"position": ["Chef", "Chefin"]}
    assert (first.record, second.record) == (there.pk, same.pk)
    assert third.values["last_name"] == "Name3"
    assert third.links == {"organisation": "Bergmann GmbH"}
    assert fifth.record == third.record
    assert run.preview["made"] == {"contacts.organisation": 1}
    assert bench.titles() == ["Vor1 Name1", "Vor2 Name2"]
    assert bench.titles("contacts.organisation") == []


def test_one_commit_does_exactly_that(bench, anna):
    there = existing(anna, 1, position="Chef")
    rows = [line(1, "Chefin"), line(3, "", "Bergmann GmbH"), line(3, "Neue", "Bergmann GmbH"), ["", "", "", "x", ""]]
    run = tried(bench, rows, on_duplicate="update")
    shown = {r.line: r.record for r in preview.rows(run)}
    run = assistant.commit(run)
    assert (run.state, run.staged) == ("done", False)
    assert run.counts == {"unchanged": 1, "new": 1, "updated": 1, "error": 1, "made:contacts.organisation": 1}
    [old, new] = bench.people("position", "organisation")
    assert (old["position"], new["position"]) == ("Chef", "Neue")
    assert type_of(PERSON).model.objects.get(pk=shown[3]).title == "Vor3 Name3"
    assert shown[2] == there.pk
    assert not StagedRow.objects.filter(run=run.pk).exists()
    assert faults(run) == [(5, "error", "", "no_name")]
    assert assistant.commit(run).counts == run.counts


def test_rows_of_later_chunks_see_what_earlier_ones_would_do(bench, anna):
    existing(anna, 0)
    rows = [line(n % 4, f"Position{n}") for n in range(12)]
    run = bench.start([HEAD, *rows], on_duplicate="update", update="overwrite")
    preview.begin(run)
    staging.stage(run.pk, chunk=3)
    run = ImportRun.objects.get(pk=run.pk)
    assert run.counts == {"updated": 9, "new": 3}
    assert preview.row(run, 10).changes == {"position": ["Position4", "Position8"]}
    assert preview.row(run, 13).changes == {"position": ["Position7", "Position11"]}
    run = committing.commit(run.pk, chunk=5)
    assert (run.state, run.counts) == ("done", {"updated": 9, "new": 3})
    assert [p["position"] for p in bench.people("position")] == [f"Position{n}" for n in (8, 9, 10, 11)]


def test_a_target_that_changed_meanwhile_is_shown_again(bench, anna):
    one, two = existing(anna, 1, position="Chef"), existing(anna, 2, position="Chef")
    gone = existing(anna, 3)
    run = tried(bench, [line(n, "Neu") for n in (1, 2, 3)] + [line(4)], on_duplicate="update", update="overwrite")
    act(anna, f"{PERSON}.change", one.pk, position="Anders")
    act(anna, f"{PERSON}.change", two.pk, department="Einkauf")
    act(anna, f"{PERSON}.archive", gone.pk)
    existing(anna, 4)
    run = assistant.commit(run)
    assert (run.state, run.counts) == ("conflicts", {"conflict": 3, "updated": 1})
    assert bench.people("position")[0]["position"] == "Anders"
    first, third, fourth = preview.rows(run)
    assert first.changes == {"position": ["Anders", "Neu"]}
    assert "position" in first.told[0]["message"].lower()
    assert (third.faults[0]["code"], fourth.faults[0]["code"]) == ("gone", "changed_since")
    preview.decide(run, "update", [2])
    preview.decide(run, "create", [4])
    preview.decide(run, "skip", [5])
    assert told(run) == [(2, "updated"), (4, "new"), (5, "duplicate")]
    run = assistant.commit(run)
    assert (run.state, run.counts) == ("done", {"updated": 2, "new": 1, "duplicate": 1})
    assert [p["position"] for p in bench.people("position")] == ["Neu", "Neu", "Neu", ""]


def test_a_cell_is_corrected_on_the_spot(bench):
    run = tried(bench, [["", "", "", "x", ""], line(2)])
    assert told(run) == [(2, "error"), (3, "new")]
    fixed = preview.correct(run, 2, {1: "Neu", 2: "kaputt"})
    assert (fixed.state, fixed.corrected, fixed.faults[0]["code"]) == ("new", True, "not_an_email")
    fixed = preview.correct(run, 2, {0: "Vor2", 1: "Name2", 2: "p2@example.org"})
    assert fixed.state == "new"
    run = ImportRun.objects.get(pk=run.pk)
    assert run.counts == {"new": 2}
    assert assistant.commit(run).counts == {"new": 2}
    with pytest.raises(Conflict):
        preview.correct(run, 2, {1: "zu spät"})


def test_each_duplicate_is_decided_or_all_at_once(bench, anna):
    for n in (1, 2, 3):
        existing(anna, n)
    run = tried(bench, [line(n, "Neu") for n in (1, 2, 3)])
    [first, *_rest] = preview.rows(run)
    assert (first.state, first.match["title"], first.match["score"] > 0.85) == ("duplicate", "Vor1 Name1", True)
    preview.decide_all(run, "update")
    assert told(run) == [(2, "updated"), (3, "updated"), (4, "updated")]
    preview.decide(run, "create", [3])
    preview.decide(run, "skip", [4])
    assert told(run) == [(2, "updated"), (3, "new"), (4, "duplicate")]
    run = assistant.commit(run)
    assert run.counts == {"updated": 1, "new": 1, "warning": 1, "duplicate": 1}
    assert len(bench.titles()) == 4
    with pytest.raises(Refused):
        preview.decide_all(run, "delete")


def test_another_mapping_tries_out_anew(bench):
    run = tried(bench, [line(1, "Chef"), line(2)])
    run = assistant.choose(run, run.mapping | {"Position": "department"})
    assert (run.state, run.staged) == ("uploaded", False)
    report = assistant.check(run)
    assert report.rows[0].values["department"] == "Chef"
    assert StagedRow.objects.filter(run=run.pk).count() == 2


def test_rights_and_tenants_hold_for_staged_rows(bench, boris, cleo):
    run = tried(bench, [line(1)])
    with pytest.raises(Missing):
        assistant.get(boris, run.pk)
    with inside(cleo.tenant), transaction.atomic():
        assert not StagedRow.objects.filter(run=run.pk).exists()
        with pytest.raises(Missing):
            assistant.get(cleo, run.pk)
