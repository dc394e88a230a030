"""What people's contact files look like: names of columns, full names taken apart, what words mean."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel.transfer.targets import Beside, Part, Preset, preset
from klientel.lib.names import salutation_key, split_name

_SALUTATIONS = {"mr": "mr", "ms": "ms", "mx": "neutral", "family": "neutral"}
_GENDERS = {"m": "mr", "male": "mr", "mannlich": "mr", "f": "ms", "w": "ms", "female": "ms", "weiblich": "ms"}


def salutation(text: str) -> str:
    """The salutation that a word means ("Herr", "Mrs.", "divers"), or nothing."""
    return _SALUTATIONS.get(salutation_key(text), "neutral" if text.strip().lower() == "neutral" else "")


def full_name(text: str, texts: dict[str, Any]) -> None:
    """Fill the parts of a name that no other column gives."""
    if texts.get("first_name") and texts.get("last_name"):
        return
    parts = split_name(text)
    found = {
        "salutation": _SALUTATIONS.get(parts.salutation, ""),
        "academic_title": parts.title,
        "first_name": parts.first_name,
        "last_name": " ".join(p for p in (parts.last_name, parts.suffix) if p),
    }
    if "@" in text and not parts.first_name:  # a mail address where the name should stand says no name
        return
    known = {texts.get("first_name"), texts.get("last_name")}
    for name, value in found.items():
        if value and not texts.get(name) and value not in known:
            texts[name] = value


def middle_name(text: str, texts: dict[str, Any]) -> None:
    """A further first name stands behind the first one."""
    texts["first_name"] = " ".join(p for p in (texts.get("first_name", ""), text) if p)


def suffix(text: str, texts: dict[str, Any]) -> None:
    """ "jun." and the like stand behind the last name."""
    texts["last_name"] = " ".join(p for p in (texts.get("last_name", ""), text) if p)


def gender(text: str, texts: dict[str, Any]) -> None:
    """The gender gives the salutation where no column does."""
    found = _GENDERS.get(text.strip().lower().replace("ä", "a"), "")
    if found:
        texts.setdefault("salutation", found)


def groups(text: str) -> str:
    """The groups of an address book as tags; those that Google makes for everybody are none."""
    words = [w.strip().removeprefix("* ") for w in text.replace(":::", ";").replace(",", ";").split(";")]
    return "; ".join(w for w in words if w and w.lower().replace(" ", "") not in ("mycontacts", "starred", "other"))


_titles = lru_cache(maxsize=4096)(lambda text: split_name(f"{text} X"))  # few words stand in many rows


def title(text: str, texts: dict[str, Any]) -> None:
    """ "Herr Dr." in one column is a salutation and a title."""
    parts = _titles(text)
    spoken = salutation(text) or _SALUTATIONS.get(parts.salutation, "")
    if spoken:
        texts.setdefault("salutation", spoken)
    if not salutation(text) and (parts.title or not spoken):
        texts["academic_title"] = parts.title or text


def place_of_titles(values: list[str]) -> str:
    """What a column "Title" holds: titles before a name ("Dr."), or positions in a firm."""
    titles = sum(1 for v in values if split_name(f"{v} X").title or salutation(v))
    return "academic_title" if titles * 2 >= len(values) else "position"


_REACH = {
    "emails.1": ("e-mail 1", "email 1", "primary email"),
    "emails.2": ("e-mail 2", "email 2", "secondary email"),
    "emails.3": ("e-mail 3", "email 3"),
    "emails.work": ("e-mail geschäftlich", "email work"),
    "emails.private": ("e-mail privat", "email home"),
    "emails.other": ("email other",),
    "phones.1": ("phone 1", "telefon 1"),
    "phones.2": ("phone 2", "telefon 2"),
    "phones.3": ("phone 3", "telefon 3"),
    "phones.work": ("telefon geschäftlich", "phone work", "primary phone"),
    "phones.work2": ("phone work 2", "telefon geschäftlich 2"),
    "phones.private": ("telefon privat", "phone home"),
    "phones.private2": ("phone home 2", "telefon privat 2"),
    "phones.mobile": ("mobile", "mobil", "handy"),
    "phones.mobile2": ("mobile 2", "mobil 2"),
    "phones.fax": ("fax", "fax work", "fax geschäftlich"),
    "phones.fax2": ("fax home", "fax privat"),
    "phones.other": ("phone other", "weiteres telefon"),
    "website": ("website", "url 1", "website work", "web page", "web page 1"),
}


def _addresses() -> dict[str, tuple[str, ...]]:
    words = {
        "street": ("street", "straße"),
        "postcode": ("postcode", "plz"),
        "city": ("city", "ort"),
        "region": ("state",),
        "country": ("country", "land"),
        "house_number": ("house number", "hausnummer"),
        "street_2": ("street 2", "adresszusatz", "address 2"),
    }
    purposes = {
        "1": "",
        "work": " work",
        "private": " home",
        "other": " other",
        "billing": " billing",
        "delivery": " delivery",
    }
    return {
        f"addresses.{slot}.{part}": tuple(f"{name}{purpose}" for name in said)
        for slot, purpose in purposes.items()
        for part, said in words.items()
    }


_NOTE = Beside("beside.note", _("note of its own"), ("gesprächsnotiz", "call note"), "work.note", "concerns", "text")
_LEAD = Beside(
    "beside.lead", _("interest (makes a lead)"), ("lead", "interesse", "interest", "anfrage"), "sales.lead", "person",
    "name",
)  # fmt: skip
_NAME = ("salutation", "academic_title", "first_name", "last_name")

preset(
    "contacts.person",
    Preset(
        synonyms=_REACH
        | _addresses()
        | {
            "organisation": ("company", "firma", "organisation", "unternehmen", "account"),
            "academic_title": ("title", "titel"),
            "description": ("note", "notizen", "bemerkung"),
            "position": ("job title", "position", "funktion"),
            "stage": ("lifecycle stage", "lifecycle phase", "lifecycle-phase"),
            "tags": ("tags", "categories", "kategorien"),
            "owner": ("owner", "verantwortlich"),
        },
        parts=(
            Part("salutation", _("salutation"), ("salutation", "anrede", "name prefix", "prefix"), title, _NAME[:2]),
            Part("academic_title", _("title"), ("title", "titel"), title, (_NAME[1], _NAME[0])),
            Part("full_name", _("full name"), ("full name", "name", "display name"), full_name, _NAME[2:]),
            Part(
                "middle_name",
                _("further first names"),
                ("middle name", "weitere vornamen"),
                middle_name,
                ("first_name",),
            ),
            Part("suffix", _("name suffix"), ("suffix",), suffix, ("last_name",)),
            Part("gender", _("gender"), ("gender", "geschlecht"), gender, ("salutation",)),
        ),
        beside=(
            _NOTE,
            _LEAD,
            Beside(
                "beside.affiliation",
                _("further organisation"),
                ("weitere firma", "weitere organisation", "further company", "second company", "firma 2", "company 2"),
                "contacts.affiliation",
                "person",
                "organisation",
            ),
        ),
        values={"salutation": salutation, "tags": groups},
        doubts={"academic_title": place_of_titles},
        creates=("organisation",),
        cards=True,
    ),
)

preset(
    "contacts.organisation",
    Preset(
        synonyms=_REACH
        | _addresses()
        | {
            "name": ("company", "firma", "organisation", "account name", "company name", "firmenname", "full name"),
            "parent": ("parent account", "parent company", "muttergesellschaft", "konzern"),
            "description": ("note", "notizen", "bemerkung"),
            "turnover": ("annual revenue", "umsatz"),
            "tags": ("tags", "categories", "kategorien"),
            "owner": ("owner", "verantwortlich"),
        },
        beside=(_NOTE,),
        values={"tags": groups},
        known_by=("customer_number", "vat_id"),
        creates=("parent",),
        cards=True,
    ),
)

preset("contacts.affiliation", Preset(creates=("organisation",)))
