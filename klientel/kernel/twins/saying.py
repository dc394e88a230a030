"""Reasons in words: what speaks for and against two records being one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.lib.matching import Evidence

WORDS: dict[str, Any] = {
    "same_name": _("same name"),
    "similar_name": _("similar name"),
    "other_name": _("different name"),
    "swapped_name": _("first and last name swapped"),
    "half_swapped_name": _("one name stands in the place of the other"),
    "same_last_name": _("same last name"),
    "same_first_name": _("same first name"),
    "sounding_last_name": _("last name sounds the same"),
    "sounding_first_name": _("first name sounds the same"),
    "similar_last_name": _("last name is spelt similarly"),
    "similar_first_name": _("first name is spelt similarly"),
    "part_of_last_name": _("one last name is part of the other"),
    "part_of_first_name": _("one first name is part of the other"),
    "short_first_name": _("short form of the first name"),
    "short_last_name": _("short form of the last name"),
    "initial_first_name": _("same initial"),
    "initial_last_name": _("same initial of the last name"),
    "differing_last_name": _("different last name"),
    "differing_first_name": _("different first name"),
    "younger_and_elder": _("one is the younger, the other the elder"),
    "same_legal_form": _("same legal form"),
    "other_legal_form": _("different legal form"),
    "same_email": _("same e-mail"),
    "same_office_email": _("same office e-mail"),
    "similar_email": _("similar e-mail"),
    "other_email": _("different e-mail"),
    "same_phone": _("same phone number"),
    "similar_phone": _("phone number with swapped digits"),
    "other_phone": _("different phone number"),
    "same_domain": _("same web domain"),
    "other_domain": _("different web domain"),
    "same_birthday": _("same birthday"),
    "similar_birthday": _("nearly the same birthday"),
    "other_birthday": _("different birthday"),
    "same_house": _("same street and number"),
    "same_street": _("same street"),
    "other_street": _("different street"),
    "same_town": _("same place"),
    "similar_town": _("place is spelt similarly"),
    "similar_postcode": _("nearly the same postcode"),
    "other_town": _("different place"),
    "same_address_line": _("same address line"),
    "same_number": _("same identifying number"),
    "similar_number": _("nearly the same identifying number"),
    "other_number": _("different identifying number"),
    "same_organisation": _("same organisation"),
    "other_organisation": _("different organisation"),
    "other_salutation": _("different salutation"),
}


def said(code: str) -> str:
    """One reason in words."""
    return str(WORDS.get(code, code))


def because(evidence: Iterable[Evidence], most: int = 3) -> str:
    """The weightiest reasons in one line."""
    ordered = sorted((one for one in evidence if one.bits > 0), key=lambda one: -one.bits)
    return ", ".join(said(one.code) for one in ordered[:most])
