"""What must hold for the rows by which a tenant declares fields and types of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Missing, Refused, filled
from klientel.kernel.kinds import KINDS
from klientel.kernel.kinds.personal import looks_personal
from klientel.kernel.records.types import RecordType, type_of

FIELD_NAME = re.compile(r"x_[a-z][a-z0-9_]{0,37}\Z")
TYPE_NAME = re.compile(r"[a-z][a-z0-9_]{1,38}\Z")
_KEY = re.compile(r"[A-Za-z0-9_.-]{1,60}\Z")


def known_type(key: str, field: str) -> RecordType:
    """The business type of this key, or a refusal at the field."""
    try:
        rtype = type_of(key)
    except Missing as no:
        raise Refused(no.code, no.message, field) from None
    return rtype


def custom_field(row: Any) -> None:
    """A custom field names a type that exists, a name of its own, and what its kind needs."""
    rtype = known_type(row.record_type, "record_type")
    if rtype.system:
        raise Refused("not_extendable", _("Settings cannot have fields of their own."), "record_type")
    if not FIELD_NAME.match(row.name):
        raise Refused("bad_name", _("Please begin with x_ and use lower case letters, digits and _."), "name")
    if row.kind in ("choice", "choices"):
        choices(row)
    label = f"{row.label_de} {row.label_en}"
    key = "text" if row.kind in ("formula", "roll_up") else KINDS[row.kind].key
    if row.kind in ("formula", "roll_up"):
        for one in computed:
            one(row)
    if row.privacy == "public" and looks_personal(row.name, label, key, of_person=rtype.personal):
        raise Refused("looks_personal", _("This looks personal. Please choose another privacy class."), "privacy")
    if row.kind in ("link", "links"):
        known_type(row.target, "target")


#: what else must hold for a computed field; filled by the storey that works it out
computed: list[Callable[[Any], None]] = []
#: what must hold for rules of fields and for layouts; filled by the storeys that use them
ruled: list[Callable[[Any], None]] = []
laid_out: list[Callable[[Any], None]] = []
TONES = ("", "info", "ok", "warn", "bad", "plum")


def choices(row: Any, *, known: frozenset[str] = frozenset()) -> None:
    """The values of a choice: ``[key, German, English, colour, "retired" or ""]`` each; ``known`` keys must stay."""
    seen: set[str] = set()
    for choice in row.choices:
        right = isinstance(choice, list) and 2 <= len(choice) <= 5 and all(isinstance(part, str) for part in choice)
        if not right or not _KEY.match(choice[0]) or not choice[1].strip() or choice[0] in seen:
            raise Refused("bad_choices", _("Each choice needs a key of its own and a label."), "choices")
        if (choice[3:4] or [""])[0] not in TONES or (choice[4:5] or [""])[0] not in ("", "retired"):
            raise Refused("bad_choices", _("There is no such colour."), "choices")
        seen.add(choice[0])
    if not seen:
        raise Refused("no_choices", _("Please give at least one choice."), "choices")
    if gone := sorted(known - seen):
        message = _("These values belong to Klientel; retire them instead of removing them: %(keys)s.")
        raise Refused("bad_choices", filled(message, {"keys": ", ".join(gone)}), "choices")


def custom_type(row: Any) -> None:
    """A custom record type has a technical name."""
    if not TYPE_NAME.match(row.name):
        raise Refused("bad_name", _("Please use lower case letters, digits and _."), "name")
