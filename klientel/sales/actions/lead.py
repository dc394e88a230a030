"""What can be done with a lead."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from klientel.kernel.access.reading import visible_ids
from klientel.kernel.actions import Step, action, declaring
from klientel.kernel.kinds import Choice, Link, Money, Text, today
from klientel.kernel.kinds.base import currency_of_tenant
from klientel.kernel.records import type_of
from klientel.sales.models import Deal, Lead, Product, Quote
from klientel.sales.models.holding import OPEN as OPEN_DEAL
from klientel.sales.models.leading import CONTACTED, CONVERTED, DISQUALIFIED, MQL, NEW, NURTURED, OPEN, SQL
from klientel.sales.queries.prices import prices

_GRADES = ((MQL, _("by marketing")), (SQL, _("by sales")))


@action(
    "sales.lead",
    _("Take it"),
    said=_("took over the lead"),
    needs="change",
    icon="hand",
    offered={"status": OPEN, "owner": False},
    writes={"owner": ...},
)
def take(step: Step, lead: Lead) -> None:
    """Look after a lead that nobody looks after yet."""
    _still_open(step, lead)
    step.require(lead.owner in (None, step.actor.member), "taken", _("Somebody else looks after this lead already."))
    step.require(step.actor.member is not None, "nobody", _("Only a member can take a lead."))
    step.change(lead, owner=step.actor.member)
    step.mark(lead)


@action(
    "sales.lead",
    _("Contacted"),
    said=_("got in touch"),
    needs="change",
    icon="phone",
    offered={"status": (NEW, MQL, NURTURED)},
    writes={"status": CONTACTED, "owner": ...},
)
def contacted(step: Step, lead: Lead) -> None:
    """Somebody has answered; whoever says so looks after it from now on, if nobody did."""
    _still_open(step, lead)
    step.require(lead.status != CONTACTED, "contacted_already", _("This lead is contacted already."))
    step.change(lead, status=CONTACTED)
    if lead.owner is None and step.actor.member is not None:
        step.change(lead, owner=step.actor.member)


@action(
    "sales.lead",
    _("Qualified"),
    said=_("qualified the lead"),
    needs="change",
    icon="badge-check",
    offered={"status": OPEN},
    writes={"status": ...},
)
def qualify(step: Step, lead: Lead, *, grade: Annotated[str, Choice(_("qualified"), of=_GRADES)] = SQL) -> None:
    """It is worth the work: by the rules of marketing, or after a talk of sales."""
    _still_open(step, lead)
    step.change(lead, status=grade or SQL)


@action(
    "sales.lead",
    _("Nurture"),
    said=_("put the lead into care"),
    needs="change",
    icon="sprout",
    offered={"status": OPEN},
    writes={"status": NURTURED},
)
def nurture(step: Step, lead: Lead) -> None:
    """Not now: keep in touch until the time has come."""
    _still_open(step, lead)
    step.change(lead, status=NURTURED)


@action(
    "sales.lead",
    _("Disqualify"),
    said=_("disqualified the lead"),
    needs="change",
    icon="circle-x",
    offered={"status": OPEN},
    writes={"status": DISQUALIFIED, "reason": ...},
)
def disqualify(step: Step, lead: Lead, *, reason: Annotated[UUID, Link("sales.closereason", _("reason"))]) -> None:
    """Nothing will come of it, and why."""
    _still_open(step, lead)
    step.change(lead, status=DISQUALIFIED, reason=reason)


@action(
    "sales.lead",
    _("Reopen"),
    said=_("reopened the lead"),
    needs="change",
    icon="rotate-ccw",
    offered={"status": (DISQUALIFIED,)},
    writes={"status": ...},
)
def reopen(step: Step, lead: Lead) -> None:
    """Something may come of it after all."""
    step.require(lead.status == DISQUALIFIED, "not_disqualified", _("This lead is not disqualified."))
    step.change(lead, status=CONTACTED if lead.first_response_at else NEW)


@action(
    "sales.lead",
    _("Hand over"),
    said=_("handed over the lead"),
    needs="assign",
    icon="user-check",
    writes={"owner": ...},
)
def hand_over(
    step: Step,
    lead: Lead,
    *,
    owner: Annotated[UUID, Link("kernel.member", _("to"))],
    reason: Annotated[str, Text(_("reason"), max_length=300)],
) -> None:
    """Somebody else looks after it from now on, and why."""
    step.change(lead, owner=owner)
    step.keep(reason=reason)
    step.mark(lead)


@action(
    "sales.lead",
    _("Convert to a deal"),
    said=_("made a deal of the lead"),
    needs="change",
    icon="target",
    offered={"status": (*OPEN, DISQUALIFIED)},
    writes={"status": CONVERTED, "deal": ..., "sales.deal": declaring.NEW},
)
def convert(step: Step, lead: Lead, *, value: Annotated[Any, Money(_("value"))] = None) -> None:
    """It becomes a deal with the same person and organisation; the lead stays beside it."""
    step.require(lead.status != CONVERTED, "converted_already", _("This lead is a deal already."))
    made = step.create(
        "sales.deal", name=lead.name, person=lead.person, organisation=lead.organisation, source=lead.source,
        campaign=lead.campaign, value=value, owner=lead.owner or step.actor.member, tags=list(lead.tags),
        positions=_wanted(step, lead),
    )  # fmt: skip
    step.stamp(lead, deal=made.id)
    step.change(lead, status=CONVERTED)


@action(
    "sales.lead",
    _("Back to a lead"),
    said=_("turned the deal back into the lead"),
    needs="change",
    icon="undo-2",
    offered={"status": (CONVERTED,)},
    writes={"status": SQL, "deal": ..., "sales.deal": declaring.CHANGED},
)
def unconvert(step: Step, lead: Lead) -> None:
    """The deal came too early: it goes to the recycle bin, unless something happened with it."""
    step.require(lead.status == CONVERTED, "not_converted", _("This lead is no deal."))
    step.settle_record(lead.deal)
    deal = Deal.objects.select_for_update().filter(pk=lead.deal, archived_at=None).first()
    if deal is not None:
        moved = deal.state != OPEN_DEAL or deal.entered_stage_at not in (None, deal.created_at)
        step.require(not moved, "deal_moved", _("The deal has moved on since. Please close it there, with a reason."))
        quoted = Quote.objects.filter(deal=deal.pk, archived_at=None).exists()
        step.require(not quoted, "deal_quoted", _("There is a quote for the deal. Please close the deal instead."))
        step.archive(deal)
    step.change(lead, status=SQL)
    step.stamp(lead, deal=None)


def _still_open(step: Step, lead: Lead) -> None:
    step.require(lead.status in OPEN, "closed", _("This lead is closed. Please reopen it first."))


def _wanted(step: Step, lead: Lead) -> list[dict[str, str]]:
    """One of each product they are interested in, as lines of a deal, at today's price where there is one."""
    seen = visible_ids(step.scope, type_of("sales.product"), list(lead.products))
    found = [one for one in Product.objects.filter(pk__in=seen) if one.pk in lead.products]
    known = prices(dict.fromkeys(seen, Decimal(1)), currency=currency_of_tenant(), day=today())
    return [
        {
            "product": "" if one.archived_at else str(one.pk), "name": one.title[:300], "quantity": "1",
            "unit": one.unit, "tax": one.tax or "standard", "number": one.number,
        } | ({"price": format(known[one.pk].price, "f")} if one.pk in known else {})
        for one in found
    ]  # fmt: skip
