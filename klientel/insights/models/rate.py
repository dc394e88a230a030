"""What amounts in other currencies were worth in ours, day by day."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.actions.workspace import CURRENCIES
from klientel.kernel.errors import Refused
from klientel.kernel.kinds import Choice, Date, Decimal, Text
from klientel.kernel.records.record import Record


def _in_order(record: Any) -> None:
    if record.rate is not None and record.rate <= 0:
        raise Refused("not_positive", _("A rate must be above zero."), "rate")


class Rate(Record):
    """From its day on, one unit of the currency is worth so much in the currency of the tenant.

    It counts until a rate of a later day; of several of the same day the one that was made last counts. Our own
    currency needs none, and one that is there counts for nothing.
    """

    currency = Choice(_("currency"), of=[(c, c) for c in CURRENCIES], required=True)
    day = Date(_("from day"), required=True)
    rate = Decimal(
        _("rate"), required=True, max_digits=18, decimal_places=8,
        help_text=_("What one unit of it is worth in our currency"),
    )  # fmt: skip
    source = Text(_("source"), max_length=200, help_text=_("Such as European Central Bank"))

    class Meta(Record.Meta):
        app_label = "insights"
        indexes = [
            *Record.Meta.indexes,
            models.Index(
                "tenant_id", "currency", "day", "id",
                name="rate_of_day", condition=models.Q(archived_at=None),
            ),
        ]  # fmt: skip

    class About:
        label, plural, slug, icon = _("exchange rate"), _("exchange rates"), "exchange-rates", "arrow-right-left"
        note = _("What other currencies are worth, from which day")
        title = staticmethod(lambda one: f"{one.currency} {one._meta.get_field('rate').write(one.rate)}")
        made_of = ("currency", "rate")
        order = "-day"
        columns = ("currency", "day", "rate", "source")
        sections = ((_("Exchange rate"), ("currency", "day", "rate", "source")),)
        check = staticmethod(_in_order)
        system = open = True
        mergeable = False
