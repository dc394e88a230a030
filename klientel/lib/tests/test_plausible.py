"""Whether a postcode lies where the place lies, held against all postcodes of DE, AT, CH and LI."""

import json
import zipfile

import pytest

from klientel.lib import plausible
from klientel.lib.tests.given import given


@pytest.mark.parametrize("country", ["DE", "AT", "CH", "LI"])
def test_no_place_is_doubted_under_its_own_postcode(country: str) -> None:
    with zipfile.ZipFile(given(f"crm_plz_dach/{country}.zip")) as packed:
        rows = json.loads(packed.read(f"zipcodes.{country.lower()}.json"))
    wrong = [
        (r["zipcode"], r["place"])
        for r in rows
        if not plausible.postcode_fits(r["zipcode"], country)
        or not plausible.place_fits(r["zipcode"], r["place"], country)
    ]
    assert wrong == []


@pytest.mark.parametrize(("postcode", "city", "country"), [
    ("80331", "Hamburg", "DE"), ("20095", "Halle (Saale)", "DE"), ("01067", "Moers", "DE"), ("10115", "Neu-Ulm", "DE"),
    ("1010", "St. Pölten", "AT"), ("1010", "Sankt Pölten", "AT"), ("8001", "St. Gallen", "CH"),
    ("3000", "Genève", "CH"), ("9490", "Schaan", "LI"),
])  # fmt: skip
def test_a_town_under_the_postcode_of_another_is_doubted(postcode: str, city: str, country: str) -> None:
    assert not plausible.place_fits(postcode, city, country)
    assert plausible.place_fits("", city, country)


def test_what_is_not_known_is_never_doubted() -> None:
    assert plausible.place_fits("99999", "Hintertupfingen", "DE")
    assert plausible.place_fits("99999", "Berlin", "FR")
