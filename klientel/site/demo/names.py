"""Seeded, made-up contacts as Germany, Austria and Switzerland have them. The same seed makes the same people.

Addresses of mail end in domains that RFC 2606 sets aside, telephone numbers lie in the ranges that the
Bundesnetzagentur keeps free for films. Nobody of these lives anywhere; likeness to the living is chance.
"""

from __future__ import annotations

import datetime as dt
import random
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from klientel.lib.words import fold
from klientel.site.demo.words_of import lines, words

#: area code and how many digits follow, of numbers that belong to nobody
LANDLINES = (("03023125", 3), ("04066969", 3), ("06990009", 3), ("02214710", 3), ("08999998", 3))
MOBILES = (("017139200", 2), ("017604069", 2))
DOMAINS = ("example.org", "example.com", "example.net")
PARTICLES = ("von", "von der", "zu", "vom", "van", "von und zu", "de", "freiherr von", "ter")
TITLES = ("Dr.", "Dr.", "Dr.", "Prof. Dr.", "Dipl.-Ing.", "Mag.", "Dr. med.", "Dr.-Ing.", "Prof.")
FORMS = {
    "DE": (
        "GmbH",
        "GmbH",
        "GmbH",
        "GmbH & Co. KG",
        "AG",
        "KG",
        "OHG",
        "e.K.",
        "UG (haftungsbeschränkt)",
        "SE",
        "GbR",
        "eG",
    ),
    "AT": ("GmbH", "Ges.m.b.H.", "KG", "e.U.", "AG"),
    "CH": ("AG", "GmbH", "Sàrl", "Genossenschaft"),
    "DK": ("ApS", "A/S"),
}
CIVIL = {"association": ("e. V.", "gGmbH"), "public": ("AöR", ""), "education": ("gGmbH", "GmbH", "e. V.")}
SOURCES = (
    "Empfehlung",
    "Messe Hannover",
    "Website",
    "Telefon",
    "Nachbarschaft",
    "Ausschreibung",
    "Bestandskunde",
    "Post",
)


@dataclass(frozen=True)
class Place:
    """A postcode and its town."""

    country: str
    postcode: str
    city: str


_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "ł": "l", "ı": "i", "đ": "d"})


def plain(text: str) -> str:
    """A name as it stands in addresses: letters a to z, digits, hyphens."""
    spelt = unicodedata.normalize("NFKD", text.lower().translate(_SPELT))
    return re.sub(r"[^a-z0-9]+", "-", "".join(c for c in spelt if not unicodedata.combining(c))).strip("-")


def places() -> list[Place]:
    """Some 150 towns with one of their postcodes."""
    return [Place(*line.split(" ", 2)) for line in lines("places")]


class Maker:
    """Makes contacts, one after the other."""

    def __init__(self, seed: int, *, mail_at: tuple[str, ...] = DOMAINS) -> None:
        self.dice = random.Random(seed)  # noqa: S311  lively data, no secret
        self.mail_at = mail_at
        self.places = places()
        self.firms = dict(line.split(": ") for line in lines("firms"))
        self.taken: set[str] = set()

    # -- parts ----------------------------------------------------------------------------------------------------

    def place(self, *, near: bool = False) -> Place:
        """A town; ``near`` prefers the north."""
        if near and self.dice.random() < 0.6:
            return self.dice.choice(self.places[:30])
        return self.dice.choice(self.places)

    def address(self, place: Place, purpose: str = "work") -> dict[str, str]:
        """A postal address in this town."""
        number = f"{self.dice.randint(1, 148)}{self.dice.choice(('', '', '', '', 'a', 'b'))}"
        return {
            "street": f"{self.dice.choice(lines('streets'))} {number}",
            "postcode": place.postcode,
            "city": place.city,
            "country": place.country,
            "purpose": purpose,
        }

    def phone(self, *, mobile: bool = False) -> str:
        """A number for films."""
        start, digits = self.dice.choice(MOBILES if mobile else LANDLINES)
        return f"+49{start[1:]}{self.dice.randrange(10**digits):0{digits}d}"

    def domain(self, name: str) -> str:
        """A web domain that nobody can own."""
        return f"{plain(name)[:40].rstrip('-')}.example"

    # -- organisations --------------------------------------------------------------------------------------------

    def firm(self) -> dict[str, Any]:
        """The values of an organisation."""
        place, industry = self.place(near=True), self.dice.choice(list(self.firms))
        name = self._firm_name(industry, place)
        forms = CIVIL.get(industry, FORMS[place.country]) if place.country == "DE" else FORMS[place.country]
        form, domain = self.dice.choice(forms), self.domain(name)
        employees = int(self.dice.lognormvariate(3.3, 1.3)) + 1
        return {
            "name": f"{name} {form}".strip(),
            "legal_form": form,
            "industry": industry,
            "employees": employees,
            "turnover": {"amount": str(employees * self.dice.randint(70, 190) * 1000), "currency": "EUR"},
            "emails": [{"value": f"{self.dice.choice(('info', 'kontakt', 'buero', 'zentrale'))}@{domain}"}],
            "phones": [{"value": self.phone()}],
            "addresses": [self.address(place)],
            "website": f"https://www.{domain}",
            "customer_number": f"K-{10_000 + len(self.taken)}",
            "source": self.dice.choice(SOURCES),
        }

    def _firm_name(self, industry: str, place: Place) -> str:
        while True:
            trade = self.dice.choice(self.firms[industry].split("|"))
            family, stem = self.dice.choice(words("families")), self.dice.choice(words("stems"))
            other = self.dice.choice(("Söhne", "Töchter", "Partner", self.dice.choice(words("families"))))
            town, shared = f"{trade} {place.city}", f"{family} & {other} {trade}"
            name = self.dice.choice((f"{family} {trade}", f"{stem} {trade}", f"{trade} {family}", town, shared))
            if fold(name) not in self.taken:
                self.taken.add(fold(name))
                return name

    # -- persons --------------------------------------------------------------------------------------------------

    def person(self, domain: str = "", place: Place | None = None) -> dict[str, Any]:
        """The values of a person; ``domain`` is the web domain of their organisation."""
        dice, woman = self.dice, self.dice.random() < 0.5
        first = dice.choice(words("women" if woman else "men"))
        if dice.random() < 0.04:
            first = f"{first}-{dice.choice(words('women' if woman else 'men'))}"
        last = self._last_name()
        position, department = dice.choice(lines("positions")).split("|")
        values: dict[str, Any] = {
            "salutation": "neutral" if dice.random() < 0.03 else "ms" if woman else "mr",
            "first_name": first,
            "last_name": last,
            "emails": self._mails(first, last, domain),
            "phones": self._phones(),
            "language": "de" if dice.random() < 0.94 else dice.choice(("en", "da", "pl", "tr")),
            "source": dice.choice(SOURCES),
        }
        if dice.random() < 0.12:
            values["academic_title"] = dice.choice(TITLES)
        if domain:
            values |= {"position": position, "department": department}
        elif place is not None:
            values["addresses"] = [self.address(place, "private")]
        return values | self._whims()

    def _last_name(self) -> str:
        last = self.dice.choice(words("families"))
        chance = self.dice.random()
        if chance < 0.03:
            return f"{self.dice.choice(PARTICLES)} {last}"
        if chance < 0.08:
            return f"{last}-{self.dice.choice(words('families'))}"
        return last

    def _mails(self, first: str, last: str, domain: str) -> list[dict[str, str]]:
        name = f"{plain(first)}.{plain(last)}"
        number = 1
        at = domain or self.dice.choice(self.mail_at)
        while f"{name}{number if number > 1 else ''}@{at}" in self.taken:
            number += 1
        main = f"{name}{number if number > 1 else ''}@{at}"
        self.taken.add(main)
        mails = [{"value": main, "purpose": "work" if domain else "private"}]
        if domain and self.dice.random() < 0.1:
            mails.append(
                {
                    "value": f"{name}@{self.dice.choice(self.mail_at)}",
                    "purpose": "private",
                    "state": self.dice.choice(("ok", "unchecked", "bounced")),
                }
            )
        return mails

    def _phones(self) -> list[dict[str, str]]:
        found = []
        if self.dice.random() < 0.8:
            found.append({"value": self.phone(), "purpose": "work"})
        if self.dice.random() < 0.5:
            found.append({"value": self.phone(mobile=True), "purpose": "mobile"})
        return found

    def _whims(self) -> dict[str, Any]:
        dice, made = self.dice, dict[str, Any]()
        if dice.random() < 0.35:
            made["birthday"] = (dt.date(1955, 1, 1) + dt.timedelta(days=dice.randrange(365 * 48))).isoformat()
        if dice.random() < 0.4:
            made["channel"] = dice.choice(("email", "email", "phone", "post", "meeting"))
        if dice.random() < 0.3:
            made["description"] = dice.choice(lines("facts"))
        return made
