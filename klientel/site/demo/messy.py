"""A contact file as they come: several habits, repeated and broken rows. It goes through the real importer."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from klientel.site.demo import importing
from klientel.site.demo.names import Maker

SEED, ROWS = 4711, 140
HEADER = (
    "Anrede", "Titel", "Vorname", "Nachname", "Firma", "Funktion", "E-Mail", "Telefon", "Mobil", "Straße", "PLZ",
    "Ort", "Geburtsdatum", "Bemerkung",
)  # fmt: skip
BROKEN = (
    "Frau;;Ina;Ohne Mailanbieter;;;ina(at)web;;;;;;;\r\n",
    "Herr;;Bodo;Spalten zu viel;Lager & Co;;bodo@example.org;;;;;;;schön;noch;mehr\r\n",
    "Herr;;Falk;Falsches Datum;;;falk.datum@example.org;030 23125 007;;;;;31.02.1970;\r\n",
    ";;;;;;;;;;;;;\r\n",
    "Frau;;Gesa;Telefon als Wort;;;gesa@example.com;bitte nicht anrufen;;;;;;\r\n",
)


def place() -> Path:
    """Where the file is kept."""
    return Path(settings.KLIENTEL_HOME) / "demo" / "kontakte-messe.csv"


def rows() -> list[str]:
    """The lines of the file: contacts, then repeated and broken ones among them."""
    maker, dice = Maker(SEED), random.Random(SEED)  # noqa: S311
    firms = [maker.firm() for _ in range(25)]
    found = []
    for _ in range(ROWS):
        firm = dice.choice(firms)
        person = maker.person(firm["emails"][0]["value"].partition("@")[2])
        found.append(_line(person, firm, dice))
    for line in dice.sample(found, 12):  # the same card twice, typed by another hand
        found.insert(dice.randrange(len(found)), line.upper() if dice.random() < 0.3 else line.replace("ß", "ss"))
    for line in BROKEN:
        found.insert(dice.randrange(20, len(found)), line)
    return found


def _line(person: dict, firm: dict, dice: random.Random) -> str:  # type: ignore[type-arg]
    address = firm["addresses"][0]
    day = person.get("birthday", "")
    if day and dice.random() < 0.7:
        year, month, date = day.split("-")
        day = f"{date}.{month}.{year}"
    phones = {p["purpose"]: _typed(p["value"], dice) for p in person["phones"]}
    cells = (
        {"ms": "Frau", "mr": "Herr"}.get(person.get("salutation", ""), ""), person.get("academic_title", ""),
        person["first_name"], person["last_name"], firm["name"], person["position"], person["emails"][0]["value"],
        phones.get("work", ""), phones.get("mobile", ""), address["street"], address["postcode"], address["city"], day,
        dice.choice(("", "", "Katalog schicken", "Hat \"dringend\" Bedarf; bitte anrufen", "Stand B 12")),
    )  # fmt: skip
    return ";".join(_quoted(cell) for cell in cells) + "\r\n"


def _typed(e164: str, dice: random.Random) -> str:
    """A number as different people type it."""
    local = e164.removeprefix("+49")
    return dice.choice((f"0{local[:2]}/{local[2:]}", f"+49 {local[:2]} {local[2:]}", f"0049{local}", f"0{local}"))


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if ";" in cell or '"' in cell else cell


def write() -> Path:
    """The file in the encoding of an old spreadsheet; what that cannot write loses its marks, as it does in life."""
    text = ";".join(HEADER) + "\r\n" + "".join(rows())
    place().parent.mkdir(parents=True, exist_ok=True)
    place().write_bytes(text.encode("cp1252", errors="replace"))
    return place()


def bring_in(slug: str, say: Callable[[str], None]) -> None:
    """Write the file and import it, once."""
    if importing.is_in(slug, place().name):
        return
    say("Importing the contacts of a trade fair …")
    importing.import_file(slug, write())
