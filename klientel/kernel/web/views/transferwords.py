"""What became of a row of an import, and what was made on the way, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from klientel.kernel.records import type_of
from klientel.kernel.twins.saying import WORDS


def words() -> dict[str, str]:
    """What became of a row."""
    return {
        "new": _("new"),
        "updated": _("completed"),
        "unchanged": _("unchanged"),
        "duplicate": _("there already"),
        "error": _("refused"),
        "conflict": _("changed meanwhile"),
        "likely": _("perhaps known"),
        "warning": _("with remarks"),
    }


def made_words(made: dict[str, int]) -> list[str]:
    """What else an import makes, such as organisations."""
    return [f"{n} {type_of(key).plural if n != 1 else type_of(key).label}" for key, n in made.items() if n]


def reason_words() -> dict[str, str]:
    """Why a row is taken to repeat a record."""
    return {code: str(word) for code, word in WORDS.items()} | {"key": _("same key")}


def choice_words() -> list[tuple[str, str]]:
    """What may be done with a row that repeats a record."""
    return [("skip", _("leave out")), ("update", _("complete")), ("create", _("create anyway"))]
