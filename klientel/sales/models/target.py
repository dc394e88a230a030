"""What is to be sold in a month, quarter or year: by somebody, by a team, or in all."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, Date, Link, Money
from klientel.kernel.records.record import Record

SPANS = (("month", _("month")), ("quarter", _("quarter")), ("year", _("year")))


class Target(Record):
    """A sales target, from the month of its first day on. One that names a person is theirs, else that of a team, else
    that of all; without pipeline it is of all pipelines together."""

    begins = Date(_("begins on"), required=True)
    span = Choice(_("for one"), of=SPANS, required=True, default="month")
    member = Link("kernel.member", _("person"), reverse=_("targets"))
    team = Link("kernel.team", _("team"), reverse=_("targets"))
    pipeline = Link("sales.pipeline", _("pipeline"), reverse=_("targets"))
    amount = Money(_("target"), required=True)

    class Meta(Record.Meta):
        app_label = "sales"
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "begins", "id", name="target_begins"),
            models.Index("tenant_id", "member", "id", name="target_member"),
            models.Index("tenant_id", "team", "id", name="target_team"),
            models.Index("tenant_id", "pipeline", "id", name="target_pipeline"),
        ]

    class About:
        label, plural, slug, icon = _("sales target"), _("sales targets"), "sales-targets", "goal"
        note = _("What a person or team shall sell in a period")
        title = staticmethod(lambda one: one._meta.get_field("amount").show(one.amount))
        made_of = ("amount",)
        order = "-begins"
        columns = ("begins", "span", "member", "team", "pipeline", "amount")
        sections = ((_("Sales target"), ("begins", "span", "member", "team", "pipeline", "amount")),)
        system = open = True
        mergeable = False
