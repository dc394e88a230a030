"""Where a saved condition is used, and who is told when one does not work any more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy as ngettext

from klientel.kernel.access.granting import ActorScope
from klientel.kernel.access.reading import visible_ids
from klientel.kernel.conditions import SystemScope, check
from klientel.kernel.errors import Missing, Refused, filled
from klientel.kernel.events import Event, consumer, notices
from klientel.kernel.kinds import Json
from klientel.kernel.records import all_types, type_of
from klientel.kernel.sql import loaded
from klientel.kernel.tenancy import current

notices.notice("condition_broken", _("A condition does not work any more: %(what)s"), icon="triangle-alert")
MOST = 50


@dataclass(frozen=True)
class Use:
    """One record in whose conditions a saved one stands; ``title`` is empty where the viewer may not see it."""

    type: str
    id: UUID
    title: str


def uses(scope: ActorScope, view: UUID) -> list[Use]:
    """The living records of all types whose conditions ask this saved view; at most fifty, named as far as seen."""
    parts, params = [], list[Any]()
    for rtype in all_types():
        columns = [k.name for k in rtype.static.values() if isinstance(k, Json)]
        if columns:
            test = " OR ".join(f't."{c}"::text LIKE %s' for c in columns)
            parts.append(
                f"(SELECT %s, t.id, t.title FROM {rtype.table} t WHERE t.tenant_id = %s AND t.archived_at IS NULL"
                f" AND t.id <> %s AND ({test}) LIMIT {MOST})"
            )
            params += [rtype.key, current(), view, *[f'%"view:{view}"%'] * len(columns)]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts) + f" LIMIT {MOST}", params)
        found = [Use(*row) for row in cursor.fetchall()]
    seen: set[UUID] = set()
    for key in {one.type for one in found}:
        seen |= visible_ids(scope, type_of(key), [one.id for one in found if one.type == key])
    return [one if one.id in seen else replace(one, title="") for one in found]


def unused(scope: ActorScope, drafts: list[Any]) -> dict[int, Refused]:
    """Refusals, by item, of saved views that are to go while they are used: where, as far as the actor sees it."""
    refusals: dict[int, Refused] = {}
    for draft in drafts:
        if draft.record.archived_at is not None and (found := uses(scope, draft.record.id)):
            named = [one for one in found if one.title]
            words: list[Any] = [format_lazy("{} “{}”", type_of(one.type).label, one.title) for one in named[:10]]
            if hidden := len(found) - len(named):
                others = ngettext("%(n)d entry of others", "%(n)d entries of others", hidden)
                words.append(filled(others, {"n": hidden}))
            details = {"uses": [{"type": one.type, "id": str(one.id)} for one in named]}
            message = filled(_("This view is still used: %(where)s."), {"where": tuple(words)})
            refusals[draft.item] = Refused("in_use", message, details=details)
    return refusals


# -- conditions that break ------------------------------------------------------------------------------------------

#: where conditions are stored: type, and a statement of id, owner, maker, the type that is asked, a list of conditions;
#: whoever declares a type with conditions adds it
STORED = [
    ("kernel.view", "SELECT id, owner, created_by, record_type, jsonb_build_array(condition) FROM kernel_view"),
    ("kernel.role", "SELECT id, owner, created_by, '', grants FROM kernel_role"),
    (
        "kernel.fieldrule",
        "SELECT id, owner, created_by, record_type, jsonb_build_array(required_when, visible_when)"
        " FROM kernel_fieldrule",
    ),
    (
        "kernel.customfield",
        "SELECT id, owner, created_by, regexp_replace(roll_by, '[.][^.]*$', ''), jsonb_build_array(roll_where)"
        " FROM kernel_customfield",
    ),
]
Stored = tuple[str, UUID, UUID | None, str, str, Any]


def stored() -> Iterator[Stored]:
    """Every stored condition: type and id of its record, owner, maker, the type it asks, the condition."""
    for key, text in STORED:
        with connection.cursor() as cursor:
            cursor.execute(f"{text} WHERE tenant_id = %s AND archived_at IS NULL", [current()])
            rows = cursor.fetchall()
        for record_id, owner, maker, asked, conditions in rows:
            for one in loaded(conditions) or ():
                where = one.get("where") if key == "kernel.role" and isinstance(one, dict) else one
                if where:
                    yield key, record_id, owner, maker, str(one.get("record")) if key == "kernel.role" else asked, where


@consumer("broken_conditions")
def tell_owners(events: list[Event]) -> None:
    """A field, a type or a view went: whose conditions do not work any more is told, once for each that went."""
    gone = [e for e in events if e.record_type in ("kernel.customfield", "kernel.customtype", "kernel.view")]
    if not any((e.changes.get("archived_at") or [None, None])[1] for e in gone):
        return
    told: set[UUID] = set()
    for key, record_id, owner, maker, asked, where in stored():
        if record_id not in told and not _works(asked, where):
            told.add(record_id)
            member = owner or (UUID(maker.removeprefix("member:")) if maker.startswith("member:") else None)
            notices.announce("condition_broken", key, record_id, to=[member] if member else [])


def _works(asked: str, where: Any) -> bool:
    try:
        check(type_of(asked), where, SystemScope(current()))
    except (Refused, Missing):
        return False
    return True
