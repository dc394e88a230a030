"""A chance to sell something: how much, to whom, how likely, until when."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, Date, DateTime, Link, Links, LongText, Money, Privacy, Text, Whole
from klientel.kernel.records.board import Board
from klientel.kernel.records.calendar import Calendar
from klientel.kernel.records.record import Record
from klientel.sales.models import staging
from klientel.sales.models.pipeline import CATEGORIES, LOST, OPEN, OUTCOMES, TONES, WON


class Deal(Record):
    """A deal (Verkaufschance). Its stage says its state and, until somebody knows better, its probability."""

    name = Text(_("name"), required=True)
    organisation = Link("contacts.organisation", _("organisation"), reverse=_("deals"))
    person = Link("contacts.person", _("contact person"), reverse=_("deals"), privacy=Privacy.PERSONAL)
    pipeline = Link("sales.pipeline", _("pipeline"), reverse=_("deals"))
    stage = Link("sales.stage", _("stage"), reverse=_("deals"))
    value = Money(_("value"))
    probability = Whole(_("probability in %"), least=0, most=100)
    expected_close = Date(_("expected close"))
    category = Choice(_("in the forecast"), of=CATEGORIES)
    begun = Date(_("begun on"))
    counts_on = Date(_("counts on"), readonly=True, help_text=_("The day it was closed, else the expected one"))
    source = Text(_("source"), max_length=120)
    competitors = Links("contacts.organisation", _("competitors"), reverse=_("competes for"))
    description = LongText(_("description"), search="C")
    state = Choice(_("state"), of=OUTCOMES, default=OPEN, tones=TONES, readonly=True)
    entered_stage_at = DateTime(_("in this stage since"), readonly=True)
    closed_at = DateTime(_("closed at"), readonly=True)
    reason = Link("sales.closereason", _("reason for closing"), reverse=_("deals"))
    reason_note = Text(_("note on closing"), max_length=500)

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
            GinIndex(fields=["tenant_id", "competitors"], name="deal_competitors", opclasses=["uuid_ops", "array_ops"]),
        ]

    class About:
        label, plural, slug, icon, group = _("deal"), _("deals"), "deals", "target", _("Sales")
        title = "name"
        order = "expected_close"
        columns = ("organisation", "stage", "value", "probability", "expected_close", "owner", "state")
        concerns = ("organisation", "person")
        derive = staging.derive
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
            (_("Deal"), ("name", "organisation", "person", "value", "probability", "expected_close", "owner")),
            (
                _("Progress"),
                (
                    "pipeline",
                    "stage",
                    "state",
                    "category",
                    "begun",
                    "counts_on",
                    "entered_stage_at",
                    "closed_at",
                    "reason",
                    "reason_note",
                ),
            ),
            (_("About"), ("source", "competitors", "description", "tags")),
        )
