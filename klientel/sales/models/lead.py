"""An interest of somebody in what we sell: where it comes from, who looks after it, how far it is."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, DateTime, Link, Links, LongText, Privacy, Text, Whole
from klientel.kernel.records.board import Board
from klientel.kernel.records.record import Record
from klientel.sales.models import explaining, leading
from klientel.sales.models.leading import CONVERTED, DISQUALIFIED, NEW, STATUSES, TONES


class Lead(Record):
    """A lead: what somebody is interested in. Who that is stands on the linked person and organisation alone."""

    name = Text(_("interest"), required=True)
    person = Link("contacts.person", _("person"), reverse=_("leads"), privacy=Privacy.PERSONAL)
    organisation = Link("contacts.organisation", _("organisation"), reverse=_("leads"))
    status = Choice(_("state"), of=STATUSES, default=NEW, tones=TONES)
    source = Text(_("source"), max_length=120)
    campaign = Text(_("campaign"), max_length=120)
    products = Links("sales.product", _("interested in"), reverse=_("leads"))
    message = LongText(_("message"), privacy=Privacy.PERSONAL, search="C")
    team = Link("kernel.team", _("team inbox"), reverse=_("leads"))
    reason = Link("sales.closereason", _("reason"), reverse=_("leads"))
    deal = Link("sales.deal", _("deal"), reverse=_("leads"), readonly=True)
    status_since = DateTime(_("in this state since"), readonly=True)
    score = Whole(_("score"), readonly=True)
    remind_at = DateTime(_("reminder of the answer"), readonly=True)
    respond_by = DateTime(_("to be answered by"), readonly=True)
    first_response_at = DateTime(_("first reaction"), readonly=True)
    response_minutes = Whole(_("minutes to the first reaction"), readonly=True)
    closed_at = DateTime(_("closed at"), readonly=True)
    intake = Text(_("form sent"), max_length=40, readonly=True)
    score_lines = models.JSONField(default=list, editable=False)  # rule, points, of how many, when it happened
    scored_at = models.DateTimeField(null=True, editable=False)  # none: to be worked out anew

    class Meta(Record.Meta):
        app_label = "sales"
        constraints = [
            models.UniqueConstraint("tenant_id", "intake", name="lead_intake_once", condition=~models.Q(intake="")),
        ]
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "status", "status_since", "id", name="lead_board"),
            models.Index("tenant_id", "team", "status", "id", name="lead_team"),
            models.Index("tenant_id", "person", "id", name="lead_person"),
            models.Index("tenant_id", "organisation", "id", name="lead_organisation"),
            models.Index("tenant_id", "deal", "id", name="lead_deal"),
            models.Index("tenant_id", "score", "id", name="lead_score", condition=models.Q(archived_at=None)),
            models.Index("tenant_id", "id", name="lead_unscored", condition=models.Q(scored_at=None, closed_at=None)),
            models.Index("tenant_id", "remind_at", name="lead_reminder", condition=models.Q(first_response_at=None)),
            models.Index("tenant_id", "respond_by", name="lead_due", condition=models.Q(first_response_at=None)),
            GinIndex(fields=["tenant_id", "products"], name="lead_products", opclasses=["uuid_ops", "array_ops"]),
        ]

    class About:
        label, plural, slug, icon, group = _("lead"), _("leads"), "leads", "flame", _("Sales")
        confidential = True
        title = "name"
        order = "-created_at"
        begins = {"field": "closed_at", "op": "empty"}
        columns = ("person", "organisation", "status", "score", "next_day", "owner")
        concerns = ("person", "organisation")
        own = leading.WORKED_OUT
        derive, derives = leading.derive, leading.DERIVES
        fitting = {"status": "disqualified"}
        often = ("take", "contacted", "disqualify", "convert")
        board = Board(
            by="status",
            order="status_since",
            since="status_since",
            card=("person", "organisation"),
            ends="closed_at",
            verbs={DISQUALIFIED: "disqualify", CONVERTED: "convert"},
            aside=(DISQUALIFIED,),
        )
        sections = (
            (_("Lead"), ("name", "person", "organisation", "products", "message")),
            (_("Care"), ("status", "team", "owner", "reason", "deal", "tags")),
            (_("Origin"), ("source", "campaign", "intake")),
            (
                _("Progress"),
                (
                    "score",
                    "next_day",
                    "idle",
                    "status_since",
                    "respond_by",
                    "first_response_at",
                    "response_minutes",
                    "closed_at",
                ),
            ),
        )

    def worth(self, scope: Any) -> list[explaining.Line]:
        """What gives it points, see `explaining`."""
        return explaining.worth(scope, self)

    def assigned(self, scope: Any) -> explaining.Assigned | None:
        """Why its owner looks after it, see `explaining`."""
        return explaining.assigned(scope, self)
