"""Who decides about a deal, which roles nobody fills, and against whom we sell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from klientel.kernel.access import ActorScope
from klientel.kernel.access.reading import Row, names, select
from klientel.kernel.records import type_of
from klientel.sales.models.stakeholder import WANTED

MOST = 50
STAKEHOLDER, COMPETITOR = "sales.stakeholder", "sales.competitor"


@dataclass
class Centre:
    """The buying centre as somebody sees it: rows of stakeholders, names, and the roles that are missing."""

    rows: list[Row] = field(default_factory=list)
    names: dict[UUID, Any] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)


def centre(scope: ActorScope, deal: Any) -> Centre | None:
    """The buying centre of a deal; nothing for who may not see it."""
    rtype = type_of(STAKEHOLDER)
    seen = scope.visible(rtype)
    if not scope.may(rtype, "view") or not {"deal", "person"} <= seen.keys():
        return None
    columns = [n for n in ("person", "role", "attitude", "note") if n in seen]
    where = {"field": "deal", "op": "is", "value": str(deal.pk)}
    rows = select(scope, rtype, columns=columns, where=where, sort="created_at", limit=MOST).rows
    known = names(scope, {row.values["person"] for row in rows})
    made = Centre([row for row in rows if row.values["person"] in known], known)
    if "role" in seen:
        filled, label = {row.values["role"] for row in rows}, dict(seen["role"].options())
        made.gaps = [label[role] for role in WANTED if role not in filled and role in label]
    return made


def competitors(scope: ActorScope, deal: Any) -> list[dict[str, Any]]:
    """Whom we compete with for a deal, with what is known of each, and who won in the end."""
    seen = scope.visible(type_of("sales.deal"))
    ids = [*(deal.competitors if "competitors" in seen else [])]
    lost_to = deal.lost_to if "lost_to" in seen else None
    if lost_to and lost_to not in ids:
        ids.append(lost_to)
    if not ids:
        return []
    known, told = names(scope, set(ids)), _told(scope, ids)
    return [
        {"name": known[i], "won": i == lost_to, **told.get(i, {})} for i in sorted(ids, key=lambda i: i != lost_to)
        if i in known
    ]  # fmt: skip


def _told(scope: ActorScope, ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    rtype = type_of(COMPETITOR)
    seen = scope.visible(rtype)
    if not scope.may(rtype, "view") or "organisation" not in seen:
        return {}
    columns = [n for n in ("organisation", "strengths", "weaknesses", "answer") if n in seen]
    where = {"field": "organisation", "op": "one_of", "value": [str(i) for i in ids]}
    return {
        row.values["organisation"]: dict(row.values) for row in select(scope, rtype, columns=columns, where=where).rows
    }
