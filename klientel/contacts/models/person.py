"""Somebody we can reach."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from klientel.contacts.models import matching
from klientel.kernel.kinds import Addresses, Choice, Date, Emails, Language, Link, LongText, Phones, Privacy, Text, Url
from klientel.kernel.records import Counted
from klientel.kernel.records.record import Record
from klientel.lib.names import full_name, sort_name
from klientel.lib.salutation import letter_salutation

STAGES = (
    ("prospect", _("Prospect")),
    ("lead", _("Lead")),
    ("customer", _("Customer")),
    ("regular", _("Regular customer")),
    ("partner", _("Partner")),
    ("supplier", _("Supplier")),
    ("former", _("Former customer")),
    ("inactive", _("Inactive")),
)
TONES = {"prospect": "plum", "lead": "info", "customer": "ok", "regular": "accent", "partner": "plum", "former": "warn"}

#: sorts behind every Latin, Greek and Cyrillic letter, and tells nothing of how the nameless can be reached
NAMELESS = "\u9fa5"


class Person(Record):
    """A natural person. No salutation is compulsory (CJEU C-394/23)."""

    salutation = Choice(
        _("salutation"), of=(("ms", _("Ms")), ("mr", _("Mr")), ("neutral", _("neutral"))), privacy=Privacy.PERSONAL
    )
    academic_title = Text(_("title"), max_length=60, privacy=Privacy.PERSONAL)
    first_name = Text(_("first name"), max_length=100, privacy=Privacy.PERSONAL)
    last_name = Text(_("last name"), max_length=100, privacy=Privacy.PERSONAL)
    organisation = Link("contacts.organisation", _("organisation"), reverse=_("people"))
    position = Text(_("position"), max_length=120, privacy=Privacy.PERSONAL)
    department = Text(_("department"), max_length=120, privacy=Privacy.PERSONAL)
    emails = Emails(_("e-mail"), privacy=Privacy.PERSONAL, search="B")
    phones = Phones(_("phone"), privacy=Privacy.PERSONAL, search="B")
    addresses = Addresses(_("address"), privacy=Privacy.PERSONAL, search="C")
    website = Url(_("website"), privacy=Privacy.PERSONAL)
    language = Language(_("language"), privacy=Privacy.PERSONAL)
    channel = Choice(
        _("preferred channel"),
        privacy=Privacy.PERSONAL,
        of=(
            ("email", _("e-mail")),
            ("phone", _("phone")),
            ("post", _("post")),
            ("meeting", _("meeting")),
        ),
    )
    birthday = Date(_("birthday"), privacy=Privacy.PERSONAL)
    stage = Choice(_("lifecycle stage"), of=STAGES, tones=TONES)
    source = Text(_("source"), max_length=120)
    description = LongText(_("description"), privacy=Privacy.PERSONAL)

    class Meta(Record.Meta):
        app_label = "contacts"
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "organisation", "id", name="person_organisation"),
            models.Index(  # with the owner, so that those of others are passed over in the index
                *("tenant_id", "stage", "sort_key", "id", "owner"),
                condition=models.Q(archived_at=None),
                name="person_stage_owner",
            ),
            GinIndex(  # without a pending list, which every single look-up would read through; the keys come first,
                fields=["match_keys", "tenant_id"],  # so that no row with but one of two is looked for in the tenant
                name="person_match",
                opclasses=["array_ops", "uuid_ops"],
                fastupdate=False,
            ),
        ]

    class About:
        label, plural, slug, icon, group = _("person"), _("people"), "persons", "users", _("Contacts")
        title = staticmethod(
            lambda p: (
                full_name(title=p.academic_title, first_name=p.first_name, last_name=p.last_name)
                or matching.some_name(p)
            )
        )
        made_of = ("academic_title", "first_name", "last_name")
        stand_ins = ("emails", "phones")
        sort = staticmethod(lambda p: sort_name(p.last_name, p.first_name) or NAMELESS)
        voluntary = ("salutation", "birthday")
        columns = ("organisation", "position", "stage", "emails", "phones", "owner", "changed_at")
        concerns = ("organisation",)
        tree = {"organisation": Counted()}
        match = matching.PERSONS
        personal = True
        sections = (
            (_("Name"), ("salutation", "academic_title", "first_name", "last_name")),
            (_("Contact details"), ("emails", "phones", "addresses", "website", "language", "channel")),
            (_("Organisation"), ("organisation", "position", "department")),
            (_("Relationship"), ("stage", "source", "owner", "tags", "birthday", "description")),
        )

    @property
    def letter_salutation(self) -> str:
        """How a letter to this person begins, in their language; neutral where no salutation is known."""
        return letter_salutation(
            salutation=self.salutation,
            title=self.academic_title,
            first_name=self.first_name,
            last_name=self.last_name,
            language=self.language or get_language() or "de",
            country=next((a["country"] for a in self.addresses if a.get("country")), ""),
        )
