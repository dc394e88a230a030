"""What the recipient of our mail gets from us, on a page that only they know; and the way out with one click.

GET and HEAD change nothing, so that a scanner that opens every link unsubscribes nobody. A mail program that sends
``List-Unsubscribe=One-Click`` (RFC 8058) is answered at once, without cookie, login or a further page.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from klientel.channels.models import Mail
from klientel.channels.queries import leaving
from klientel.kernel.access import system_actor
from klientel.kernel.actions import run
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import reading
from klientel.kernel.tenancy.models import Tenant
from klientel.lib.ips import shorten_ip
from klientel.portal.queries.shares import led_by, unknown
from klientel.portal.views.public import address_of, by

ONE_CLICK = "One-Click"


@dataclass(frozen=True)
class Recipient:
    """Somebody came by the link of a mail."""

    tenant: Tenant
    mail: Mail
    language: str

    @property
    def masked(self) -> str:
        """The address as far as a stranger may know it, to whom the mail was forwarded."""
        local, _at, domain = self.mail.to.rpartition("@")
        return f"{local[:1]}…@{domain}"


def visiting(text: str) -> AbstractContextManager[Recipient]:
    """As :func:`~shares.led_by`, of the link in an advertising mail."""
    known = leaving.read(text)
    if known is None:
        raise unknown()
    return led_by(known[0], lambda tenant: _found(known[1], tenant))


def _found(mail_id: UUID, tenant: Tenant) -> Recipient:
    mail = Mail.objects.filter(pk=mail_id).first()
    if mail is None:
        raise unknown()
    person = type_of("contacts.person").model.objects.filter(pk=mail.person).first() if mail.person else None
    return Recipient(tenant, mail, (person.language if person else "") or tenant.language)


@require_http_methods(["GET", "HEAD", "POST"])
@by(visiting, from_elsewhere=True)
def preferences(request: HttpRequest, visit: Recipient, text: str) -> HttpResponse:
    """Show what they get; take what they say."""
    actor = system_actor(_("Recipient"), kind="portal", id=visit.mail.pk)
    if request.method == "POST" and request.POST.get("List-Unsubscribe") == ONE_CLICK:
        run(actor, "channels.mail.unsubscribe", visit.mail.pk)
        return HttpResponse(_("You are unsubscribed."), content_type="text/plain; charset=utf-8")
    if request.method == "POST":
        if "choose" in request.POST:
            run(
                actor, "channels.mail.choose", visit.mail.pk, purposes=request.POST.getlist("purpose"),
                page=request.build_absolute_uri("/preferences"), network=shorten_ip(address_of(request)),
                language=get_language() or "",
            )  # fmt: skip
        else:
            extent = next((one for one in ("all", "measuring") if one in request.POST), "purpose")
            run(actor, "channels.mail.unsubscribe", visit.mail.pk, extent=extent)
        return HttpResponseRedirect(f"{request.path}?done=1", status=303)
    with reading():
        choices = leaving.choices(visit.mail, get_language() or "")
        context = {
            "company": visit.tenant.name,
            "visit": visit,
            "choices": choices,
            "measured": bool(leaving.measured(visit.mail)),
            "blocked": leaving.is_blocked(visit.mail),
            "this": next((one for one, given, _text in choices if given and one.pk == visit.mail.purpose), None),
            "done": "done" in request.GET,
            "text": text,
        }
    return render(request, "portal/preferences.html", context)
