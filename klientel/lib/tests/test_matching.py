import csv
from collections import defaultdict
from itertools import combinations

import pytest

from klientel.lib.matching import (
    Commonness,
    Day,
    Domains,
    Emails,
    Evidence,
    FirmName,
    Matching,
    Number,
    PersonName,
    Phones,
    Places,
    summed,
)
from klientel.lib.matching.groups import grouped
from klientel.lib.matching.places import compare_places, read_place
from klientel.lib.tests.given import given

PERSON = Matching(
    (
        PersonName("first_name", "last_name"),
        Emails("emails"),
        Phones("phones"),
        Day("birthday"),
        Places("addresses"),
        Domains("", "emails", person=True),
    )
)
FIRM = Matching(
    (
        FirmName("name"),
        Number("vat_id"),
        Emails("emails", person=False),
        Phones("phones", person=False),
        Domains("website", "emails"),
        Places("addresses"),
    )
)


def keys(matching: Matching, **values: object) -> set[str]:
    return set(matching.keys(matching.profile(values.get)))


def likely(matching: Matching, left: dict[str, object], right: dict[str, object]) -> float:
    return matching.score(matching.profile(left.get), matching.profile(right.get))[0]


def reasons(matching: Matching, left: dict[str, object], right: dict[str, object]) -> list[str]:
    return matching.score(matching.profile(left.get), matching.profile(right.get))[1]


def compared(left: dict[str, object], right: dict[str, object]) -> list[Evidence]:
    return PERSON.compare(PERSON.profile(left.get), PERSON.profile(right.get))


def test_twins_meet_under_a_key() -> None:
    mine = keys(PERSON, first_name="Jörg", last_name="Müller", emails=["J@Acme.de"], phones=["+4930123456;ext=1"])
    assert {"e:j@acme.de", "p:+4930123456"} <= mine
    for first, last in (("Joerg", "Mueller"), ("Jorg", "Möller"), ("Müller", "Jörg"), ("J.", "Müller-Lüdenscheidt")):
        assert mine & keys(PERSON, first_name=first, last_name=last), (first, last)
    assert not mine & keys(PERSON, first_name="Anna", last_name="Schmidt")
    assert keys(PERSON) == set()


def test_organisations_meet_under_a_key() -> None:
    mine = keys(
        FIRM, name="Müller & Söhne GmbH", website="https://www.mueller.de", emails=["a@gmail.com"], vat_id="DE136695976"
    )
    assert {"o:mullersohne", "d:mueller.de", "v:vat_id:de136695976", "e:a@gmail.com"} <= mine
    assert mine & keys(FIRM, name="Mueller und Soehne KG")
    assert "d:gmail.com" not in mine


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("Anna", "Müller-Lüdenscheidt"), ("Anna", "Mueller Luedenscheidt")),
        (("Hans", "von der Heide"), ("Hans", "Heide")),
        (("Dr. Hans", "Weißbäcker"), ("Hans", "Weissbaecker")),
        (("Robert", "Zwingenberger"), ("Bob", "Zwingenberger")),
        (("Katharina", "Zwingenberger"), ("Kathi", "Zwingenberger")),
        (("Zwingenberger", "Katharina"), ("Katharina", "Zwingenberger")),
        (("Stephan", "Rohrmoser"), ("Stefan", "Rohrmoser")),
        (("Annika", "Rohrmoser"), ("Annika", "Rohrmooser")),
    ],
)
def test_spellings_of_a_rare_name_are_one_person_and_another_first_name_is_not(
    left: tuple[str, str], right: tuple[str, str]
) -> None:
    one, two = ({"first_name": a, "last_name": b} for a, b in (left, right))
    assert likely(PERSON, one, two) >= 0.5, (left, right)
    assert likely(PERSON, one, two | {"first_name": "Xaver"}) < 0.05


def test_a_rare_name_says_more_than_a_common_one() -> None:
    common, rare = ({"first_name": "Thomas", "last_name": name} for name in ("Müller", "Zwingenberger"))
    assert likely(PERSON, common, common) < 0.5 < likely(PERSON, rare, rare)
    matching, profile = PERSON, PERSON.profile(rare.get)
    many = Commonness(100_000, {"family": {"zwingenberger": 3000}, "given": {"thomas": 4000}})
    assert summed(matching.compare(profile, profile, many), 100_000) < 0.1


def test_scores_of_persons() -> None:
    anna = {"first_name": "Anna", "last_name": "Müller", "emails": ["anna@acme.de"], "birthday": "1980-01-02"}
    same = {"first_name": "Anna", "last_name": "Mueller", "emails": ["ANNA@acme.de"]}
    assert likely(PERSON, anna, same) > 0.98
    assert reasons(PERSON, anna, same) == ["same_email", "same_name"]
    other = {"first_name": "Anna", "last_name": "Müller", "birthday": "1955-11-30"}
    assert likely(PERSON, anna, other) < 0.05
    assert "other_birthday" in reasons(PERSON, anna, other)
    assert likely(PERSON, anna, {"first_name": "Boris", "last_name": "Schmidt"}) < 0.001
    assert likely(PERSON, {}, {}) < 0.001
    assert "swapped_name" in reasons(PERSON, anna, {"first_name": "Müller", "last_name": "Anna"})
    father = {"first_name": "Karl", "last_name": "Zwingenberger sen."}
    assert likely(PERSON, father, {"first_name": "Karl", "last_name": "Zwingenberger jun."}) < 0.1
    assert likely(PERSON, anna, same) == likely(PERSON, same, anna)


def test_one_name_in_the_place_of_the_other_speaks_no_more_against_it_and_never_for_it() -> None:
    one, two = {"first_name": "Riley", "last_name": "Gloster"}, {"first_name": "Gloster", "last_name": "Mia"}
    assert [(e.code, e.bits) for e in compared(one, two)] == [("half_swapped_name", 0.0)]
    assert compared(two, one) == compared(one, two)
    born = {"birthday": "1959-01-24", "addresses": [{"street": "Farrerweg", "city": "Ulm"}]}
    third = {"first_name": "Max", "last_name": "Haug"}
    assert likely(PERSON, one | born, two | born) > 0.9 > 0.3 > likely(PERSON, one | born, third | born)
    thomas, peter = {"first_name": "Thomas", "last_name": "Peter"}, {"first_name": "Anna", "last_name": "Thomas"}
    assert -12.0 < sum(e.bits for e in compared(thomas, peter)) < -2.0


def test_a_slip_in_the_postcode_or_the_town_leaves_nearly_the_same_place() -> None:
    def bits(left: tuple[str, str], right: tuple[str, str]) -> float:
        one, two = (read_place("", code, town) for code, town in (left, right))
        return sum(e.bits for e in compare_places((one,), (two,)))

    same, other = bits(("26721", "Emden"), ("26721", "Emden")), bits(("26721", "Emden"), ("26721", "Jever"))
    assert other < bits(("26721", "Emden"), ("26712", "Emden")) < same
    assert other < bits(("26721", "Emden"), ("26721", "Emdne")) < same
    assert bits(("26721", "Emden"), ("26725", "Emden")) == other
    assert bits(("26721", "Black Rock"), ("26712", "Blackrock")) > bits(("26721", "Emden"), ("26712", "Jever"))


def test_a_shared_office_address_is_no_proof() -> None:
    one = {"first_name": "Petra", "last_name": "Ohlsen", "emails": ["info@acme.de"], "phones": ["+4930123456"]}
    two = {"first_name": "Jan", "last_name": "Wittek", "emails": ["info@acme.de"], "phones": ["+4930123456"]}
    assert likely(PERSON, one, two) < 0.05


def test_an_address_made_of_the_name_at_another_firm_says_nothing_beyond_the_name() -> None:
    one = {"first_name": "Leander", "last_name": "Schäfer", "emails": ["leander.schaefer@pflege-nord.example"]}
    two = {**one, "emails": ["leander.schaefer@sprachschule-sued.example"]}
    nick = [{**each, "emails": [f"sommerwind77@{n}.example"]} for n, each in enumerate((one, two))]
    slip = {**one, "emails": ["leander.schaefer@pflege-nrod.example"]}
    assert "similar_email" not in reasons(PERSON, one, two)
    assert likely(PERSON, one, two) < 0.85 < likely(PERSON, *nick)
    assert likely(PERSON, one, slip) > 0.95


def test_scores_of_organisations() -> None:
    acme = {"name": "Acme Werkzeuge GmbH", "website": "https://acme.de", "addresses": [{"postcode": "10115"}]}
    assert likely(FIRM, acme, {"name": "ACME Werkzeuge G.m.b.H.", "website": "acme.de"}) > 0.9
    differing = {"name": "Acme Werkzeuge AG"}
    assert "other_legal_form" in reasons(FIRM, acme, differing)
    assert likely(FIRM, acme, differing) < likely(FIRM, acme, {"name": "Acme Werkzeuge"})
    assert likely(FIRM, acme, {"name": "Bäckerei Schmidt"}) < 0.01
    assert likely(FIRM, {"name": "Alpha Fonds II"}, {"name": "Alpha Fonds III"}) < 0.1
    assert likely(FIRM, {"name": "A", "vat_id": "DE136695976"}, {"name": "Beta", "vat_id": "DE136695976"}) > 0.5


def test_streets_are_compared_without_their_abbreviations() -> None:
    one = read_place("Lange Straße 5", "10115", "Berlin")
    assert [e.code for e in compare_places((one,), (read_place("Lange Str. 5", "10115", "Berlin"),))] == [
        "same_town",
        "same_house",
    ]
    assert [e.code for e in compare_places((one,), (read_place("Kurze Gasse 9", "80331", "München"),))] == [
        "other_town",
        "other_street",
    ]


def test_a_bare_name_does_not_chain_two_people_into_one_group() -> None:
    pairs = {("bare", "anna of acme"): 4.0, ("bare", "anna of beta"): 4.0}
    assert len(grouped(pairs, lambda _a, _b: -25.0, least=-10.0)) == 1
    [group] = grouped(pairs, lambda _a, _b: -25.0, least=-10.0)
    assert len(group) == 2
    assert len(grouped(pairs, lambda _a, _b: 3.0, least=-10.0)[0]) == 3
    assert grouped(pairs, lambda _a, _b: 3.0, [("bare", "anna of acme"), ("bare", "anna of beta")]) == []


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
    profiles = [PERSON.profile(person.get) for person in people]
    blocks = defaultdict(list)
    for number, profile in enumerate(profiles):
        for key in PERSON.keys(profile):
            blocks[key].append(number)
    pairs = {pair for block in blocks.values() for pair in combinations(block, 2)}
    found = {p for p in pairs if PERSON.score(profiles[p[0]], profiles[p[1]], size=len(people))[0] >= 0.5}
    right = {pair for pair in found if truth[pair[0]] == truth[pair[1]]}
    assert len(right) == 50
    assert len(right) == len(found)


def test_a_street_that_stands_in_the_further_line_is_the_same_street():
    one = read_place("Stone Place 42", "2324", "North Rocks", more="Medical Centre")
    two = read_place("Medical Centre 42", "2324", "North Rocks", more="Stoneplace")
    assert {e.code for e in compare_places((one,), (two,))} >= {"same_town", "same_house"}
    other = read_place("Hill Road 42", "2324", "North Rocks", more="Villa Maria")
    assert "other_street" in {e.code for e in compare_places((one,), (other,))}
