"""A person belongs to an organisation, in a role, for a time."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Date, Link, Privacy, Text
from klientel.kernel.records.record import Record


class Affiliation(Record):
    """A further or former place of a person at an organisation; the present main one stands at the person."""

    person = Link("contacts.person", _("person"), required=True, reverse=_("affiliations"))
    organisation = Link("contacts.organisation", _("organisation"), required=True, reverse=_("affiliations"))
    role = Text(_("role"), max_length=120, privacy=Privacy.PERSONAL)
    begins = Date(_("from"), privacy=Privacy.PERSONAL)
    ends = Date(_("until"), privacy=Privacy.PERSONAL)

    class Meta(Record.Meta):
        app_label = "contacts"
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "person", "id", name="affiliation_person"),
            models.Index("tenant_id", "organisation", "id", name="affiliation_organisation"),
        ]

    class About:
        label, plural, slug, icon, group = (
            _("affiliation"),
            _("affiliations"),
            "affiliations",
            "id-card",
            _("Contacts"),
        )
        title = "role"
        aside = True
        columns = ("person", "organisation", "role", "begins", "ends")
        concerns = ("person", "organisation")
        tie = True
        sections = ((_("Affiliation"), ("person", "organisation", "role", "begins", "ends")),)
