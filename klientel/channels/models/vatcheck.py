"""What the tax authorities say of a VAT ID: when they were asked, by which service, and what came of it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, DateTime, Link, LongText, Privacy, Text, Whole
from klientel.kernel.records.record import Record

OUTCOMES = (
    ("waiting", _("not answered yet")),
    ("valid", _("valid")),
    ("invalid", _("not valid")),
    ("unanswered", _("no answer")),
)
#: why there is no answer; told in the language of whoever reads it
TROUBLES = (
    ("busy", _("VIES has too many requests at the moment.")),
    ("country", _("The tax authority of this country does not answer at present.")),
    ("silent", _("VIES does not answer at present.")),
    ("unclear", _("VIES gave an answer that cannot be understood.")),
    ("refused", _("VIES takes no requests from this server.")),
    ("foreign", _("VIES knows only VAT IDs of the EU and of Northern Ireland, with their check digits.")),
    ("unread", _("VIES cannot read this VAT ID.")),
    ("own", _("VIES does not accept our own VAT ID. It stands in the settings of the workspace.")),
    ("closed", _("VIES may not be reached from this server.")),
    ("off", _("VIES is no longer asked in this workspace.")),
)


class VatCheck(Record):
    """One question to the authorities whether a VAT ID is valid, and their answer as it came."""

    organisation = Link(
        "contacts.organisation", _("organisation"), required=True, reverse=_("VAT ID checks"), on_erase="with"
    )
    vat_id = Text(_("VAT ID"), required=True, max_length=20)
    outcome = Choice(
        _("outcome"),
        of=OUTCOMES,
        default="waiting",
        readonly=True,
        tones={"waiting": "info", "valid": "ok", "invalid": "bad", "unanswered": "warn"},
    )
    source = Choice(_("source"), of=(("vies", _("VIES of the European Commission")),), default="vies", readonly=True)
    answered_at = DateTime(_("answered at"), readonly=True)
    reference = Text(_("consultation number"), readonly=True, max_length=60)
    trader = Text(_("registered name"), readonly=True, max_length=300, privacy=Privacy.PERSONAL)
    address = LongText(_("registered address"), readonly=True, max_length=1000, privacy=Privacy.PERSONAL)
    trouble = Choice(_("why there is no answer"), of=TROUBLES, readonly=True)
    tries = Whole(_("times asked"), readonly=True, default=0)
    due_at = DateTime(_("asked again at"), readonly=True)

    class Meta(Record.Meta):
        app_label = "channels"
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "organisation", "id", name="vatcheck_organisation"),
            models.Index(
                "tenant_id", "due_at", name="vatcheck_due", condition=models.Q(outcome="waiting", archived_at=None)
            ),
        ]

    class About:
        label, plural, slug, icon, group = (
            _("VAT ID check"),
            _("VAT ID checks"),
            "vat-checks",
            "badge-check",
            _("Contacts"),
        )
        title = "vat_id"
        order = "-created_at"
        columns = ("organisation", "outcome", "source", "answered_at", "trader", "reference", "trouble")
        concerns = ("organisation",)
        sections = (
            (_("VAT ID check"), ("organisation", "vat_id", "outcome", "source", "answered_at", "reference")),
            (_("Answer"), ("trader", "address", "trouble", "tries", "due_at")),
        )
        aside = arises = True
        mergeable = False
