"""Rows that say which record they mean: by its id, a number of their own, a mail address, several fields together."""

from __future__ import annotations

import io

import pytest

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.actions import run as act
from klientel.kernel.errors import Refused
from klientel.kernel.records import type_of
from klientel.kernel.tests.transfer.conftest import faults
from klientel.kernel.transfer import assistant, exporting, preview

PERSON = "contacts.person"


@pytest.fixture
def numbered(anna):
    act(anna, "kernel.customfield.create", record_type=PERSON, name="x_number", label_de="Kundennummer",
        label_en="Customer number", kind="text", privacy="public")  # fmt: skip
    for n in (1, 2):
        act(anna, f"{PERSON}.create", last_name=f"Name{n}", x_number=f"K{n}", emails=[{"value": f"p{n}@example.org"}])
    return anna


def table(*rows):
    return [["Nachname", "Kundennummer", "Position", "E-Mail"], *rows]


@pytest.mark.parametrize("tried", [False, True])
def test_a_number_of_their_own_decides_not_likeness(bench, numbered, tried):
    rows = table(
        ["Umbenannt", "k1", "Chef", ""],  # the same number, all else differs
        ["Name2", "K3", "", "p2@example.org"],  # all the same, but another number
        ["Name2", "", "Leiter", "p2@example.org"],  # no number: by likeness
        ["Neu", "K9", "", ""],
        ["Neu", "K9", "Zweite Zeile", ""],
    )
    run = bench.start(rows, on_duplicate="update", update="overwrite", keys=["x_number"])
    if tried:
        told = assistant.check(run)
        assert [r.state for r in told.rows] == ["updated", "new", "updated", "new", "updated"]
    assistant.commit(run)
    people = bench.people("x_number", "position")
    assert [(p["title"], p["x_number"], p["position"]) for p in people] == [
        ("Name2", "K2", "Leiter"), ("Name2", "K3", ""), ("Neu", "K9", "Zweite Zeile"), ("Umbenannt", "k1", "Chef"),
    ]  # fmt: skip


def test_several_fields_make_a_key_and_several_records_of_one_are_refused(bench, anna):
    for n in (1, 2):
        act(anna, f"{PERSON}.create", first_name="Kim", last_name="Doppelt", position=f"P{n}")
    rows = [["Vorname", "Nachname", "Abteilung"], ["Kim", "Doppelt", "A"], ["Kim", "Einmal", "B"]]
    run = bench.run(rows, on_duplicate="update", keys=["first_name", "last_name"])
    assert run.counts == {"error": 1, "new": 1}
    assert faults(run) == [(2, "error", "", "key_of_several")]
    again = bench.run(rows[:1] + rows[2:], on_duplicate="update", keys=["first_name", "last_name"])
    assert again.counts == {"unchanged": 1}


def test_a_mail_address_is_a_key(bench, numbered):
    rows = table(["Ganz Anders", "", "", "P1@example.org"], ["Name1", "", "", "other@example.org"])
    run = bench.run(rows, on_duplicate="update", update="overwrite", keys=["emails"])
    assert run.counts == {"updated": 1, "new": 1}


def test_our_own_export_comes_back_by_its_ids(bench, numbered):
    out = io.BytesIO()
    exporting.export(ActorScope(numbered), type_of(PERSON), None, ["id", "last_name"], "csv", out)
    text = out.getvalue().decode("utf-8-sig").replace("Name1", "Umbenannt")
    run = bench.start(io.BytesIO(text.encode()), on_duplicate="update", update="overwrite")
    assert run.mapping["ID"] == "id"
    report = assistant.check(run)
    assert [(r.state, r.changes) for r in report.rows] == [
        ("updated", {"last_name": ["Name1", "Umbenannt"]}), ("unchanged", {}),
    ]  # fmt: skip
    assistant.commit(run)
    assert bench.titles() == ["Name2", "Umbenannt"]


def test_a_row_that_appears_meanwhile_under_its_key_is_a_conflict(bench, numbered):
    run = bench.start(table(["Neu", "K5", "", ""]), on_duplicate="update", keys=["x_number"])
    assistant.check(run)
    act(numbered, f"{PERSON}.create", last_name="Schneller", x_number="K5")
    assert assistant.commit(run).counts == {"conflict": 1}
    assert preview.rows(run)[0].match["title"] == "Schneller"


def test_a_key_must_be_a_field(bench):
    run = bench.start([["Nachname"], ["A"]])
    with pytest.raises(Refused) as no:
        assistant.choose(run, options={"keys": ["nothing"]})
    assert no.value.field == "keys"


def test_a_file_that_names_records_by_id_or_key_needs_no_names(bench, anna):
    person = act(anna, f"{PERSON}.create", last_name="Adler").record
    run = bench.run([["ID", "Position"], [str(person.id), "Chef"], ["", "Niemand"]], on_duplicate="update")
    assert run.counts == {"updated": 1, "error": 1}
    assert faults(run) == [(3, "error", "", "no_name")]
    firm = act(anna, "contacts.organisation.create", name="Adler AG", customer_number="K-1").record
    rows = [["Kundennummer", "Website"], ["K-1", "https://adler.example"], ["K-2", "https://bussard.example"]]
    run = bench.run(rows, "contacts.organisation", on_duplicate="update", keys=["customer_number"])
    assert run.counts == {"updated": 1, "error": 1}
    assert faults(run) == [(3, "error", "name", "required")]
    [told] = bench.people("website", rtype="contacts.organisation")
    assert (firm.title, told["website"]) == (told["title"], "https://adler.example")
