"""How a tenant's rules and layouts show: which fields a form and a page have, under which headings, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from klientel.kernel.actions.ruling import compiled
from klientel.kernel.conditions import SystemScope, say
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Kind
from klientel.kernel.records import RecordType
from klientel.kernel.records.custom import shapes_of
from klientel.kernel.records.shapes import LaidOut, Rule
from klientel.kernel.sql import Sql, comma, dumps
from klientel.kernel.web.listing import titles_in

Sections = tuple[tuple[Any, tuple[str, ...]], ...]


def sections_of(scope: Any, rtype: RecordType) -> tuple[Sections, bool]:
    """The headings of forms and pages with their fields; and whether that is all, so that nothing follows them."""
    layouts = shapes_of(scope.tenant).layouts.get(rtype.key)
    if not layouts:
        return rtype.sections, False
    chosen = _of_roles(layouts, _roles(scope))
    if chosen is None:
        return rtype.sections, False
    german = (get_language() or "en").startswith("de")
    return tuple((labels[0 if german else 1], names) for labels, names in chosen.sections), True


def _of_roles(layouts: list[LaidOut], roles: set[UUID]) -> LaidOut | None:
    own = next((one for one in layouts if one.roles & roles), None)
    return own or next((one for one in layouts if not one.roles), None)


def _roles(scope: Any) -> set[UUID]:
    known: set[UUID] | None = getattr(scope, "roles", None)
    if known is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT roles FROM kernel_member WHERE tenant_id = %s AND id = %s", [scope.tenant, scope.me])
            row = cursor.fetchone()
        known = scope.roles = set(row[0]) if row else set()
    return known


def rules_of(scope: Any, rtype: RecordType) -> Mapping[str, Rule]:
    """The rules of a type's fields."""
    return shapes_of(scope.tenant).rules.get(rtype.key, {})


def told(scope: Any, rtype: RecordType, name: str) -> str:
    """The rule of a field in words, for whoever fills it in."""
    rule = rules_of(scope, rtype).get(name)
    parts: list[str] = []
    for condition, words in (
        (rule and rule.visible_when, _("Applies only when: %(condition)s")),
        (rule and rule.required_when, _("Must be filled in when: %(condition)s")),
    ):
        if condition:
            try:
                said = say(rtype, condition, SystemScope(scope.tenant), titles_in(scope, rtype, condition))
            except Refused:
                continue
            parts.append(words % {"condition": said})
    return ". ".join(parts)


def states(scope: Any, rtype: RecordType, rows: Sql) -> tuple[set[str], set[str]]:
    """Of one record: the fields that do not apply, and those that must be filled in by a rule. ``rows`` over ``t``."""
    asked: list[tuple[str, str, Sql]] = []
    system = SystemScope(scope.tenant, scope.me)
    for rule in rules_of(scope, rtype).values():
        if rule.visible_when and (where := compiled(rtype, rule.visible_when, system)) is not None:
            asked.append((rule.field, "hidden", ~where))
        if rule.required_when and (where := compiled(rtype, rule.required_when, system)) is not None:
            asked.append((rule.field, "required", where))
    if not asked:
        return set(), set()
    picked = comma([Sql(f"({a[2].text})", a[2].params) for a in asked])
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {picked.text} FROM {rows.text}", [*picked.params, *rows.params])
        row = cursor.fetchone() or ()
    true = [(name, what) for (name, what, _sql), holds in zip(asked, row, strict=False) if holds]
    return {n for n, what in true if what == "hidden"}, {n for n, what in true if what == "required"}


def stored(rtype: RecordType, record_id: UUID) -> Sql:
    """A record as it is stored."""
    return Sql(f"(SELECT * FROM {rtype.table} WHERE id = %s) t", (record_id,))


def typed(rtype: RecordType, values: Mapping[str, Any], kinds: Mapping[str, Kind], record: Any = None) -> Sql:
    """A record as a form holds it, before anything is saved: the same SQL asks it. What is not understood is empty."""
    made = record if record is not None else rtype.model()
    for name, value in values.items():
        try:
            rtype.put(made, name, kinds[name].accept(value))
        except Refused:
            rtype.put(made, name, kinds[name].blank_value())
    columns = {f.column: getattr(made, f.attname) for f in rtype.model._meta.concrete_fields}
    return Sql(f"json_populate_recordset(NULL::{rtype.table}, %s::json) t", (dumps([columns]),))
