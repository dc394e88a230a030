"""What must hold for the rows by which a tenant declares fields and types of its own."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Missing, Refused
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
        _choices(row)
    kind = KINDS[row.kind]
    label = f"{row.label_de} {row.label_en}"
    if row.privacy == "public" and looks_personal(row.name, label, kind.key, of_person=rtype.personal):
        raise Refused("looks_personal", _("This looks personal. Please choose another privacy class."), "privacy")
    if row.kind in ("link", "links"):
        known_type(row.target, "target")


def _choices(row: Any) -> None:
    seen: set[str] = set()
    for choice in row.choices:
        right = isinstance(choice, list) and len(choice) in (2, 3) and all(isinstance(part, str) for part in choice)
        if not right or not _KEY.match(choice[0]) or not choice[1].strip() or choice[0] in seen:
            raise Refused("bad_choices", _("Each choice needs a key of its own and a label."), "choices")
        seen.add(choice[0])
    if not seen:
        raise Refused("no_choices", _("Please give at least one choice."), "choices")


def custom_type(row: Any) -> None:
    """A custom record type has a technical name."""
    if not TYPE_NAME.match(row.name):
        raise Refused("bad_name", _("Please use lower case letters, digits and _."), "name")
