"""Whom we meet when we sell: what they are good at, and what we say to that."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Link, LongText
from klientel.kernel.records.record import Record


class Competitor(Record):
    """What is known of a competitor. Which deals it competes for stands at the deals."""

    organisation = Link("contacts.organisation", _("organisation"), required=True, reverse=_("as a competitor"),
                        on_erase="with")  # fmt: skip
    strengths = LongText(_("strengths"), max_length=4000)
    weaknesses = LongText(_("weaknesses"), max_length=4000)
    answer = LongText(_("what we answer"), max_length=4000)

    class Meta(Record.Meta):
        app_label = "sales"
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "organisation", "id", name="competitor_organisation"),
        ]

    class About:
        label, plural, slug, icon, group = _("competitor"), _("competitors"), "competitors", "swords", _("Sales")
        aside = True
        title = staticmethod(lambda one: one.strengths[:80])
        made_of = ("strengths",)
        columns = ("organisation", "strengths", "weaknesses")
        concerns = ("organisation",)
        tie = True
        sections = ((_("Competitor"), ("organisation", "strengths", "weaknesses", "answer")),)
