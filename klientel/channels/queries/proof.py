"""The proof of one consent to print or hand over (Art. 7 (1) GDPR): exact words, times with zone, networks, mail."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from klientel.channels.models import Consent
from klientel.kernel.access import ActorScope, system_actor
from klientel.kernel.access.reading import names
from klientel.kernel.files.papers import drawn_surely
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import current
from klientel.kernel.tenancy.models import Tenant
from klientel.privacy.retaining import proven_by

TEMPLATE = Path(__file__).parents[1] / "templates" / "channels" / "proof.typ"


def proof(scope: Any, consent: Consent) -> bytes:
    """The PDF in the active language. It is drawn from the consent alone, where later changes of texts do not reach."""
    today = timezone.localtime()
    content = {
        "language": (get_language() or "de")[:2],
        "title": _("Proof of a consent"),
        "company": Tenant.objects.get(pk=current()).name,
        "day": [today.year, today.month, today.day],
        "facts": [[label, value] for label, value in facts(scope, consent) if value],
        "wording_title": _("Wording that was shown"),
        "wording": consent.wording,
        "printed": _("Printed on %(when)s") % {"when": _moment(today)},
        "page": _("Page"),
    }
    return drawn_surely(content, {}, TEMPLATE)


@proven_by("channels.consent")
def kept(consent: Consent) -> tuple[str, bytes]:
    """What stays of a consent to calls when its person is erased; the file's name says nothing of them."""
    name = _("Proof of consent %(number)s.pdf") % {"number": str(consent.pk)[-6:]}
    return name, proof(ActorScope(system_actor()), consent)


def facts(scope: Any, consent: Consent) -> list[tuple[str, str]]:
    """What proves it, as label and value; empty where nothing is known."""
    kinds = type_of("channels.consent").fields
    known = names(scope, {consent.person}, "contacts.person") | names(scope, {consent.purpose}, "channels.purpose")
    who, what = known.get(consent.person), known.get(consent.purpose)
    shown = {name: kinds[name].show(getattr(consent, name)) for name in ("channel", "ground", "state")}
    return [
        (_("Person"), who.title if who else ""),
        (_("Address"), consent.email or consent.phone),
        (_("Purpose of contact"), what.title if what else ""),
        (_("Contact by"), shown["channel"]),
        (_("Legal ground"), shown["ground"]),
        (_("State"), shown["state"]),
        (_("Given at"), _moment(consent.given_at)),
        (_("Page or source"), consent.source),
        (_("Form"), consent.form_version),
        (_("Network of the declaration"), consent.given_ip),
        (_("Confirmation asked at"), _moment(consent.asked_at)),
        (_("Message-ID of the confirmation mail"), consent.message_id),
        (_("Confirmed at"), _moment(consent.confirmed_at)),
        (_("Network of the confirmation"), consent.confirmed_ip),
        (_("Proof"), consent.proof),
        (_("Withdrawn at"), _moment(consent.withdrawn_at)),
        (_("How it was withdrawn"), consent.withdrawal),
        (_("Number"), str(consent.pk)),
    ]


def _moment(at: dt.datetime | None) -> str:
    return timezone.localtime(at).strftime("%d.%m.%Y %H:%M:%S %Z (UTC%z)") if at else ""
