"""What must hold for roles and saved views: their conditions are understood when they are saved, not when they
are used."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel import conditions
from klientel.kernel.conditions import SystemScope
from klientel.kernel.conditions.compiling import saved
from klientel.kernel.conditions.using import references
from klientel.kernel.errors import Refused
from klientel.kernel.records import all_types
from klientel.kernel.records.checks import known_type
from klientel.kernel.tenancy import current

_PARTS = {"record", "verb", "where", "hidden", "readonly"}


def role(row: Any) -> None:
    """Every grant names a type and a verb; its condition compiles; the fields it closes exist."""
    for grant in row.grants:
        if not isinstance(grant, dict) or not set(grant) <= _PARTS or not grant.get("verb"):
            raise Refused("bad_grant", _("Each permission needs a record type and a verb."), "grants")
        if not isinstance(grant["verb"], str) or not isinstance(grant.get("record"), str):
            raise Refused("bad_grant", _("Each permission needs a record type and a verb."), "grants")
        types = all_types() if grant["record"] == "*" else [known_type(grant["record"], "grants")]
        if grant.get("where"):
            if grant["record"] == "*":
                raise Refused("bad_grant", _("A condition needs one record type."), "grants")
            try:
                conditions.check(types[0], grant["where"], SystemScope(current()))
            except Refused as no:
                raise Refused(no.code, no.message, "grants") from None
        for name in [*(grant.get("hidden") or ()), *(grant.get("readonly") or ())]:
            if not any(name in t.fields for t in types):
                raise Refused("no_such_field", _("There is no such field."), "grants")


def view(row: Any) -> None:
    """A saved view's list exists, its condition compiles, its columns are fields."""
    if row.archived_at is not None:
        return
    rtype = known_type(row.record_type, "record_type")
    if row.condition:
        try:
            conditions.check(rtype, row.condition, SystemScope(current()))
        except Refused as no:
            raise Refused(no.code, no.message, "condition") from None
        _not_in_itself(f"view:{row.id}", row.condition)
    for name in row.columns:
        if not isinstance(name, str) or name not in rtype.fields:
            raise Refused("no_such_field", _("There is no such field."), "columns")


def _not_in_itself(name: str, condition: Any) -> None:
    """A saved condition never asks itself, whether directly or through others."""
    todo, known = list(references(condition)), set()
    while todo:
        asked = todo.pop()
        if asked == name:
            raise Refused("in_a_circle", _("This would lead in a circle."), "condition")
        if asked not in known and (found := saved(asked)) is not None:
            known.add(asked)
            todo += references(found.condition)
