"""How contacts are recognised as the same: what is compared of persons and of organisations."""

from __future__ import annotations

from typing import Any

from klientel.lib.matching import Day, Domains, Emails, FirmName, Matching, Number, PersonName, Phones, Places, Same

PERSONS = Matching(
    (
        PersonName("first_name", "last_name"),
        Emails("emails"),
        Phones("phones"),
        Day("birthday"),
        Places("addresses"),
        Domains("", "emails", person=True),
        Same("organisation", "organisation", other=-2.0),
        Same("salutation", "salutation", same=0.0, other=-3.0),
    )
)
ORGANISATIONS = Matching(
    (
        FirmName("name", "legal_form"),
        Number("vat_id"),
        Number("customer_number"),
        Emails("emails", person=False),
        Phones("phones", person=False),
        Domains("website", "emails"),
        Places("addresses"),
    )
)


def some_name(record: Any) -> str:
    """A name for somebody whose name is unknown: the first mail address or phone number."""
    for entries in (record.emails, record.phones):
        if entries:
            return str(entries[0]["value"])
    return ""
