import csv
import io
import json
import random
from datetime import date
from decimal import Decimal

import pytest

from klientel.lib.tables import open_table
from klientel.lib.tables.mapping import Facet, facet, guess
from klientel.lib.tables.writing import csv_chunks, csv_columns, guard, json_lines, unguard
from klientel.lib.tests.given import given

TARGETS: dict[str, tuple[str, ...]] = {
    "salutation": ("Anrede",), "title": ("Titel",), "first_name": ("Vorname",), "last_name": ("Nachname",),
        "organisation": ("Firma",),
    "job_title": ("Position",), "email": ("E-Mail",), "email 2": ("E-Mail 2",), "phone": ("Telefon",),
        "mobile": ("Mobil",),
    "birthday": ("Geburtstag",), "note": ("Notiz",), "website": ("Webseite",),
        "addresses.work.street": ("Straße geschäftlich",),
    "addresses.work.city": ("Ort geschäftlich",), "addresses.work.postcode": ("PLZ geschäftlich",),
        "addresses.home.street": (), "country": ("Land",),
}  # fmt: skip


@pytest.mark.parametrize(("header", "meant"), [
    ("E-Mail 1 - Value", Facet("email")), ("Straße geschäftlich", Facet("street", "work")), ("Business Street",
    Facet("street", "work")),
    ("Mobiltelefon", Facet("mobile")), ("Telefon geschäftlich 2", Facet("phone", "work", 2)), ("emailAddress",
    Facet("email")),
    ("Home Phone 2", Facet("phone", "home", 2)), ("Ort privat", Facet("city", "home")), ("E-mail 1 - Type", Facet()),
    ("Foo", Facet()),
    ("Given Name", Facet("first_name")), ("E-mail Address", Facet("email")), ("Firma", Facet("organisation")),
    ("Company", Facet("organisation")),
])  # fmt: skip
def test_headers_say_what_they_mean(header: str, meant: Facet) -> None:
    assert facet(header) == meant


def test_outlook_in_german_and_english_is_mapped() -> None:
    german = ["Anrede", "Vorname", "Nachname", "Firma", "Straße geschäftlich", "Ort geschäftlich",
    "Postleitzahl geschäftlich",
              "Telefon geschäftlich", "Mobiltelefon", "E-Mail-Adresse", "Geburtstag", "Notizen",
              "Straße privat"]  # fmt: skip
    assert guess(german, [], TARGETS) == {
        "Anrede": "salutation", "Vorname": "first_name", "Nachname": "last_name", "Firma": "organisation",
        "Straße geschäftlich": "addresses.work.street", "Ort geschäftlich": "addresses.work.city",
        "Postleitzahl geschäftlich": "addresses.work.postcode", "Telefon geschäftlich": "phone",
        "Mobiltelefon": "mobile",
        "E-Mail-Adresse": "email", "Geburtstag": "birthday", "Notizen": "note",
        "Straße privat": "addresses.home.street",
    }  # fmt: skip
    english = [
        "First Name",
        "Last Name",
        "Company",
        "Business Street",
        "Business Postal Code",
        "Mobile Phone",
        "E-mail Address",
        "E-mail 2 Address",
    ]
    assert list(guess(english, [], TARGETS).values()) == [
        "first_name", "last_name", "organisation", "addresses.work.street", "addresses.work.postcode", "mobile",
        "email", "email 2",
    ]  # fmt: skip


def test_values_speak_where_headers_are_silent() -> None:
    rows = [["a@b.de", "030 123456", "10115"], ["c@d.de", "040 99887", "20095"]]
    assert guess(["A", "B", "C"], rows, {"email": (), "phone": (), "postcode": ()}) == {
        "A": "email",
        "B": "phone",
        "C": "postcode",
    }
    assert guess(["E-Mail"], [["ja"], ["nein"]], {"note": ()}) == {}


@pytest.mark.parametrize(("place", "expected"), [
    ("roundcube_csv/gmail.csv", {"Given Name": "first_name", "Family Name": "last_name", "E-mail 1 - Value": "email",
    "Phone 1 - Value": "phone"}),
    ("roundcube_csv/tb_plain.csv", {"First Name": "first_name", "Primary Email": "email", "Mobile Number": "mobile",
    "Organization": "organisation"}),
    ("roundcube_csv/all.csv", {"Company": "organisation", "Business Street": "addresses.work.street",
    "Email Work": "email"}),
    ("mautic/app/bundles/LeadBundle/DataFixtures/ORM/fakeleaddata.csv", {"firstname": "first_name", "email": "email",
    "phone": "phone"}),
])  # fmt: skip
def test_real_exports_are_mapped(place: str, expected: dict[str, str]) -> None:
    table = open_table(given(f"crm_export_fixtures/{place}"), place)
    found = guess(table.columns, table.sample(), TARGETS)
    assert {column: found.get(column) for column in expected} == expected


def test_formulas_are_guarded_and_come_back() -> None:
    assert [guard(text) for text in ("=1+1", "+49 30", "@x", "-5", "-1,5", "-x", "a", "'=x", "'tis")] == [
        "'=1+1", "'+49 30", "'@x", "-5", "-1,5", "'-x", "a", "''=x", "'tis",
    ]  # fmt: skip
    dice = random.Random(1)
    for _round in range(3000):
        text = "".join(dice.choice("'=+-@\t\ra1,") for _n in range(dice.randrange(7)))
        assert unguard(guard(text)) == text


@pytest.mark.parametrize(("delimiter", "mark"), [(";", True), (",", False)])
def test_csv_is_read_back_exactly(delimiter: str, mark: bool) -> None:
    rows = [["=cmd", 'Jörg; "X"\nZeile', "+4930"], ["'=", "-5", "ü,ä"]]
    data = b"".join(csv_chunks(["a", "=b", "c"], rows, delimiter=delimiter, mark=mark))
    assert data.startswith(b"\xef\xbb\xbf") is mark
    table = open_table(io.BytesIO(data), "x.csv")
    assert table.delimiter == delimiter
    assert [cells for _line, cells in table.rows()] == rows
    shown = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))
    assert shown[0] == ["a", "'=b", "c"]


def test_values_are_written_as_machines_write_them() -> None:
    values = [None, True, Decimal("1E+3"), date(2026, 11, 21)]
    assert b"".join(csv_chunks(list("abcd"), [values], mark=False)) == b"a;b;c;d\r\n;true;1000;2026-11-21\r\n"
    assert json.loads(next(json_lines(["a", "b"], [[Decimal("1.5"), "ü"]]))) == {"a": "1.5", "b": "ü"}


def test_writing_streams() -> None:
    pieces = csv_chunks(["n"], ([str(number)] for number in range(200_000)))
    assert sum(1 for _piece in pieces) > 10


def test_whole_columns_are_written_as_the_rows_would_be():
    some = [
        "",
        "a",
        "=1",
        "-5",
        "-5,3",
        "'x",
        "''=1",
        ";",
        "x;y",
        'q"q',
        "l\nb",
        "c\rd",
        "＝x",
        "+49 1",
        None,
        "\tx",
        "\x1f=1",
        "-5\x1fx",
        "-5\n",
        "-5\n=1",
        "--1",
        "'-5",
    ]
    chance = random.Random(7)
    for _ in range(300):
        high, wide = chance.randint(0, 5), chance.randint(2, 4)
        columns = [[chance.choice(some) for _ in range(high)] for _ in range(wide)]
        harmless = [chance.random() < 0.3 for _ in columns]
        buffer = io.StringIO()
        safe = [c if plain else [guard(t or "") for t in c] for c, plain in zip(columns, harmless, strict=True)]
        csv.writer(buffer, delimiter=";", lineterminator="\r\n").writerows(zip(*safe, strict=True))
        assert csv_columns(columns, harmless=harmless) == buffer.getvalue()


def test_in_a_list_of_firms_the_name_is_the_firm_s_and_the_contact_the_person() -> None:
    targets = TARGETS | {"full_name": ("Name",)}
    for columns, mapping in (
        (["Name 1", "Name 2", "Ansprechpartner"], {"Name 1": "organisation", "Ansprechpartner": "full_name"}),
        (["Name", "Kontaktperson"], {"Name": "organisation", "Kontaktperson": "full_name"}),
        (["Name", "Firma", "Kontakt"], {"Name": "full_name", "Firma": "organisation"}),
        (["Name", "Vorname"], {"Name": "full_name", "Vorname": "first_name"}),
        (["first", "last"], {"first": "first_name", "last": "last_name"}),
    ):
        assert guess(columns, [["Wolf"] * len(columns)], targets) == mapping
    assert guess(["Name", "Ansprechpartner"], [["a", "b"]], {"name": ("Name",)}) == {"Name": "name"}
