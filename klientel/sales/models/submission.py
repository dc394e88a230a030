"""What somebody says will be sold: kept beside what was worked out at that moment."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from klientel.insights.queries.rates import converted
from klientel.kernel.kinds import Choice, Date, Link, LongText, Money, YesNo
from klientel.kernel.kinds.base import currency_of_tenant
from klientel.kernel.records.record import Record
from klientel.kernel.sql import Sql
from klientel.kernel.tenancy import current
from klientel.lib.dates import add_months
from klientel.sales.models.target import SPANS

_CALCULATED = """
SELECT coalesce(sum(CASE WHEN t.state = 'won' THEN {worth} ELSE {worth} * coalesce(t.probability, 0) / 100 END), 0)
FROM sales_deal t WHERE t.tenant_id = %s AND t.archived_at IS NULL AND t.owner = %s AND t.counts_on >= %s
AND t.counts_on < %s AND (t.state = 'won' OR (t.state = 'open' AND coalesce(t.category, '') <> 'omitted'))
"""


def derive(step: Any, draft: Any) -> None:
    """A new one keeps who submitted it and what won and weighted open deals of its owner come to at that moment."""
    record = draft.record
    if not draft.new:
        return
    if record.owner is None and step.actor.member is not None:
        step.stamp(record, owner=step.actor.member)
    first = record.begins.replace(day=1)
    after = add_months(first, 3 if record.span == "quarter" else 12 if record.span == "year" else 1)
    worth = converted(Sql("t.value"), Sql("t.counts_on"))
    with connection.cursor() as cursor:
        params = [*worth.params, *worth.params, current(), record.owner, first, after]
        cursor.execute(_CALCULATED.format(worth=worth.text), params)
        found = cursor.fetchone()[0]
    amount = f"{Decimal(found).quantize(Decimal('0.01'), ROUND_HALF_UP):.2f}"
    step.stamp(
        record,
        calculated={"amount": amount, "currency": currency_of_tenant()},
        submitted_by=step.actor.member,
        overrides=step.actor.member != record.owner,
    )


class Submission(Record):
    """A submitted forecast of its owner for a month, quarter or year from the month of its first day on; the last one
    counts, all are kept.

    Whoever submits another number for somebody else overrides it.
    """

    begins = Date(_("begins on"), required=True)
    span = Choice(_("for one"), of=SPANS, required=True, default="month")
    amount = Money(_("forecast"), required=True)
    note = LongText(_("note"), max_length=2000)
    calculated = Money(_("worked out"), readonly=True)
    submitted_by = Link("kernel.member", _("submitted by"), readonly=True, reverse=_("submitted forecasts"))
    overrides = YesNo(_("overrides"), default=False, readonly=True)

    class Meta(Record.Meta):
        app_label = "sales"
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "begins", "id", name="submission_begins"),
            models.Index("tenant_id", "submitted_by", "id", name="submission_submitted_by"),
        ]

    class About:
        label, plural, slug, icon = (
            _("submitted forecast"), _("submitted forecasts"), "submitted-forecasts", "clipboard-check",
        )  # fmt: skip
        group, aside = _("Sales"), True
        confidential = True
        title = staticmethod(lambda one: one._meta.get_field("amount").show(one.amount))
        made_of = ("amount",)
        order = "-begins"
        columns = ("begins", "span", "owner", "amount", "calculated", "overrides", "submitted_by", "created_at")
        sections = (
            (_("Submitted forecast"), ("begins", "span", "owner", "amount", "note")),
            (_("At that moment"), ("calculated", "submitted_by", "overrides")),
        )
        derive = derive
        mergeable = False
