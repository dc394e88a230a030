"""Imports: what becomes of each row, whatever the file looks like."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.utils import timezone, translation

from klientel.kernel import events, writing
from klientel.kernel.access import ActorScope, actor_of
from klientel.kernel.actions import run as act
from klientel.kernel.errors import Forbidden, Missing, Refused
from klientel.kernel.history import undo
from klientel.kernel.records import type_of
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import inside
from klientel.kernel.testing.making import make_member
from klientel.kernel.tests.transfer.conftest import Bench, faults, table
from klientel.kernel.transfer import assistant, forgetting, jobs, resolving
from klientel.kernel.transfer.models import ImportRow, ImportRun

HEAD = [
    "Anrede",
    "Vorname",
    "Nachname",
    "E-Mail",
    "Telefon geschäftlich",
    "Mobil",
    "Straße",
    "PLZ",
    "Ort",
    "Firma",
    "Geburtstag",
]
ANNA = ["Frau", "Anna", "Müller", "anna@example.org", "030 5000001", "0171 5000001", "Hauptstr. 1", "10115", "Berlin",
        "Bergmann GmbH", "1.2.1980"]  # fmt: skip
BERND = ["Herr", "Bernd", "Wolf", "bernd@example.org", "", "", "", "", "", "Bergmann GmbH", ""]


def test_takes_names_reach_address_and_organisation(bench):
    run = bench.run([HEAD, ANNA, BERND])
    assert (run.state, run.counts) == ("done", {"new": 2, "made:contacts.organisation": 1})
    [anna, bernd] = bench.people("salutation", "emails", "phones", "addresses", "organisation", "birthday")
    assert anna["title"] == "Anna Müller"
    assert anna["salutation"] == "ms"
    assert anna["emails"] == [{"value": "anna@example.org", "purpose": "work", "state": "ok"}]
    assert [(p["value"], p["purpose"]) for p in anna["phones"]] == [
        ("+49305000001", "work"),
        ("+491715000001", "mobile"),
    ]
    [address] = anna["addresses"]
    assert (address["street"], address["postcode"], address["city"]) == ("Hauptstr. 1", "10115", "Berlin")
    assert anna["birthday"].isoformat() == "1980-02-01"
    assert anna["organisation"] == bernd["organisation"] is not None
    assert bench.titles("contacts.organisation") == ["Bergmann GmbH"]


def test_every_record_has_its_event_and_all_can_be_undone(bench, anna):
    run = bench.run([HEAD, ANNA, BERND])
    told = events.read(Sql("e.change_set = %s", (run.change_set,)))
    assert sorted(e.kind for e in told) == [
        "contacts.organisation.create",
        "contacts.person.create",
        "contacts.person.create",
    ]
    assert undo(anna, run.change_set).records == 3
    assert bench.titles() == []


def test_a_wrong_value_is_left_out_and_told_a_broken_row_stops_nobody(bench):
    rows = [HEAD[:5], ["Frau", "Anna", "A", "no mail", "030 5000001"], ["", "", "", "", ""], ["", "", "", "", "keines"],
            ["", "", "", "x", ""], ["Herr", "Bernd", "B", "b@example.org", "12345678901234567890"]]  # fmt: skip
    run = bench.run(rows)
    assert bench.titles() == ["Anna A", "Bernd B"]
    assert faults(run) == [
        (2, "warning", "emails", "not_an_email"), (4, "warning", "phones", "not_a_phone"), (4, "error", "", "no_name"),
        (5, "warning", "emails", "not_an_email"), (5, "error", "", "no_name"), (6, "warning", "phones", "not_a_phone"),
    ]  # fmt: skip
    [first, *_rest] = assistant.outcomes(run)
    assert first.cells == rows[1]
    assert first.details["column"] == "E-Mail"
    assert first.details["value"] == "no mail"


def test_strict_refuses_a_row_with_any_wrong_value(bench):
    run = bench.run([["Nachname", "E-Mail"], ["A", "no mail"], ["B", "b@example.org"]], strict=True)
    assert bench.titles() == ["B"]
    assert faults(run) == [(2, "error", "emails", "not_an_email")]


def test_too_long_rows_are_told_with_what_they_held(bench):
    run = bench.run(io.BytesIO(b"Vorname;Nachname;Ort\nAnna;A;Ulm\nBernd;B;Ulm;mehr\nCarla;C\n"))
    assert bench.titles() == ["Anna A", "Carla C"]
    assert [(line, state, code) for line, state, _f, code in faults(run)] == [
        (3, "error", "row.too_long"), (4, "warning", "row.too_short"),
    ]  # fmt: skip
    assert assistant.outcomes(run)[0].cells == ["Bernd", "B", "Ulm", "mehr"]


def test_reasons_are_in_the_readers_language(bench):
    with translation.override("de"):
        run = bench.run([["Nachname", "E-Mail"], ["A", "kaputt"]])
    assert run.language == "de"
    told = {}
    for language in ("de", "en"):
        with translation.override(language):
            [row] = assistant.outcomes(run)
            told[language] = row.message
    assert told["en"] == "Not taken over: “kaputt”. “kaputt” is not a valid e-mail address."
    assert "kaputt" in told["de"] and told["de"] != told["en"]


def test_every_sort_of_remark_is_told_in_each_language_whoever_imported(bench):
    """Of the file, of a value, of a link, of a twin, of a key, of a rule: tried out and carried out."""
    bench.run([HEAD, ANNA])
    lines = [b"Vorname;Nachname;E-Mail;Organisation;Geburtstag", b"Anna;A;;;99.99.1999", b"Bernd;B;;;;mehr",
             b"Carla;C;x;;", b";;;;", b"Dora"]  # fmt: skip
    run = bench.run(io.BytesIO(b"\n".join(lines)), strict=True)
    again = bench.run([HEAD, ANNA], on_duplicate="skip")
    keyed = bench.run([HEAD, ANNA, ANNA], on_duplicate="create")
    for one in (run, again, keyed):
        rows = assistant.outcomes(one)
        assert rows
        for row in rows:
            said = set()
            for language in ("de", "en"):
                with translation.override(language):
                    said.add(row.message)
            assert len(said) == 2, said


def test_twins_in_file_and_base_are_left_out(bench):
    bench.run([HEAD, ANNA])
    run = bench.run([HEAD, ANNA, BERND, ["", "B.", "Wolf", "BERND@example.org", *[""] * 7]])
    assert run.counts == {"new": 1, "duplicate": 2}
    assert len(bench.titles()) == 2
    first, second = assistant.outcomes(run)
    assert first.details["title"] == "Anna Müller"
    assert first.record is not None
    assert second.details["line"] == 3
    assert second.record is None


def test_twins_can_be_made_all_the_same(bench):
    bench.run([HEAD, ANNA])
    run = bench.run([HEAD, ANNA], on_duplicate="create")
    assert run.counts == {"new": 1, "warning": 1}
    assert bench.titles() == ["Anna Müller", "Anna Müller"]


@pytest.mark.parametrize(("update", "position"), [("fill", "Chef"), ("overwrite", "Chefin")])
def test_twins_can_be_completed(bench, update, position):
    bench.run([["Vorname", "Nachname", "E-Mail", "Position"], ["Anna", "Müller", "anna@example.org", "Chef"]])
    rows = [["Vorname", "Nachname", "E-Mail", "E-Mail 2", "Position", "Abteilung"],
            ["Anna", "Müller", "anna@example.org", "a@example.net", "Chefin", "Einkauf"],
            ["Anna", "Müller", "anna@example.org", "b@example.net", "", ""]]  # fmt: skip
    run = bench.run(rows, on_duplicate="update", update=update)
    assert run.counts == {"updated": 2}
    [anna] = bench.people("emails", "position", "department")
    assert [e["value"] for e in anna["emails"]] == ["anna@example.org", "a@example.net", "b@example.net"]
    assert (anna["position"], anna["department"]) == (position, "Einkauf")
    again = bench.run(rows, on_duplicate="update", update=update)
    assert again.counts == {"unchanged": 2}


def test_tags_owner_and_custom_fields(bench, anna):
    act(anna, "kernel.customfield.create", record_type="contacts.person", name="x_shoe", label_de="Schuhgröße",
        label_en="Shoe size", kind="decimal", privacy="public")  # fmt: skip
    act(anna, "kernel.tag.create", name="VIP")
    run = bench.run([["Name", "Schlagwörter", "Verantwortlich", "Schuhgröße"],
                     ["Dr. Anna von Müller", "vip, Messe", "anna alster", "38,5"],
                     ["Bernd Wolf", "", "Niemand", "groß"]])  # fmt: skip
    [first, second] = sorted(
        bench.people("academic_title", "last_name", "tags", "owner", "x_shoe"), key=lambda r: r["title"]
    )[::-1]
    assert (first["academic_title"], first["last_name"]) == ("Dr.", "von Müller")
    assert len(first["tags"]) == 2
    assert first["owner"] == anna.member
    assert str(first["x_shoe"]) == "38.5"
    assert second["x_shoe"] is None
    assert sorted(bench.titles("kernel.tag")) == ["Messe", "VIP"]
    assert faults(run) == [(3, "warning", "x_shoe", "not_a_number"), (3, "warning", "owner", "not_found")]


def test_an_organisation_is_found_however_it_is_spelt(bench):
    bench.run([["Nachname", "Firma"], ["A", "Müller & Söhne GmbH"]])
    run = bench.run(
        [["Nachname", "Firma"], ["B", "Mueller und Soehne Gmbh"], ["C", "Müller & Söhne AG"], ["D", "MUELLER + SÖHNE"]]
    )
    assert run.counts["new"] == 3
    assert bench.titles("contacts.organisation") == ["Müller & Söhne AG", "Müller & Söhne GmbH"]


def test_a_sound_that_crowds_share_leads_to_none_of_them(bench, monkeypatch):
    monkeypatch.setattr(resolving, "_CROWD", 3)
    firms = [f"Schmitt Maschinenbau {form}" for form in ("AG", "GmbH", "KG")]
    bench.run([["Nachname", "Firma"], *([f"P{n}", name] for n, name in enumerate(firms))])
    bench.run([["Nachname", "Firma"], ["A", "Schmidt Maschinenbau"]])
    assert bench.titles("contacts.organisation") == ["Schmidt Maschinenbau", *firms]


def test_nothing_is_made_on_the_way_where_that_is_not_wanted(bench):
    run = bench.run([["Nachname", "Firma", "Tags"], ["A", "Neu GmbH", "x"]], create_links=False, create_tags=False)
    assert bench.titles("contacts.organisation") == []
    assert [code for *_x, code in faults(run)] == ["not_found", "not_found"]


def test_a_dry_run_says_the_same_and_writes_nothing(bench):
    run = bench.start([HEAD, ANNA, BERND, BERND, [*[""] * 10, "nie"]])
    report = assistant.check(run)
    assert report.counts == {"new": 2, "duplicate": 1, "error": 1}
    assert report.made == {"contacts.organisation": 1}
    assert report.total == 4
    assert [r.state for r in report.rows] == ["new", "new", "duplicate", "error"]
    assert bench.titles() == []
    assert bench.titles("contacts.organisation") == []
    assert ImportRow.objects.count() == 0
    done = assistant.commit(run)
    assert {k: n for k, n in done.counts.items() if not k.startswith("made:")} == report.counts


def test_a_dry_run_finds_twins_in_other_chunks(bench, monkeypatch):
    monkeypatch.setattr("klientel.kernel.transfer.importing.CHUNK", 1)
    run = bench.start(
        [HEAD, ANNA, *[[*BERND[:1], f"X{n}", f"Name{n}", f"x{n}@example.org", *[""] * 7] for n in range(600)], ANNA]
    )
    assert assistant.check(run).counts == {"new": 601, "duplicate": 1}


def test_rights_hold(anna, boris, cleo):
    with pytest.raises(Forbidden):
        Bench(boris).start([["Name"], ["A"]], "contacts.organisation")
    run = Bench(boris).run(
        [["Nachname", "Lebenszyklus", "Geburtstag", "Firma"], ["A", "Kunde", "1.1.1980", "Neu GmbH"]]
    )
    assert run.counts["new"] == 1
    [row] = Bench(anna).people("owner", "birthday", "organisation")
    assert (row["owner"], row["birthday"], row["organisation"]) == (boris.member, None, None)
    with pytest.raises(Missing):
        assistant.get(boris, Bench(anna).start([["Nachname"], ["A"]]).pk)
    with inside(cleo.tenant), pytest.raises(Missing):
        assistant.get(cleo, run.pk)
    with pytest.raises(Refused) as no:
        Bench(boris).run([["Nachname", "Geb"], ["A", "1.1.1980"]], mapping={"Nachname": "last_name", "Geb": "birthday"})
    assert no.value.field == "mapping"


def test_a_member_without_rights_by_now_fails_in_one_sentence(anna, tenant):
    member = make_member(
        "Max Muster", [{"record": "contacts.person", "verb": "create"}, {"record": "contacts.person", "verb": "view"}]
    )
    run = Bench(member).start([["Nachname"], ["A"]])
    act(anna, "kernel.member.change", member.member, roles=[])
    assert not ActorScope(actor_of(member.member)).may(type_of("contacts.person"), "create")
    run = assistant.commit(run)
    assert run.state == "failed"
    for language, why in (("de", "Sie dürfen dies nicht anlegen."), ("en", "You may not create this.")):
        with translation.override(language):
            assert assistant.progress(run).reason == why
    assert Bench(anna).titles() == []


def test_wrong_mappings_and_options_are_refused(bench):
    run = bench.start([["Nachname", "X"], ["A", "b"]])
    for mapping in ({"Nope": "last_name"}, {"Nachname": "id"}, {"Nachname": "created_at"}, {"X": "emails.unknown"}, {}):
        with pytest.raises(Refused) as no:
            assistant.choose(run, mapping)
        assert no.value.field == "mapping"
    for options in ({"on_duplicate": "explode"}, {"threshold": 7}, {"nonsense": 1}, {"owner": "me"}):
        with pytest.raises(Refused):
            assistant.choose(run, options=options)
    with pytest.raises(Refused):
        assistant.choose(bench.start([["X"], ["b"]], "contacts.organisation"), {"X": "industry"})


def test_the_error_file_can_be_corrected_and_imported_again(bench):
    run = bench.run([["Nachname", "E-Mail"], ["A", "a@example.org"], ["", "kaputt"], ["=cmd", "alles"]], strict=True)
    text = b"".join(assistant.error_file(run)).decode("utf-8-sig")
    head, first, second = text.splitlines()
    assert head == "Nachname;E-Mail;Klientel: line;Klientel: problem"
    assert first.startswith(";kaputt;3;")
    assert second.startswith("'=cmd;alles;4;")
    again = bench.run(io.BytesIO(text.replace("kaputt", "k@example.org").replace(";alles", ";").encode()))
    assert again.counts == {"new": 2}
    assert sorted(bench.titles()) == ["=cmd", "A", "k@example.org"]


def test_any_record_type_can_be_imported(bench, anna):
    bench.run([["Vorname", "Nachname"], ["Anna", "Müller"]])
    run = bench.run(
        [["subject", "due", "concerns"], ["Anrufen", "24.12.2026", "Anna Müller"], ["", "1.1.2027", ""]], "work.task"
    )
    assert run.counts == {"new": 1, "error": 1}
    [task] = bench.people("due", "concerns", rtype="work.task")
    assert (task["due"].isoformat()[:10], len(task["concerns"])) == ("2026-12-24", 1)
    assert [f[1:] for f in faults(run)] == [("error", "subject", "required")]


def test_what_is_no_table_gets_one_sentence(bench, settings):
    for data in (
        b"",
        b"%PDF-1.4 x",
        b"\x89PNG\r\n\x1a\n",
        b"PK\x03\x04 broken",
        b"<html><body>x</body></html>",
        b'{"a": [1]}',
    ):
        with pytest.raises(Refused) as no:
            bench.start(io.BytesIO(data))
        assert no.value.field == "file"
        assert str(no.value.message).count(".") <= 3
    assert ImportRun.objects.count() == 0
    assert [p for p in settings.KLIENTEL_FILES.rglob("*") if p.is_file()] == []


def test_naughty_cells_neither_stop_nor_leak(bench):
    cells = [
        "\x00A",
        "'; DROP TABLE x; --",
        "<script>alert(1)</script>",
        "‮gnirts",
        "=1+1",
        "😀" * 60,
        "a" * 5000,
        "\ud7ff",
        "{{7*7}}",
    ]
    run = bench.run(table([["Nachname"], *[[c] for c in cells]]))
    assert run.state == "done"
    assert run.counts["new"] + run.counts.get("error", 0) >= len(cells) - 1
    assert "<script>alert(1)</script>" in bench.titles()


def test_what_imports_know_of_a_record_can_be_told_and_forgotten(bench):
    run = bench.run([["Nachname", "E-Mail"], ["Müller", "kaputt"], ["Wolf", "auch kaputt"]])
    record = assistant.outcomes(run)[0].record
    assert [t["cells"] for t in forgetting.traces(record)] == [["Müller", "kaputt"]]
    assert forgetting.forget(record) == 1
    assert forgetting.traces(record) == []
    assert len(assistant.outcomes(run)) == 1


def test_files_and_rejected_rows_go_after_a_month(bench):
    run = bench.run([["Nachname", "E-Mail"], ["Müller", "kaputt"]])
    jobs.tidy()
    assert len(assistant.outcomes(run)) == 1
    with writing.door():
        ImportRun.objects.update(created_at=timezone.now() - dt.timedelta(days=31))
    jobs.tidy()
    assert assistant.outcomes(run) == []
    with pytest.raises(Missing):
        assistant.describe(assistant.get(bench.actor, run.pk))
