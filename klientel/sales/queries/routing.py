"""Who looks after a lead: the first rule that fits, whose turn it is, and why others were passed over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from klientel.kernel import writing
from klientel.kernel.access import deputies_of
from klientel.kernel.conditions import SystemScope, matching
from klientel.kernel.kinds import today
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import alone, current
from klientel.lib import regions
from klientel.lib.turns import turn
from klientel.sales.models import Lead, LeadRule, LeadShare
from klientel.sales.models.leadrule import EVERY

_MEMBERS = """
SELECT m.id, m.active AND m.archived_at IS NULL,
    coalesce(m.away_from <= %(day)s AND coalesce(m.away_until, 'infinity') >= %(day)s, false), m.away_until,
    (SELECT count(*) FROM sales_lead l WHERE l.tenant_id = m.tenant_id AND l.owner = m.id
     AND l.closed_at IS NULL AND l.archived_at IS NULL)
FROM kernel_member m WHERE m.tenant_id = %(tenant)s AND m.id = ANY(%(ids)s)
"""
_CREDITS = """
UPDATE sales_leadshare s SET credit = r.credit FROM unnest(%s::uuid[], %s::int[]) r(id, credit)
WHERE s.tenant_id = %s AND s.id = r.id
"""


@dataclass
class Decision:
    """Where a lead goes, and why: ``told`` holds ids and codes only, never a personal value."""

    rule: LeadRule | None = None
    owner: UUID | None = None
    told: dict[str, Any] = field(default_factory=dict)


def decide(lead: Lead) -> Decision:
    """The assignment of a lead by the rules. Two at the same moment wait for one another, so that turns and capacity
    hold; there is one lock for the tenant, so that no two can hold several in another order.
    """
    alone("sales.lead.route")
    rules = list(LeadRule.objects.filter(archived_at=None, paused=False).order_by("position", "id"))
    asked = {rule.pk: rule.condition or EVERY for rule in rules}
    fits = matching(SystemScope(current()), type_of("sales.lead"), asked, [lead.pk]).fulfilled[lead.pk]
    places, passed = _places(lead), list[dict[str, Any]]()
    for rule in rules:
        if rule.pk not in fits:
            continue
        wanted = regions.read(rule.regions or "")
        there = regions.holding(wanted, places) if wanted else None
        if wanted and there is None:
            continue
        told = {"rule": str(rule.pk), "region": str(there[0]) if there else "", "passed": passed}
        found = _in_turn(rule)
        if found.owner is not None or rule.team is not None:
            return Decision(rule, found.owner, told | found.told)
        passed.append({"rule": str(rule.pk), **found.told})
    return Decision(told={"rule": None, "passed": passed})


def _places(lead: Lead) -> list[tuple[str, str]]:
    """Country and postcode of the person's addresses, then of the organisation's."""
    found = []
    for rtype, record_id in (("contacts.person", lead.person), ("contacts.organisation", lead.organisation)):
        if record_id is not None:
            rows = type_of(rtype).model.objects.filter(pk=record_id).values_list("addresses", flat=True)
            found += [(one.get("country", ""), one.get("postcode", "")) for some in rows for one in some or ()]
    return found


def _in_turn(rule: LeadRule) -> Decision:
    """Whose turn it is among those who take part, are there and have room; else a deputy of those who are away."""
    shares = list(LeadShare.objects.filter(rule=rule.pk, archived_at=None).order_by("id"))
    standing = _standing([share.member for share in shares])
    free, skipped, away = {}, [], []
    for share in shares:
        why = _why_not(share, standing)
        if why:
            skipped.append({"member": str(share.member), **why})
            away += [share.member] if why["why"] == "away" else []
        else:
            free[share.pk] = share
    if free:
        return _taken(free, skipped)
    for member in away:
        deputy = next(iter(deputies_of(member, today())), None)
        room = next((one for one in shares if one.member == deputy), None)
        if deputy is not None and (room is None or not _why_not(room, standing)):
            return Decision(owner=deputy, told={"skipped": skipped, "deputy_of": str(member)})
    return Decision(told={"skipped": skipped})


def _standing(members: list[UUID]) -> dict[UUID, tuple[bool, bool, Any, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, {"tenant": current(), "day": today(), "ids": members})
        return {row[0]: row[1:] for row in cursor.fetchall()}


def _why_not(share: LeadShare, standing: dict[UUID, tuple[bool, bool, Any, int]]) -> dict[str, Any]:
    """Why somebody does not take part just now; empty where they do."""
    active, away, until, n_open = standing.get(share.member, (False, False, None, 0))
    if not active:
        return {"why": "inactive"}
    if away:
        return {"why": "away", "until": until.isoformat() if until else ""}
    if share.most_open is not None and n_open >= share.most_open:
        return {"why": "full", "open": n_open, "most": share.most_open}
    return {}


def _taken(free: dict[UUID, LeadShare], skipped: list[dict[str, Any]]) -> Decision:
    had = {key: share.credit for key, share in free.items()}
    chosen, after = turn(had, {key: share.weight or 1 for key, share in free.items()})
    with writing.door(), connection.cursor() as cursor:
        cursor.execute(_CREDITS, [list(after), list(after.values()), current()])
    total = sum(share.weight or 1 for share in free.values())
    told = {"weight": free[chosen].weight or 1, "of": total, "among": len(free), "skipped": skipped}
    return Decision(owner=free[chosen].member, told=told)
