"""Websites of ours whose visits are measured where visitors allow it, and what is measured there.

Until somebody has agreed, nothing is stored with them and nothing is sent (§ 25 TDDDG, decision 0040). What strangers
do stands in slim rows (`Hit`) that are forgotten in time; of a person who has said who they are, a `Visit` is kept as
every other record is.
"""

from __future__ import annotations

import secrets
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.channels.models.form import Sites
from klientel.kernel.errors import filled
from klientel.kernel.kinds import Choice, DateTime, Link, LongText, Privacy, Text, Whole
from klientel.kernel.records.record import Record
from klientel.kernel.tenancy.models import Id, TenantModel

PAGE, DOWNLOAD, EVENT = "page", "download", "event"
WHATS = ((PAGE, _("page")), (DOWNLOAD, _("download")), (EVENT, _("event")))
KEEP_DAYS, MOST_DAYS = 90, 395
_P = Privacy.PERSONAL


class Days(Whole):
    """Some days, at most thirteen months: what is kept longer measures no visits any more (CNIL, guidance of 2020)."""

    def take(self, value: Any) -> int:
        found = super().take(value)
        if not 1 <= found <= MOST_DAYS:
            raise self.refuse("not_so_long", filled(_("Please choose between 1 and %(n)d days."), {"n": MOST_DAYS}))
        return found

    def sample(self, n: int) -> Any:
        return 30 + n % 60


def keyed(step: Any, draft: Any) -> None:
    """Each website has a key of its own, by which its snippet is known. It is public and opens nothing."""
    if draft.new and not draft.record.key:
        step.stamp(draft.record, key=secrets.token_urlsafe(9).replace("-", "a").replace("_", "b"))


class Site(Record):
    """A website of ours whose visits are measured where visitors allow it."""

    name = Text(_("name"), required=True, max_length=100)
    origins = Sites(
        _("addresses"), required=True, max_length=2000,
        help_text=_("One address in each line, such as https://www.example.com. Nothing is taken from elsewhere."),
    )  # fmt: skip
    state = Choice(
        _("state"), of=(("active", _("active")), ("paused", _("paused"))), default="active", required=True,
        tones={"active": "ok", "paused": "warn"},
    )  # fmt: skip
    purpose = Link("channels.purpose", _("purpose of contact"), required=True, reverse=_("websites"))
    banner = Choice(
        _("who asks for consent"), default="ours", required=True,
        of=(("ours", _("our own small question")), ("own", _("the website, which calls klientel.consent(true)"))),
    )  # fmt: skip
    keep_days = Days(
        _("days that visits of strangers are kept"), default=KEEP_DAYS, required=True,
        help_text=_("Whoever has not said who they are by then is forgotten."),
    )  # fmt: skip
    key = Text(_("key"), readonly=True, max_length=24)

    class Meta(Record.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint("tenant_id", "key", name="site_key_once", condition=~models.Q(key=""))]

    class About:
        label, plural, slug, icon, group = _("website"), _("websites"), "websites", "globe", _("Work")
        title = "name"
        columns = ("state", "origins", "purpose", "keep_days")
        mergeable = False
        aside = True
        derive = staticmethod(keyed)
        sections = (
            (_("Website"), ("name", "state", "origins", "key", "owner", "tags")),
            (_("Consent"), ("purpose", "banner", "keep_days")),
        )

    @property
    def places(self) -> list[str]:
        """Its addresses, as browsers name them."""
        return str(self.origins).split()


class Visit(Record):
    """What a person whom we know did on a website of ours, and allowed us to see."""

    name = Text(_("what"), readonly=True, max_length=160, privacy=_P)
    what = Choice(_("kind"), of=WHATS, default=PAGE, readonly=True)
    person = Link("contacts.person", _("person"), required=True, reverse=_("website visits"), on_erase="with",
                  privacy=_P)  # fmt: skip
    lead = Link("sales.lead", _("lead"), reverse=_("website visits"), readonly=True)
    site = Link("channels.site", _("website"), reverse=_("visits"), readonly=True)
    visitor = Text(_("number of the browser"), readonly=True, max_length=40, privacy=_P)
    at = DateTime(_("at"), readonly=True)
    address = Text(_("address"), readonly=True, max_length=300, privacy=_P)
    details = LongText(_("details"), readonly=True, max_length=1500, privacy=_P)
    referrer = Text(_("came from"), readonly=True, max_length=300, privacy=_P)
    source = Text(_("source"), readonly=True, max_length=120)
    campaign = Text(_("campaign"), readonly=True, max_length=120)
    note = LongText(_("our note"), privacy=_P)

    class Meta(Record.Meta):
        app_label = "channels"
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "person", "id", name="visit_person"),
            models.Index("tenant_id", "lead", "id", name="visit_lead"),
            models.Index("tenant_id", "site", "at", name="visit_site"),
            models.Index("tenant_id", "visitor", name="visit_visitor"),
        ]

    class About:
        label, plural, slug, icon, group = _("website visit"), _("website visits"), "visits", "mouse-pointer", _("Work")
        aside = True
        title = "name"
        order = "-at"
        columns = ("what", "person", "site", "address", "at")
        concerns = ("person", "lead")
        mergeable = False
        made_by = ("portal",)  # by what browsers tell
        sections = (
            (_("Website visit"), ("name", "what", "person", "lead", "site", "at", "address", "details", "note")),
            (_("Origin"), ("referrer", "source", "campaign", "visitor")),
        )


class Visitor(TenantModel):
    """A browser whose owner agreed to be measured: the digest of its random number, and to which words they agreed."""

    id = Id(primary_key=True)
    site_id = models.UUIDField()
    digest = models.CharField(max_length=64)
    agreed_at = models.DateTimeField()
    agreed_on = models.CharField(max_length=300, default="")  # the page
    wording = models.TextField()  # as it was shown, with its name and version
    wording_id = models.UUIDField(null=True)
    network = models.CharField(max_length=64, default="")  # shortened
    language = models.CharField(max_length=8, default="")
    seen_at = models.DateTimeField()
    person_id = models.UUIDField(null=True)
    known_at = models.DateTimeField(null=True)
    consent_id = models.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "digest"], name="visitor_once")]
        indexes = [
            models.Index("tenant_id", "person_id", name="visitor_person"),
            models.Index("tenant_id", "consent_id", name="visitor_consent"),
            models.Index("tenant_id", "seen_at", name="visitor_idle", condition=models.Q(person_id=None)),
        ]


class Hit(TenantModel):
    """One thing that a browser told, until its person is known or it is forgotten: a row, and no event."""

    id = Id(primary_key=True)
    site_id = models.UUIDField()
    visitor_id = models.UUIDField()
    what = models.CharField(max_length=10)
    name = models.CharField(max_length=160)
    address = models.CharField(max_length=300)
    details = models.CharField(max_length=1500, default="")
    referrer = models.CharField(max_length=300, default="")
    source = models.CharField(max_length=120, default="")
    campaign = models.CharField(max_length=120, default="")
    at = models.DateTimeField()
    person_id = models.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        app_label = "channels"
        indexes = [
            models.Index("tenant_id", "visitor_id", "id", name="hit_visitor"),
            models.Index("tenant_id", "site_id", "at", name="hit_site"),
            models.Index("tenant_id", "id", name="hit_known", condition=~models.Q(person_id=None)),
        ]
