"""What was agreed for longer than one delivery."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, Date, DateTime, File, Link, LongText, Money, Privacy, Text, Whole
from klientel.kernel.records.record import Record
from klientel.sales.models import contracting
from klientel.sales.models.keeping import LETTER, why_kept


class Contract(Record):
    """A contract with a term. When it ends, until when notice must have arrived and when to think of it follows."""

    name = Text(_("subject"), required=True)
    number = Text(_("contract number"), max_length=80, search="A")
    state = Choice(_("state"), of=contracting.STATES, default="active", tones=contracting.TONES, readonly=True)
    organisation = Link("contacts.organisation", _("organisation"), reverse=_("contracts"))
    person = Link("contacts.person", _("contact person"), reverse=_("contracts"), privacy=Privacy.PERSONAL)
    order = Link("sales.order", _("order"), reverse=_("contracts"))
    value = Money(_("value per period"))
    period = Choice(_("period of the value"), of=contracting.PERIODS, default="month")
    yearly = Money(_("value per year"), readonly=True)
    begins = Date(_("begins"), required=True)
    renewal = Choice(_("renewal"), of=contracting.RENEWALS, default="ends")
    term = Whole(_("term"), least=1, most=1200)
    term_unit = Choice(_("unit of the term"), of=contracting.UNITS, default="month")
    renewal_term = Whole(_("term of a renewal"), least=1, most=1200, help_text=_("Empty: as long as the first"))
    notice = Whole(_("period of notice"), least=0, most=1200)
    notice_unit = Choice(_("unit of the notice"), of=contracting.NOTICE_UNITS, default="month")
    notice_to = Choice(
        _("notice to the end of"), of=contracting.ANCHORS, default="month",
        help_text=_("Of a contract that runs until notice"),
    )  # fmt: skip
    ends = Date(_("end of the term"), help_text=_("Worked out from the term where it is empty"))
    renews_on = Date(_("renews by itself on"), readonly=True)
    notice_by = Date(_("last day to give notice"), readonly=True)
    remind_days = Whole(_("remind so many days before"), least=0, most=730, default=30)
    remind_at = DateTime(_("reminder"), readonly=True)
    noticed_on = Date(_("notice arrived on"), readonly=True)
    last_day = Date(_("last day of the contract"), readonly=True)
    reason = Text(_("reason"), max_length=500, readonly=True, privacy=Privacy.PERSONAL)
    document = File(_("document"))
    description = LongText(_("description"), privacy=Privacy.PERSONAL)

    class Meta(Record.Meta):
        app_label = "sales"
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "organisation", "id", name="contract_organisation"),
            models.Index("tenant_id", "person", "id", name="contract_person"),
            models.Index("tenant_id", "order", "id", name="contract_order"),
            models.Index("tenant_id", "number", name="contract_number"),
            models.Index("tenant_id", "notice_by", "id", name="contract_notice", condition=models.Q(state="active")),
            models.Index("tenant_id", "remind_at", name="contract_reminder", condition=models.Q(state="active")),
            models.Index("tenant_id", "ends", name="contract_ends", condition=~models.Q(state="ended")),
        ]

    class About:
        label, plural, slug, icon, group = _("contract"), _("contracts"), "contracts", "file-pen-line", _("Sales")
        confidential = True
        title = staticmethod(lambda one: " ".join(filter(None, (one.number, one.name))))
        made_of = ("number", "name")
        order = "notice_by"
        columns = ("state", "organisation", "yearly", "notice_by", "ends", "renewal")
        concerns = ("order", "organisation", "person")
        derive, derives = contracting.derive, contracting.DERIVES
        retained = staticmethod(lambda one: why_kept(one.last_day or one.ends or one.begins, LETTER))
        mergeable = False
        sections = (
            (_("Contract"), ("name", "number", "state", "organisation", "person", "order", "owner")),
            (_("Value"), ("value", "period", "yearly")),
            (_("Term"), ("begins", "renewal", "term", "term_unit", "renewal_term", "ends", "renews_on")),
            (_("Notice"), ("notice", "notice_unit", "notice_to", "notice_by", "remind_days", "remind_at",
                           "noticed_on", "last_day", "reason")),
            (_("About"), ("document", "description", "tags")),
        )  # fmt: skip
