"""What follows from the status of a lead: since when, the first reaction, its end, and the reason an end needs."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from klientel.kernel.conditions.declared import next_day, nothing_planned
from klientel.kernel.errors import Refused
from klientel.kernel.records import type_of
from klientel.sales.models.leadrule import LeadInbox
from klientel.sales.models.pipeline import UNFIT, CloseReason

NEW, CONTACTED, MQL, SQL, NURTURED = "new", "contacted", "mql", "sql", "nurtured"
DISQUALIFIED, CONVERTED = "disqualified", "converted"
STATUSES = (
    (NEW, _("new")),
    (CONTACTED, _("contacted")),
    (MQL, _("qualified (MQL)")),
    (SQL, _("qualified (SQL)")),
    (NURTURED, _("nurtured")),
    (CONVERTED, _("converted")),
    (DISQUALIFIED, _("disqualified")),
)
TONES = {NEW: "accent", CONTACTED: "info", MQL: "plum", SQL: "plum", NURTURED: "warn", CONVERTED: "ok"}
OPEN = (NEW, CONTACTED, MQL, SQL, NURTURED)
#: what becomes an MQL by its score alone
WARMING = (NEW, CONTACTED, NURTURED)
#: reached by somebody's answer; what marketing alone finds good is no reaction yet
ANSWERED = (CONTACTED, SQL, NURTURED, CONVERTED, DISQUALIFIED)


#: fields of a lead that are worked out when they are read
WORKED_OUT = {
    kind.name: kind
    for kind in (
        next_day("next_day", _("next step on")),
        nothing_planned(
            "idle", _("nothing planned"), "{t}.closed_at IS NULL", reads=(("sales.lead", "closed_at"),), tone="warn",
            help_text=_("Open, and without an open entry."),
        ),
    )
}  # fmt: skip


#: what follows from which field
DERIVES = {
    "status": ("status_since", "closed_at", "reason", "first_response_at", "response_minutes"),
    "team": ("respond_by", "remind_at"),
}


def derive(step: Any, draft: Any) -> None:
    """Bring a written lead in line with its status; refused where an end has no reason."""
    lead, changes = draft.record, draft.changes
    if draft.new:
        _begin(step, lead)
    if "status" in changes or draft.new:
        _entered(step, lead, changes, new=draft.new)
    if (draft.new or "team" in changes) and lead.first_response_at is None and lead.status in OPEN:
        _say(step, lead, _target(step, lead), changes)
    if "reason" in changes and lead.reason is not None:
        _fits(step, lead)


def _begin(step: Any, lead: Any) -> None:
    """A person's organisation is the lead's, and an owner's team its inbox, unless somebody said otherwise."""
    if lead.organisation is None and lead.person is not None:
        _fill(step, lead, "organisation", "contacts.person", lead.person, "organisation")
    if lead.team is None and lead.owner is not None:
        _fill(step, lead, "team", "kernel.member", lead.owner, "team")


def _fill(step: Any, lead: Any, name: str, rtype: str, record_id: Any, there: str) -> None:
    rows = type_of(rtype).model.objects
    found = step.once((rtype, record_id), lambda: rows.filter(pk=record_id).values_list(there, flat=True).first())
    if found is not None:
        step.change(lead, **{name: found})


def _entered(step: Any, lead: Any, changes: dict[str, Any], *, new: bool) -> None:
    """What an undo says of these facts itself stands; what had ended before it came here may have no reason."""
    facts: dict[str, Any] = {"status_since": step.now}
    ended = lead.status not in OPEN
    facts["closed_at"] = (lead.closed_at or step.now) if ended else None
    if lead.status == DISQUALIFIED and lead.reason is None and not new:
        raise Refused("reason_missing", _("Please say why."), "reason")
    if lead.status != DISQUALIFIED and lead.reason is not None:
        facts["reason"] = None
    if lead.status == CONVERTED and lead.deal is None and not new:
        raise Refused("not_converted", _("Please use “Convert to a deal”: it makes the deal."), "status")
    if lead.status in ANSWERED and lead.first_response_at is None:
        facts |= reaction(step, lead, step.now)
    _say(step, lead, facts, changes)


def _say(step: Any, lead: Any, facts: dict[str, Any], changes: dict[str, Any]) -> None:
    step.stamp(lead, **{name: value for name, value in facts.items() if name not in changes})


def reaction(step: Any, lead: Any, at: Any) -> dict[str, Any]:
    """The first reaction at an instant, and how long it took in the working minutes of the inbox."""
    inbox = _inbox(step, lead)
    took = inbox.hours().between(lead.created_at, at) if inbox else int((at - lead.created_at).total_seconds() // 60)
    return {"first_response_at": at, "response_minutes": max(0, took)}


def _target(step: Any, lead: Any) -> dict[str, Any]:
    """By when the team of the inbox answers, counted from when the lead came in."""
    inbox = _inbox(step, lead)
    if inbox is None or not inbox.respond_within:
        return {"respond_by": None, "remind_at": None}
    hours, within, before = inbox.hours(), inbox.respond_within, inbox.remind_before or 0
    remind = hours.after(lead.created_at, within - before) if 0 < before < within else None
    return {"respond_by": hours.after(lead.created_at, within), "remind_at": remind}


def _inbox(step: Any, lead: Any) -> LeadInbox | None:
    if lead.team is None:
        return None
    rows = LeadInbox.objects.filter(team=lead.team, archived_at=None)
    found: LeadInbox | None = step.once(("sales.leadinbox", lead.team), rows.first)
    return found


def _fits(step: Any, lead: Any) -> None:
    rows = CloseReason.objects
    found = step.once(("sales.reason", lead.reason), lambda: rows.filter(pk=lead.reason).first())
    if found is not None and found.outcome != UNFIT:
        raise Refused("other_outcome", _("This is no reason for that outcome."), "reason")
