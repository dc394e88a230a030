"""What came in by a form: as it was sent, what was made of it, and how far its consents are."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.kinds import Choice, DateTime, Json, Link, LongText, Privacy, Text, Whole, YesNo
from klientel.kernel.records.record import Record
from klientel.kernel.tenancy.models import Id, TenantModel

TAKEN, ASKED, CONFIRMED, SUSPECTED = "taken", "asked", "confirmed", "suspected"
STATES = (
    (TAKEN, _("taken in")),
    (ASKED, _("confirmation asked")),
    (CONFIRMED, _("confirmed")),
    (SUSPECTED, _("held back")),
)
#: what an address says of where somebody comes from, and the field that keeps it
TOUCH = {
    "utm_source": "utm_source",
    "utm_medium": "utm_medium",
    "utm_campaign": "utm_campaign",
    "utm_term": "utm_term",
    "utm_content": "utm_content",
}
_P = Privacy.PERSONAL


def told(response: Any) -> str:
    """The form, and who sent it as they said: by name, else firm, else address."""
    given = response.answers or {}
    name = " ".join(str(v) for n in ("first_name", "last_name") if (v := given.get(f"person.{n}")))
    mails = given.get("person.emails") or []
    address = str(mails[0].get("value", "")) if mails and isinstance(mails[0], dict) else ""
    who = name or str(given.get("organisation.name") or "") or address
    return f"{response.name}: {who}"[:200] if who else str(response.name)


class Response(Record):
    """One sending of one form. What differs from what we know of a person stands here until somebody takes it over."""

    name = Text(_("form sent"), readonly=True, max_length=100)
    form = Link("channels.form", _("form"), required=True, reverse=_("form responses"))
    form_version = Whole(_("version of the form"), readonly=True)
    state = Choice(
        _("state"), of=STATES, default=TAKEN, readonly=True,
        tones={TAKEN: "info", ASKED: "warn", CONFIRMED: "ok", SUSPECTED: "bad"},
    )  # fmt: skip
    why = Text(_("why it was held back"), readonly=True)
    person = Link("contacts.person", _("person"), reverse=_("form responses"), on_erase="with",
                  privacy=_P)  # fmt: skip
    organisation = Link("contacts.organisation", _("organisation"), reverse=_("form responses"))
    lead = Link("sales.lead", _("lead"), reverse=_("form responses"))
    known = YesNo(_("person known before"), readonly=True)
    answers = Json(_("answers"), readonly=True, privacy=_P)
    differs = Json(_("differs from what is known"), readonly=True, privacy=_P)
    utm_source = Text(_("source (last touch)"), readonly=True, max_length=120)
    utm_medium = Text(_("medium"), readonly=True, max_length=120)
    utm_campaign = Text(_("campaign (last touch)"), readonly=True, max_length=120)
    utm_term = Text(_("search term"), readonly=True, max_length=120)
    utm_content = Text(_("content"), readonly=True, max_length=120)
    first_source = Text(_("source (first touch)"), readonly=True, max_length=120)
    first_campaign = Text(_("campaign (first touch)"), readonly=True, max_length=120)
    first_at = DateTime(_("first touch at"), readonly=True)
    page = Text(_("page"), readonly=True, max_length=500, privacy=_P)
    referrer = Text(_("came from"), readonly=True, max_length=500, privacy=_P)
    ip = Text(_("network of the sender"), readonly=True, max_length=64, privacy=_P)
    message_id = Text(_("confirmation mail"), readonly=True, max_length=300, privacy=_P)
    asked_at = DateTime(_("confirmation asked at"), readonly=True)
    confirmed_at = DateTime(_("confirmed at"), readonly=True)
    confirmed_ip = Text(_("network of the confirmation"), readonly=True, max_length=64, privacy=_P)
    intake = Text(_("number of the sending"), readonly=True, max_length=64)
    note = LongText(_("our note"), privacy=_P)

    class Meta(Record.Meta):
        app_label = "channels"
        constraints = [
            models.UniqueConstraint("tenant_id", "intake", name="response_once", condition=~models.Q(intake=""))
        ]
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "form", "id", name="response_form"),
            models.Index("tenant_id", "person", "id", name="response_person"),
            models.Index("tenant_id", "organisation", "id", name="response_organisation"),
            models.Index("tenant_id", "lead", "id", name="response_lead"),
            models.Index("tenant_id", "state", "created_at", name="response_state"),
        ]

    class About:
        label, plural, slug, icon, group = _("form response"), _("form responses"), "form-responses", "inbox", _("Work")
        aside = arises = True
        title = told
        made_of = ("name", "answers")
        order = "-created_at"
        columns = ("form", "state", "person", "lead", "utm_source", "utm_campaign", "created_at")
        concerns = ("person", "organisation", "lead", "form")
        mergeable = False
        made_by = ("portal",)  # by what visitors send
        sections = (
            (_("Form response"), ("form", "form_version", "state", "why", "person", "known", "organisation", "lead",
                                    "note")),
            (_("Origin"), ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "first_source",
                           "first_campaign", "first_at", "page", "referrer")),
            (_("Confirmation"), ("asked_at", "message_id", "confirmed_at", "ip", "confirmed_ip")),
        )  # fmt: skip


class Confirmation(TenantModel):
    """A secret link that confirms the consents of one response, once. Only the digest of its text is stored."""

    id = Id(primary_key=True)
    response_id = models.UUIDField()
    prefix = models.CharField(max_length=8)
    digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "prefix"], name="confirmation_once")]
        indexes = [models.Index(fields=["tenant_id", "response_id"], name="confirmation_response")]


class Pace(TenantModel):
    """How often a network came within a slice of time: shared by all processes, forgotten after a day."""

    id = Id(primary_key=True)
    what = models.CharField(max_length=20)
    who = models.CharField(max_length=80)
    slice = models.DateTimeField()
    n = models.PositiveIntegerField(default=1)

    class Meta(TenantModel.Meta):
        app_label = "channels"
        constraints = [models.UniqueConstraint(fields=["tenant_id", "what", "who", "slice"], name="pace_once")]
        indexes = [models.Index(fields=["tenant_id", "slice"], name="pace_slice")]
