import json

import pytest

from klientel.lib.legal_forms import core_name, legal_form
from klientel.lib.names import PersonName, full_name, salutation_key, sort_name, split_name, tidy_name
from klientel.lib.tests.given import given


@pytest.mark.parametrize(("full", "parts"), [
    ("Herr Prof. Dr. med. Hans-Peter von der Heide jun.", ("mr", "Prof. Dr. med.", "Hans-Peter", "von der Heide",
    "jun.")),
    ("von der Heide, Hans-Peter", ("", "", "Hans-Peter", "von der Heide", "")),
    ("Heide, Hans-Peter von der", ("", "", "Hans-Peter", "von der Heide", "")),
    ("Frau Müller", ("ms", "", "", "Müller", "")),
    ("Müller", ("", "", "", "Müller", "")),
    ("Dr. Müller", ("", "Dr.", "", "Müller", "")),
    ("Anna Lena Schmidt", ("", "", "Anna Lena", "Schmidt", "")),
    ("Dipl.-Ing. (FH) Karl Huber", ("", "Dipl.-Ing. (FH)", "Karl", "Huber", "")),
    ("Otto Graf Lambsdorff", ("", "", "Otto", "Graf Lambsdorff", "")),
    ("John Smith, PhD", ("", "", "John", "Smith", "PhD")),
    ("Di Maria, Angel", ("", "", "Angel", "Di Maria", "")),
    ("Herr und Frau Meier", ("family", "", "", "Meier", "")),
    ("", ("", "", "", "", "")),
])  # fmt: skip
def test_a_full_name_falls_into_its_parts(full: str, parts: tuple[str, ...]) -> None:
    assert split_name(full) == PersonName(*parts)


def test_salutations_are_known_by_many_words() -> None:
    assert [salutation_key(word) for word in ("Herr", "Mrs.", "divers", "Familie", "mr", "?")] == [
        "mr", "ms", "mx", "family", "mr", "",
    ]  # fmt: skip


def test_names_in_capitals_are_tidied_and_mixed_ones_left() -> None:
    assert tidy_name("MÜLLER-LÜDENSCHEIDT") == "Müller-Lüdenscheidt"
    assert tidy_name("VON DER HEIDE") == "von der Heide"
    assert tidy_name(" McDonald ") == "McDonald"
    assert full_name(title="Dr.", last_name="Müller") == "Dr. Müller"
    assert sort_name("von der Heide", "Änne") == "heide anne"


@pytest.mark.parametrize(("name", "core", "form"), [
    ("Müller GmbH & Co. KG", "Müller", "GmbH & Co. KG"), ("ACME G.m.b.H.", "ACME", "GmbH"), ("Foo e. V.", "Foo",
    "e.V."),
    ("Bar UG (haftungsbeschränkt)", "Bar", "UG (haftungsbeschränkt)"), ("Volvo AB", "Volvo", "AB"), ("Foo, Inc.",
    "Foo", "Inc."),
    ("Treffpunkt ab", "Treffpunkt ab", ""), ("GmbH", "GmbH", ""), ("Amazon EU S.à r.l.", "Amazon EU", "S.à r.l."),
    ("mobilcom-debitel GmbH und Co KG", "mobilcom-debitel", "GmbH & Co. KG"), ("XY Verwaltungs-GmbH", "XY Verwaltungs",
    "GmbH"),
    ("Rossmann GmbH Niederlassung Berlin", "Rossmann Niederlassung Berlin", "GmbH"), ("Axel Springer SE",
    "Axel Springer", "SE"),
    ("Hilfe gGmbH", "Hilfe", "gGmbH"), ("Bio eG", "Bio", "eG"), ("Zwei GbR", "Zwei", "GbR"), ("Max Muster e.K.",
    "Max Muster", "e.K."),
    ("Volksbank eingetragene Genossenschaft", "Volksbank", "eG"), ("X OHG", "X", "OHG"), ("X Ltd", "X", "Ltd."),
    ("X S.A.", "X", "S.A."),
])  # fmt: skip
def test_legal_forms_part_from_the_name(name: str, core: str, form: str) -> None:
    assert legal_form(name) == (core, form)


def test_organisations_meet_whatever_their_form() -> None:
    assert core_name("Müller & Söhne GmbH") == core_name("Mueller und Soehne KG") == "muller sohne"


def test_real_company_names_keep_a_core_and_find_their_forms() -> None:
    lines = given("crm_companies_de/companies.jsonl").read_text(encoding="utf-8").splitlines()
    names = [
        record["name"] for record in map(json.loads, lines) if record.get("_kind") == "company" and record.get("name")
    ]
    found = [legal_form(name) for name in names]
    assert len(names) > 2000
    assert all(core for core, _form in found)
    missed = [name for name, (_core, form) in zip(names, found, strict=True) if "GmbH" in name and not form]
    assert missed == []
    assert sum(1 for _core, form in found if form) / len(names) > 0.6
