"""Which fields speak of a person, judged by name and kind: so that a wrong privacy class is noticed when it is made."""

from __future__ import annotations

import re

from klientel.kernel.kinds.base import Kind, Privacy

#: a person's own, whatever record it stands at (German and English, as part of a technical name or label)
_ALWAYS = re.compile(
    r"first_?name|last_?name|given_?name|family_?name|maiden|vorname|nachname|familienname|geburts|birth|salutation|anrede"
    r"|gender|geschlecht|religion|konfession|nationalit|staatsangeh|marital|familienstand|passport|personalausweis|ausweis"
    r"|social_?security|sozialversicherung|steuer_?id|tax_?id_?private|health|gesundheit|krankheit|allerg|private?_|privat"
    r"|iban|bank_?account|kontonummer|hobby|spouse|ehepartner|kind(er)?name",
    re.IGNORECASE,
)
#: on a natural person every way to reach or describe them
_OF_PERSONS = ("email", "emails", "phone", "phones", "addresses", "long_text", "rich_text", "file")


def looks_personal(name: str, label: str, key: str, *, of_person: bool) -> bool:
    """Whether a field should not be declared as saying nothing about a person; ``key`` is its kind's."""
    return bool(_ALWAYS.search(name) or _ALWAYS.search(label)) or (of_person and key in _OF_PERSONS)


def misclassified(kind: Kind, *, of_person: bool) -> bool:
    """Whether a field is declared public though it looks personal."""
    return kind.privacy == Privacy.PUBLIC and looks_personal(kind.name, "", type(kind).key, of_person=of_person)
