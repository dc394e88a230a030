"""A chance to sell something: how much, to whom, how likely, until when."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, Date, DateTime, Link, Links, LongText, Money, Privacy, Text, Whole, YesNo
from klientel.kernel.kinds.base import currency_of_tenant
from klientel.kernel.records import Counted
from klientel.kernel.records.board import Board
from klientel.kernel.records.calendar import Calendar
from klientel.kernel.records.record import Record
from klientel.sales.models import dealing, staging, telling
from klientel.sales.models.checklist import Ticks
from klientel.sales.models.holding import LOST, OPEN, WON
from klientel.sales.models.pipeline import CATEGORIES, OUTCOMES, TONES
from klientel.sales.models.positions import Positions


class Deal(Record):
    """A deal (Verkaufschance). Its stage says its state and, until somebody knows better, its probability."""

    name = Text(_("name"), required=True)
    organisation = Link("contacts.organisation", _("organisation"), reverse=_("deals"))
    person = Link("contacts.person", _("contact person"), reverse=_("deals"), privacy=Privacy.PERSONAL)
    pipeline = Link("sales.pipeline", _("pipeline"), reverse=_("deals"))
    stage = Link("sales.stage", _("stage"), reverse=_("deals"))
    value = Money(_("value"))
    positions = Positions(_("products"))
    value_by_hand = YesNo(
        _("value set by hand"), default=False, help_text=_("Otherwise the value is the net sum of the products.")
    )
    probability = Whole(_("probability in %"), least=0, most=100)
    expected_close = Date(_("expected close"))
    category = Choice(_("in the forecast"), of=CATEGORIES)
    begun = Date(_("begun on"))
    counts_on = Date(_("counts on"), readonly=True, help_text=_("The day it was closed, else the expected one"))
    source = Text(_("source"), max_length=120)
    campaign = Text(_("campaign"), max_length=120)
    competitors = Links("contacts.organisation", _("competitors"), reverse=_("competes for"))
    description = LongText(_("description"), search="C")
    state = Choice(_("state"), of=OUTCOMES, default=OPEN, tones=TONES, readonly=True)
    entered_stage_at = DateTime(_("in this stage since"), readonly=True)
    closed_at = DateTime(_("closed at"), readonly=True)
    reason = Link("sales.closereason", _("reason for closing"), reverse=_("deals"))
    reason_note = Text(_("note on closing"), max_length=500)
    lost_to = Link("contacts.organisation", _("lost to"), reverse=_("deals won against us"))
    ticks = Ticks(_("ticked off"), readonly=True)

    class Meta(Record.Meta):
        app_label = "sales"
        indexes = [
            *Record.Meta.indexes,
            models.Index(
                "tenant_id", "stage", "expected_close", "id", name="deal_board", condition=models.Q(archived_at=None)
            ),
            models.Index("tenant_id", "expected_close", "id", name="deal_close", condition=models.Q(archived_at=None)),
            models.Index("tenant_id", "organisation", "id", name="deal_organisation"),
            models.Index("tenant_id", "person", "id", name="deal_person"),
            models.Index("tenant_id", "pipeline", "closed_at", "id", name="deal_closed"),
            models.Index(
                fields=["tenant_id", "counts_on"],
                name="deal_counts",
                condition=models.Q(archived_at=None),
                include=["state", "category", "probability", "value", "owner", "pipeline", "restricted", "begun"],
            ),
            models.Index("tenant_id", "begun", "id", name="deal_begun", condition=models.Q(archived_at=None)),
            models.Index("tenant_id", "lost_to", "id", name="deal_lost_to", condition=~models.Q(lost_to=None)),
            GinIndex(fields=["tenant_id", "competitors"], name="deal_competitors", opclasses=["uuid_ops", "array_ops"]),
        ]

    class About:
        label, plural, slug, icon, group = _("deal"), _("deals"), "deals", "target", _("Sales")
        confidential = True
        title = "name"
        order = "expected_close"
        begins = {"field": "state", "op": "is", "value": OPEN}
        columns = ("organisation", "stage", "value", "expected_close", "next_day", "owner")
        concerns = ("organisation", "person")
        own = dealing.WORKED_OUT
        derive, derives = staging.derive, staging.DERIVES
        tree = {
            "organisation": Counted(("value",), {"field": "state", "op": "is", "value": OPEN}, _("open deals")),
        }
        calendar = Calendar(start="expected_close", over="closed_at")
        board = Board(
            by="stage",
            within="pipeline",
            amount="value",
            weight="probability",
            order="expected_close",
            since="entered_stage_at",
            card=("organisation", "person"),
            ends="closed_at",
            outcome="outcome",
            verbs={WON: "win", LOST: "lose"},
            aside=(LOST,),
            begin="sales.pipeline.begin",
        )
        sections = (
            (_("Deal"), ("name", "organisation", "person", "value", "value_by_hand", "probability", "expected_close",
                         "owner")),
            (_("Progress"), ("pipeline", "stage", "state", "category", "begun", "counts_on", "next_day",
                             "idle", "entered_stage_at", "rots_at", "rotting",
                             "closed_at", "reason", "reason_note", "lost_to")),
            (_("About"), ("source", "campaign", "competitors", "description", "tags")),
        )  # fmt: skip

    #: what a sheet of lines asks besides its lines; a quote says more (see `quoting.sheet_of`)
    discount = form = date = None
    language = "de"

    @property
    def currency(self) -> str:
        """The currency of its products: that of its value, else the tenant's."""
        return (self.value or {}).get("currency") or currency_of_tenant()

    @property
    def told(self) -> dict[str, Any]:
        """Its products and sums as texts in the active language, see `telling.told`."""
        return telling.told(self, self.positions or [], get_language() or "de")
