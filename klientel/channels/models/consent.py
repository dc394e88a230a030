"""Consents as evidence (Art. 7 (1) GDPR, § 7 UWG): who allowed what, when, to which wording, and how we know."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from klientel.kernel.errors import Refused
from klientel.kernel.events.consuming import wake
from klientel.kernel.kinds import (
    Choice,
    DateTime,
    Email,
    File,
    Language,
    Link,
    LongText,
    Phone,
    Privacy,
    Text,
    YesNo,
    today,
    zone,
)
from klientel.kernel.records.record import Record
from klientel.kernel.records.types import Why
from klientel.kernel.tenancy import current

CHANNELS = (
    ("mail", _("e-mail")),
    ("phone", _("phone")),
    ("sms", _("text message")),
    ("post", _("post")),
    ("tracking", _("measuring visits, opens and clicks")),
)
STATES = (
    ("unproven", _("unproven")),
    ("pending", _("waiting for confirmation")),
    ("given", _("given")),
    ("withdrawn", _("withdrawn")),
)
GROUNDS = (
    ("consent", _("consent")),
    ("customer", _("existing customer (§ 7 (3) UWG)")),
)
YEARS = 5  # that a consent to calls is proven
WITHDRAWN = "visits.withdrawn"  # what wakes those who forget visits
#: what proves a consent stands as it was when it was given
EVIDENCE = ("purpose", "channel", "email", "phone", "ground", "text", "wording", "given_at", "source", "proof", "sale")


class Purpose(Record):
    """What for people may be written to, called or measured: each consent is for one of them."""

    name = Text(_("name"), required=True, max_length=100)
    description = Text(_("description"), max_length=300)

    class Meta(Record.Meta):
        app_label = "channels"

    class About:
        label, plural, slug, icon = _("purpose of contact"), _("purposes of contact"), "purposes", "bookmark"
        note = _("What people can allow you to contact them for")
        mergeable = False  # what somebody agreed to stays what it was
        title = "name"
        columns = ("name", "description")
        sections = ((_("Purpose"), ("name", "description")),)
        system = open = True


class Wording(Record):
    """The text that people agree to. Each change makes a new version; consents keep the one that was shown."""

    name = Text(_("name"), required=True, max_length=100)
    purpose = Link("channels.purpose", _("purpose of contact"), required=True, reverse=_("wordings"))
    channel = Choice(_("contact by"), required=True, of=CHANNELS)
    language = Language(_("language"))
    text = LongText(_("text"), required=True, max_length=4000)

    class Meta(Record.Meta):
        app_label = "channels"

    class About:
        label, plural, slug, icon = _("consent text"), _("consent texts"), "consent-texts", "file-text"
        note = _("The wordings that people agree to, by version")
        mergeable = False  # what somebody agreed to stays what it was
        title = "name"
        columns = ("name", "purpose", "channel", "language")
        sections = ((_("Consent text"), ("name", "purpose", "channel", "language", "text")),)
        system = open = True


def wording_of(consent: Any) -> str:
    """The wording that was shown: as it was noted, else that of the chosen text as it stands now."""
    if consent.wording or not consent.text:
        return str(consent.wording)
    text = Wording.objects.filter(pk=consent.text).first()
    return f"{text.text}\n\n[{text.name}, v{text.version}]" if text else ""


def is_proven(consent: Any) -> bool:
    """Whether everything stands there that has to be shown to an authority.

    For consent: time, wording, source and how we know (BGH I ZR 164/09). For existing customers the conditions of
    § 7 (3) UWG: address got with a sale, for own similar goods, told of the right to object.
    """
    if consent.ground == "customer":
        return bool(consent.channel == "mail" and consent.sale and consent.similar and consent.told and consent.source)
    known = consent.proof or consent.file or consent.confirmed_at
    return bool(consent.given_at and wording_of(consent) and consent.source and known)


def derived(consent: Any) -> dict[str, Any]:
    """What follows from the evidence: the state, and the copy of the wording."""
    if consent.withdrawn_at:
        state = "withdrawn"
    elif consent.asked_at and not consent.confirmed_at:
        state = "pending"
    else:
        state = "given" if is_proven(consent) else "unproven"
    return {"state": state, "wording": wording_of(consent)}


def derive(step: Any, draft: Any) -> None:
    """Bring state and wording in line with the evidence; both stand in the event."""
    consent, kinds = draft.record, draft.rtype.fields
    for name, value in derived(consent).items():
        before, now = kinds[name].plain(getattr(consent, name)), kinds[name].plain(value)
        if before != now:
            step.note(draft, name, None if draft.new else before, now)
            setattr(consent, name, value)


def evidence_stays(_scope: Any, drafts: list[Any]) -> dict[int, Refused]:
    """Refuse to change what proves a consent that was given: it is withdrawn, and a new one recorded."""
    refused = {}
    for draft in drafts:
        before = draft.changes.get("state", [draft.record.state])[0]
        if draft.new or draft.undoes or before not in ("given", "withdrawn"):
            continue
        name = next((n for n in EVIDENCE if draft.changes.get(n, [None])[0]), None)
        if name is not None:
            message = _("What proves a consent is not changed. Please withdraw this one and record a new one.")
            refused[draft.item] = Refused("evidence_stays", message, name)
    return refused


def measured_no_more(consents: list[Any]) -> None:
    """Whoever takes back that visits are measured is forgotten there: see `jobs.visits`."""
    if any(one.channel == "tracking" and one.state != "given" for one in consents):
        wake(current(), WITHDRAWN)


def calls_are_proven(consent: Any) -> Why:
    """Consents to calls are proven for five years, from when they were given and from each use (§ 7a (2) UWG)."""
    last = max(filter(None, (consent.given_at, consent.used_at)), default=None)
    if consent.channel != "phone" or consent.state not in ("given", "withdrawn") or last is None:
        return Why()
    day = last.astimezone(zone()).date()
    until = day.replace(year=day.year + YEARS, day=min(day.day, 28) if day.month == 2 else day.day)
    if until < today():
        return Why()
    return Why.made(str(_("Consents to calls have to be proven for five years (§ 7a UWG).")), until)


class Consent(Record):
    """One consent of one person for one purpose and one way of contact, or the exception for existing customers."""

    person = Link("contacts.person", _("person"), required=True, reverse=_("consents"), on_erase="with")
    purpose = Link("channels.purpose", _("purpose of contact"), required=True, reverse=_("consents"))
    channel = Choice(_("contact by"), required=True, of=CHANNELS)
    email = Email(_("e-mail"), privacy=Privacy.PERSONAL)
    phone = Phone(_("phone"), privacy=Privacy.PERSONAL)
    ground = Choice(_("legal ground"), default="consent", of=GROUNDS)
    state = Choice(
        _("state"),
        default="unproven",
        of=STATES,
        readonly=True,
        tones={"unproven": "warn", "pending": "info", "given": "ok", "withdrawn": "bad"},
    )
    text = Link("channels.wording", _("consent text"), reverse=_("consents"))
    wording = LongText(_("wording that was shown"), max_length=5000, privacy=Privacy.PERSONAL)
    given_at = DateTime(_("given at"))
    source = Text(_("source"), help_text=_("Where it was given: the address of a form, a fair, a phone call."))
    proof = LongText(
        _("proof"), privacy=Privacy.PERSONAL, help_text=_("How we know: who took it down, or what says so.")
    )
    file = File(_("document"), privacy=Privacy.PERSONAL)
    sale = Text(_("sale"), help_text=_("Existing customers: the sale with which the address came to us."))
    similar = YesNo(_("for own similar goods only"))
    told = YesNo(_("told of the right to object"))
    response = Link("channels.response", _("form response"), readonly=True, reverse=_("consents"))
    form_version = Text(_("version of the form"), readonly=True, max_length=120)
    given_ip = Text(_("network of the declaration"), readonly=True, max_length=64, privacy=Privacy.PERSONAL)
    message_id = Text(_("confirmation mail"), readonly=True, max_length=300, privacy=Privacy.PERSONAL)
    confirmed_ip = Text(_("network of the confirmation"), readonly=True, max_length=64, privacy=Privacy.PERSONAL)
    asked_at = DateTime(_("confirmation asked at"), readonly=True)
    confirmed_at = DateTime(_("confirmed at"), readonly=True)
    used_at = DateTime(
        _("last used at"), readonly=True, help_text=_("Calls: each use stands in the history, § 7a UWG.")
    )
    withdrawn_at = DateTime(_("withdrawn at"), readonly=True)
    withdrawal = Text(_("how it was withdrawn"), readonly=True, privacy=Privacy.PERSONAL)

    class Meta(Record.Meta):
        app_label = "channels"
        indexes = [
            *Record.Meta.indexes,
            models.Index("tenant_id", "person", "id", name="consent_person"),
            models.Index("tenant_id", "purpose", "channel", "id", name="consent_purpose"),
            models.Index("tenant_id", "response", "id", name="consent_response"),
            models.Index("tenant_id", "asked_at", name="consent_pending", condition=models.Q(state="pending")),
        ]

    class About:
        label, plural, slug, icon, group = _("consent"), _("consents"), "consents", "shield", _("Contacts")
        title = staticmethod(lambda c: f"{c.email or c.phone or dict(CHANNELS).get(c.channel, '')}")
        made_of = ("email", "phone")
        order = "-given_at"
        columns = ("person", "purpose", "channel", "state", "ground", "given_at", "source")
        concerns = ("person",)
        mergeable = followed = False  # evidence stays what it was; merged persons have each their own
        derive = derive
        derives = dict.fromkeys((*EVIDENCE, "withdrawn_at", "asked_at", "confirmed_at"), ("state", "wording"))
        settled = staticmethod(measured_no_more)
        permits = staticmethod(evidence_stays)
        retained = staticmethod(calls_are_proven)
        sections = (
            (_("Consent"), ("person", "purpose", "channel", "email", "phone", "ground", "state")),
            (_("Evidence"), ("text", "wording", "given_at", "source", "proof", "file", "asked_at", "confirmed_at",
                             "response", "form_version", "message_id", "given_ip", "confirmed_ip", "used_at")),
            (_("Existing customer"), ("sale", "similar", "told")),
            (_("Withdrawal"), ("withdrawn_at", "withdrawal")),
        )  # fmt: skip
