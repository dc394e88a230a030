"""Every contact file that others wrote goes through the real importer, and look-alikes of them always do."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from klientel.kernel.errors import Refused
from klientel.kernel.transfer import assistant
from klientel.lib.tests.given import given, given_files

FOLDERS = ("crm_export_fixtures", "crm_csv_torture", "crm_xlsx_messy", "crm_vcards")
ENDINGS = (".csv", ".tsv", ".psv", ".ssv", ".txt", ".xls", ".xlsx", ".xlsm", ".ods", ".vcf")
#: column -> where it must lead, in files of address books
MUST = {
    "atomic_crm/test-data/contacts.csv": {"first_name": "first_name", "company": "organisation",
                                          "email_work": "emails.work", "title": "position", "tags": "tags"},
    "roundcube_csv/gmail.csv": {"E-mail 4 - Value": "emails.4", "E-mail 4 - Type": "emails.4.purpose",
                                "Address 1 - Postal Code": "addresses.1.postcode", "Given Name": "first_name"},
    "roundcube_csv/all.csv": {"Home Street": "addresses.private.street", "Business Phone 2": "phones.work2",
                              "Job Title": "position", "Birthday": "birthday"},
    "roundcube_csv/outlook.csv": {"E-mail Address": "emails", "E-mail 2 Address": "emails.2"},
    "listmonk/subs.csv": {"email": "emails", "name": "full_name"},
    "LeadBundle/DataFixtures/ORM/fakeleaddata.csv": {"title": "academic_title", "zipcode": "addresses.1.postcode"},
}  # fmt: skip


def all_files() -> list[Path]:
    return [p for p in given_files(*FOLDERS) if p.suffix.lower() in ENDINGS]


def test_every_file_is_imported_or_refused_in_one_sentence(bench):
    files = all_files()
    if not files:
        pytest.skip("the shared test files are not there: set KLIENTEL_SHARED_DATA")
    taken = 0
    for path in files:
        try:
            run = bench.start(str(path))
        except Refused as no:
            assert no.field == "file", path
            assert str(no.message)[-1] in ".”", path
            continue
        if not run.mapping:
            continue
        report = assistant.check(run)
        assert sum(n for state, n in report.counts.items() if state not in ("likely", "warning")) == report.total, path
        for row in report.rows:
            assert row.state != "error" or row.faults, (path, row.line)
        taken += 1
    assert taken > 60


@pytest.mark.parametrize("name", MUST)
def test_columns_of_address_books_are_recognised(bench, name):
    folder = given("crm_export_fixtures")
    path = next(p for p in folder.rglob("*") if str(p).endswith(name))
    run = bench.start(str(path))
    assert {c: run.mapping.get(c) for c in MUST[name]} == MUST[name]
    assert assistant.commit(run).counts["new"] > 0


def test_vcards_of_every_sender(bench):
    files = sorted(given("crm_vcards").rglob("*.vcf"))
    for path in files:
        try:
            run = bench.run(str(path), on_duplicate="create")
        except Refused as no:
            assert no.field in ("file", "mapping"), path
            continue
        assert run.state == "done", path
    assert len(bench.titles()) > 25


def test_german_companies(bench):
    lines = (given("crm_companies_de") / "companies.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines[:600]]
    head = ["Firma", "Adresse", "Telefon", "Fax", "E-Mail", "Webseite", "Kategorien"]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(head)
    for r in records:
        writer.writerow([r["name"], *(r.get(k, "") for k in ("address", "phone", "fax", "email", "web")),
                         ", ".join(r.get("categories", []))])  # fmt: skip
    run = bench.run(io.BytesIO(text.getvalue().encode("cp1252", "replace")), "contacts.organisation")
    assert run.mapping["Adresse"] == "addresses"
    assert run.counts["new"] > 500
    assert run.counts.get("error", 0) < 5
    rows = bench.people("addresses", "phones", "emails", rtype="contacts.organisation")
    placed = [r for r in rows if any(a["postcode"] for a in r["addresses"])]
    assert len(placed) > len(rows) * 0.6


LOOKALIKES = {
    "outlook": (
        "Vorname,Nachname,Firma,E-Mail-Adresse,Telefon geschäftlich,Mobiltelefon,Straße geschäftlich,"
        "Ort geschäftlich,Postleitzahl geschäftlich,Geburtstag\n"
        "Anna,Beispiel,Muster GmbH,a@example.org,030 5000001,0171 5000001,Weg 1,Berlin,10115,1.2.1980\n", "cp1252"),
    "google": (
        "Name,Given Name,Family Name,E-mail 1 - Type,E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value,"
        "Organization 1 - Name,Address 1 - Type,Address 1 - Street,Address 1 - City,Address 1 - Postal Code\n"
        "Anna Beispiel,Anna,Beispiel,* Work,a@example.org,Mobile,+49 171 5000001,Muster GmbH,"
        "Work,Weg 1,Berlin,10115\n", "utf-16"),
    "hand": (
        "Kundenliste;;;\n;;;\nName;Telefon;Mail;PLZ / Ort\n"
        "Frau Dr. Anna Beispiel;030/5000001;a@example.org;\n", "utf-8-sig"),
    "thunderbird": (
        "First Name\tLast Name\tPrimary Email\tMobile Number\tOrganization\n"
        "Anna\tBeispiel\ta@example.org\t0171-5000001\tMuster GmbH\n", "utf-8"),
}  # fmt: skip


@pytest.mark.parametrize("kind", LOOKALIKES)
def test_look_alikes(bench, kind):
    text, encoding = LOOKALIKES[kind]
    run = bench.run(io.BytesIO(text.encode(encoding)))
    assert run.counts["new"] == 1
    assert not run.counts.get("warning")
    [anna] = bench.people("first_name", "last_name", "emails", "phones")
    assert (anna["first_name"], anna["last_name"]) == ("Anna", "Beispiel")
    assert [e["value"] for e in anna["emails"]] == ["a@example.org"]
    assert anna["phones"]
