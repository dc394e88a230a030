"""A firm, authority or association."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.contacts.models import matching
from klientel.contacts.models.person import STAGES, TONES
from klientel.kernel.kinds import Addresses, Choice, Emails, Link, LongText, Money, Phones, Text, Url, Whole
from klientel.kernel.records import Counted
from klientel.kernel.records.record import Record

INDUSTRIES = (
    ("agriculture", _("Agriculture")),
    ("manufacturing", _("Manufacturing")),
    ("energy", _("Energy and water")),
    ("construction", _("Construction")),
    ("trade", _("Trade")),
    ("transport", _("Transport and logistics")),
    ("hospitality", _("Hospitality")),
    ("it", _("Information and communication")),
    ("finance", _("Finance and insurance")),
    ("property", _("Property")),
    ("services", _("Professional services")),
    ("public", _("Public administration")),
    ("education", _("Education")),
    ("health", _("Health and social care")),
    ("culture", _("Arts and leisure")),
    ("association", _("Associations")),
    ("other", _("Other")),
)


class Organisation(Record):
    """A firm, authority or association we deal with or would like to."""

    name = Text(_("name"), required=True)
    legal_form = Text(_("legal form"), max_length=60)
    industry = Choice(_("industry"), of=INDUSTRIES)
    employees = Whole(_("number of employees"), least=0)
    turnover = Money(_("yearly turnover"))
    parent = Link("contacts.organisation", _("belongs to"), reverse=_("subsidiaries"))
    vat_id = Text(_("VAT ID"), max_length=20, search="B")
    customer_number = Text(_("customer number"), max_length=40, search="B")
    emails = Emails(_("e-mail"), search="B")
    phones = Phones(_("phone"), search="B")
    addresses = Addresses(_("address"), search="C")
    website = Url(_("website"), search="B")
    stage = Choice(_("lifecycle stage"), of=STAGES, tones=TONES)
    source = Text(_("source"), max_length=120)
    description = LongText(_("description"))

    class Meta(Record.Meta):
        app_label = "contacts"
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "parent", "id", name="organisation_parent"),
            GinIndex(
                fields=["match_keys", "tenant_id"],
                name="organisation_match",
                opclasses=["array_ops", "uuid_ops"],
                fastupdate=False,
            ),
        ]

    class About:
        label, plural, slug, icon, group = (
            _("organisation"),
            _("organisations"),
            "organisations",
            "building-2",
            _("Contacts"),
        )
        title = "name"
        face = True
        columns = ("industry", "addresses", "stage", "employees", "phones", "owner", "changed_at")
        concerns = ("parent",)
        tree = {"parent": Counted(("employees", "turnover"))}
        match = matching.ORGANISATIONS
        sections = (
            (
                _("Organisation"),
                ("name", "legal_form", "industry", "employees", "turnover", "parent", "vat_id", "customer_number"),
            ),
            (_("Contact details"), ("emails", "phones", "addresses", "website")),
            (_("Relationship"), ("stage", "source", "owner", "tags", "description")),
        )
