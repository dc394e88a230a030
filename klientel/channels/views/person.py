"""Writing to a person, and the page that says why one may or may not."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from klientel.channels.models import Purpose, Template
from klientel.channels.models.consent import CHANNELS
from klientel.channels.models.mail import NATURES
from klientel.channels.models.placeholders import fill
from klientel.channels.queries import accounts, composing, signatures
from klientel.channels.queries.gate import Recipient, Verdict, Wish, judge
from klientel.channels.views import writing
from klientel.channels.views.saying import say_laid_out
from klientel.kernel.access import reading as read
from klientel.kernel.access import seen
from klientel.kernel.actions import run
from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import reading
from klientel.kernel.web.answers import act, page

PERSON = "contacts.person"


@require_http_methods(["GET", "POST"])
@act
def write(request: Any, record_id: UUID) -> HttpResponse:
    """The form of an e-mail; a chosen template fills it in, to be read and changed before it is sent."""
    refused, files = None, writing.attached(request)
    if request.method == "POST":
        try:
            files = writing.taken(request, files)
            if "send" in request.POST:
                done = run(request.actor, f"{PERSON}.send_mail", record_id, **writing.given(request), files=files)
                say_laid_out(request, done.record.title, request.POST)
                return HttpResponseRedirect(reverse("record", args=[type_of(PERSON).slug, record_id]))
        except (Missing, Forbidden, Conflict):
            raise
        except Refused as no:
            refused = no
    seen.note(request.actor, type_of(PERSON), [record_id], seen.How.OPENED)
    with reading():
        context = _form(request, record_id, refused) | {"attached": writing.shown(request, files)}
        status = refused.status if refused else 200
        return render(request, "channels/write.html", context, status=status)


def _form(request: Any, record_id: UUID, refused: Refused | None) -> dict[str, Any]:
    scope, rtype = request.scope, type_of(PERSON)
    person = read.get(scope, rtype, record_id)
    if not read.visible_ids(scope, rtype, [record_id], "send"):
        raise Forbidden("forbidden", _("You may not do this here."))
    given = dict(request.POST.items())
    templates = list(Template.objects.filter(archived_at=None).order_by("name"))
    chosen = next((t for t in templates if str(t.pk) == given.get("template")), None)
    if chosen is not None and "fill" in given:
        values = composing.values_for(scope, person, request.actor.name)
        given |= {"subject": fill(chosen.subject, values), "text": fill(chosen.text, values)}
    own = accounts.usable(request.actor.member)
    if "send" not in given:
        sender = next((a.pk for a in own if str(a.pk) == given.get("account")), own[0].pk if own else None)
        signature = signatures.signature_of(request.actor.member, sender, person.language or "")
        given["text"] = signatures.signed(given.get("text") or "\n", signature)
    shown = "emails" in scope.visible(rtype)
    return {
        "record": person,
        "rtype": rtype,
        "given": given,
        "refused": refused,
        "templates": templates,
        "addresses": [str(e["value"]) for e in person.emails if e.get("value")] if shown else [],
        "first": composing.first_address(person) if shown else "",
        "accounts": own,
        "natures": NATURES,
        "zone": timezone.get_current_timezone_name(),
        "purposes": list(Purpose.objects.filter(archived_at=None).order_by("name")),
    }


@require_GET
@page
def contact(request: Any, record_id: UUID) -> HttpResponse:
    """For each purpose and way of contact: may we, and why."""
    rtype = type_of(PERSON)
    person = read.get(request.scope, rtype, record_id)
    visible = request.scope.visible(rtype)
    reachable = {"mail": _first(person, visible, "emails"), "phone": _first(person, visible, "phones")}
    reachable |= {"sms": reachable["phone"], "post": "", "tracking": reachable["mail"]}
    purposes = list(Purpose.objects.filter(archived_at=None).order_by("name"))
    rows = [
        (purpose, [(label, _judged(person, channel, purpose, reachable)) for channel, label in CHANNELS])
        for purpose in purposes
    ]
    letters = [
        (label, judge(Wish(channel), [Recipient(reachable[channel], person.pk)])[0])
        for channel, label in CHANNELS
        if channel != "tracking"
    ]
    seen.note(request.actor, rtype, [record_id], seen.How.OPENED)
    context = {"record": person, "rtype": rtype, "rows": rows, "letters": letters}
    return render(request, "channels/contact.html", context)


def _first(person: Any, visible: Any, name: str) -> str:
    if name not in visible:
        return ""
    return next((str(e["value"]) for e in getattr(person, name) if e.get("value")), "")


def _judged(person: Any, channel: str, purpose: Any, reachable: dict[str, str]) -> Verdict:
    wish = Wish(channel, "advertising", purpose.pk, similar=True)
    return judge(wish, [Recipient(reachable[channel], person.pk)])[0]
