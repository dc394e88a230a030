"""The page on which an e-mail is written to any address, and the files that go along with what is written."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from klientel.channels.models import Purpose
from klientel.channels.models.mail import NATURES
from klientel.channels.queries import accounts, composing, signatures
from klientel.channels.views.saying import say_laid_out
from klientel.kernel.access import reading as read
from klientel.kernel.access.naming import Name, names, names_by_type
from klientel.kernel.actions import run
from klientel.kernel.errors import Conflict, Forbidden, Missing, Refused
from klientel.kernel.files.storing import store
from klientel.kernel.records import type_of
from klientel.kernel.tenancy import reading
from klientel.kernel.web.answers import act
from klientel.lib.ids import read_id

MAIL, FILE, PERSON = "channels.mail", "kernel.file", "contacts.person"


@require_http_methods(["GET", "POST"])
@act
def compose(request: Any) -> HttpResponse:
    """Write to any address; what it is about (``concerns``) comes with the address of the page."""
    refused, files = None, attached(request)
    about = request.POST.getlist("concerns") or request.GET.getlist("concerns")
    if request.method == "POST":
        try:
            done = run(request.actor, f"{MAIL}.compose", **given(request, "concerns"), files=taken(request, files))
        except (Missing, Forbidden, Conflict):
            raise
        except Refused as no:
            refused = no
        else:
            say_laid_out(request, done.record.to, request.POST)
            return HttpResponseRedirect(reverse("conversation", args=[done.record.pk]))
    with reading():
        if not request.scope.may(type_of(MAIL), "send"):
            raise Forbidden("forbidden", _("You may not send e-mails."))
        own = accounts.usable(request.actor.member)
        typed = dict(request.POST.items())
        ids = [found for one in about if (found := read_id(one))]
        concerned = list(names_by_type(request.scope, {"*": ids}).values()) if ids else []
        if not typed:
            to, language = _to_whom(request.scope, concerned)
            signature = signatures.signature_of(request.actor.member, own[0].pk if own else None, language)
            typed = {"to": request.GET.get("to") or to, "text": signatures.signed("\n", signature)}
        context = {
            "given": typed,
            "refused": refused,
            "accounts": own,
            "attached": shown(request, files),
            "concerned": concerned,
            "natures": NATURES,
            "purposes": list(Purpose.objects.filter(archived_at=None).order_by("name")),
            "zone": timezone.get_current_timezone_name(),
        }
        return render(request, "channels/compose.html", context, status=refused.status if refused else 200)


def _to_whom(scope: Any, concerned: list[Name]) -> tuple[str, str]:
    """The address and language of the person whom the first of these records names; empty where there is none."""
    people = type_of(PERSON)
    for one in concerned if "emails" in scope.visible(people) else ():
        rtype = type_of(one.type)
        who = getattr(read.get(scope, rtype, one.id), "person", None) if "person" in scope.visible(rtype) else None
        if who and read.visible_ids(scope, people, [who]):
            person = read.get(scope, people, who)
            return composing.first_address(person), person.language or ""
    return "", ""


def given(request: Any, *many: str) -> dict[str, Any]:
    """What was typed of a letter, as parameters of an action; what stays empty is not given."""
    names = ("to", "others", "subject", "text", "account", "nature", "purpose", "at")
    found: dict[str, Any] = {name: request.POST[name] for name in names if request.POST.get(name)}
    found |= {name: request.POST.getlist(name) for name in many if request.POST.getlist(name)}
    found |= {name: "" for name in ("to", "subject", "text") if name not in found}
    return found | ({"similar": True} if "similar" in request.POST else {})


def attached(request: Any) -> list[UUID]:
    """The files that go along so far: those that are still ticked."""
    return [found for one in request.POST.getlist("files") if (found := read_id(one))]


def taken(request: Any, files: list[UUID]) -> list[UUID]:
    """``files`` with those that were chosen now: they are kept at once, so that a refusal loses none of them."""
    for sent in request.FILES.getlist("file"):
        files.append(store(request.actor, sent).record.pk)
    return files


def shown(request: Any, files: list[UUID]) -> list[Any]:
    """Those files that somebody may see, with their names."""
    known = names(request.scope, set(files), FILE) if files else {}
    return [known[one] for one in files if one in known]
