"""What became of a row of an import, and what was made on the way, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from klientel.kernel.records import type_of


def words() -> dict[str, str]:
    """What became of a row."""
    return {
        "new": _("new"),
        "updated": _("completed"),
        "unchanged": _("unchanged"),
        "duplicate": _("there already"),
        "error": _("refused"),
        "conflict": _("changed meanwhile"),
        "warning": _("with remarks"),
    }


def made_words(made: dict[str, int]) -> list[str]:
    """What else an import makes, such as organisations."""
    return [f"{n} {type_of(key).plural if n != 1 else type_of(key).label}" for key, n in made.items() if n]


def reason_words() -> dict[str, str]:
    """Why a row is taken to repeat a record."""
    return {
        "email": _("same e-mail"),
        "phone": _("same phone"),
        "name": _("same name"),
        "similar_name": _("similar name"),
        "swapped_name": _("names swapped"),
        "birthday": _("same birthday"),
        "address": _("same address"),
        "vat_id": _("same VAT ID"),
        "domain": _("same domain"),
        "same_organisation": _("same organisation"),
        "legal_form": _("same legal form"),
        "key": _("same key"),
        "against_name": _("another name"),
        "against_birthday": _("another birthday"),
        "against_vat_id": _("another VAT ID"),
    }


def choice_words() -> list[tuple[str, str]]:
    """What may be done with a row that repeats a record."""
    return [("skip", _("leave out")), ("update", _("complete")), ("create", _("create anyway"))]
