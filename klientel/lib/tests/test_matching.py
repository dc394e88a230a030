import csv
from collections import defaultdict
from itertools import combinations

from klientel.lib.matching import match_keys_organisation, match_keys_person, score_organisation, score_person
from klientel.lib.tests.given import given


def test_twins_meet_under_a_key() -> None:
    keys = set(
        match_keys_person(first_name="Jörg", last_name="Müller", emails=["J@Acme.de"], phones=["+4930123456;ext=1"])
    )
    assert {"e:j@acme.de", "p:+4930123456"} <= keys
    for first, last in (("Joerg", "Mueller"), ("Jorg", "Möller"), ("Müller", "Jörg"), ("J.", "Müller-Lüdenscheidt")):
        assert keys & set(match_keys_person(first_name=first, last_name=last))
    assert not keys & set(match_keys_person(first_name="Anna", last_name="Schmidt"))
    assert match_keys_person() == []


def test_organisations_meet_under_a_key() -> None:
    keys = match_keys_organisation(
        name="Müller & Söhne GmbH", urls=["https://www.mueller.de"], emails=["a@gmail.com"], vat_id="DE136695976"
    )
    assert {"o:mullersohne", "d:mueller.de", "v:DE136695976", "e:a@gmail.com"} <= set(keys)
    assert set(keys) & set(match_keys_organisation(name="Mueller und Soehne KG"))
    assert "d:gmail.com" not in keys


def test_scores_of_persons() -> None:
    anna = {"first_name": "Anna", "last_name": "Müller", "emails": ["anna@acme.de"], "birthday": "1980-01-02"}
    same = score_person(anna, {"first_name": "Anna", "last_name": "Mueller", "emails": ["ANNA@acme.de"]})
    assert same[0] > 0.95
    assert same[1] == ["name", "email"]
    assert score_person(anna, {"first_name": "Anna", "last_name": "Müller"})[0] > 0.6
    other = score_person(anna, {"first_name": "Anna", "last_name": "Müller", "birthday": "1955-11-30"})
    assert other[0] < 0.2
    assert "against_birthday" in other[1]
    assert score_person(anna, {"first_name": "Boris", "last_name": "Schmidt"})[0] < 0.01
    assert score_person({}, {}) == score_person({}, {})
    assert "swapped_name" in score_person(anna, {"first_name": "Müller", "last_name": "Anna"})[1]


def test_scores_of_organisations() -> None:
    acme = {"name": "Acme Werkzeuge GmbH", "urls": ["https://acme.de"], "postcode": "10115"}
    assert score_organisation(acme, {"name": "ACME Werkzeuge G.m.b.H.", "urls": ["acme.de"]})[0] > 0.9
    differing = score_organisation(acme, {"name": "Acme Werkzeuge AG"})
    assert "legal_form" in differing[1]
    assert differing[0] < score_organisation(acme, {"name": "Acme Werkzeuge"})[0]
    assert score_organisation(acme, {"name": "Bäckerei Schmidt"})[0] < 0.01


def test_known_german_duplicates_are_found_without_false_alarm() -> None:
    folder = given("dup_rldata_de")
    with (folder / "RLdata500.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    truth = (folder / "identity.RLdata500.csv").read_text(encoding="utf-8").split()[1:]
    people = [
        {
            "first_name": f"{row['fname_c1']} {row['fname_c2']}".strip(),
            "last_name": f"{row['lname_c1']} {row['lname_c2']}".strip(),
            "birthday": f"{int(row['by']):04}-{int(row['bm']):02}-{int(row['bd']):02}",
        }
        for row in rows
    ]
    blocks = defaultdict(list)
    for number, person in enumerate(people):
        for key in match_keys_person(**person):
            blocks[key].append(number)
    pairs = {pair for block in blocks.values() for pair in combinations(block, 2)}
    found = {pair for pair in pairs if score_person(people[pair[0]], people[pair[1]])[0] >= 0.7}
    right = {pair for pair in found if truth[pair[0]] == truth[pair[1]]}
    assert len(right) >= 45
    assert len(right) == len(found)
