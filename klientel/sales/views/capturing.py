"""The quick form for a lead, on the phone at a fair: few fields, a photo of the card, taken in once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from klientel.kernel import actions, tenancy
from klientel.kernel.access.reading import names
from klientel.kernel.errors import Forbidden, Refused
from klientel.kernel.files.storing import store
from klientel.kernel.records import type_of
from klientel.kernel.twins.checking import Similar, similar
from klientel.kernel.web.addresses import urlencoded
from klientel.kernel.web.answers import act, say_done, wants_json
from klientel.lib.ids import uuid7
from klientel.sales.actions.capture import PERSON
from klientel.sales.queries.leads import LEAD

#: fields of the form that carry over to the next lead of the same fair
STAYS = ("source", "campaign")
#: what the form calls what the action calls otherwise: the check for duplicates reads the form as that of a person
NAMES = {"email": "emails-0-value", "phone": "phones-0-value"}
FIELDS = ("first_name", "last_name", "company", "email", "phone", "interest", "message", *STAYS, "person", "intake")


@act
def capture(request: Any) -> HttpResponse:
    """Show the form, ask once whether somebody is known, take the lead in."""
    if not request.scope.may(type_of(LEAD), "create"):
        raise Forbidden("forbidden", _("You may not create this."))
    if request.method != "POST":
        return _page(request, {name: request.GET.get(name, "") for name in STAYS})
    sent = {name: request.POST.get(NAMES.get(name, name), "").strip() for name in FIELDS}
    if alike := _in_doubt(request, sent):
        return _page(request, sent, alike=alike)
    given = {name: value for name, value in sent.items() if value}
    try:
        done = actions.run(request.actor, f"{LEAD}.capture", scope=request.scope, **given)
    except Refused as no:
        if no.code == "sent_already":
            return _arrived(request, UUID(no.details["id"]), sent)
        return _page(request, sent, refused=no)
    _keep_photo(request, done.record.pk)
    say_done(request, _told(request, done), done.change_set)
    return _arrived(request, done.record.pk, sent)


def _in_doubt(request: Any, sent: dict[str, str]) -> list[Similar]:
    """Whom it may be and who is not certain: asked once. Who is certain is found by the action itself."""
    rtype = type_of(PERSON)
    if request.POST.get("asked") or sent["person"] or not request.scope.may(rtype, "view"):
        return []
    values: dict[str, Any] = {name: sent[name] for name in ("first_name", "last_name")}
    values |= {kind: [{"value": sent[name]}] for name, kind in (("email", "emails"), ("phone", "phones")) if sent[name]}
    with tenancy.reading():
        found = similar(request.scope, rtype, values, limit=3)
    return [] if found and found[0].certain else found


def _keep_photo(request: Any, lead: UUID) -> None:
    """The photo of the card lies beside the lead; without it the lead stands all the same."""
    photo = request.FILES.get("photo")
    if photo is not None and request.scope.may(type_of("kernel.file"), "create"):
        try:
            store(request.actor, photo, [lead])
        except Refused as no:
            say_done(request, str(no.message))


def _told(request: Any, done: actions.Done) -> str:
    """Whom it was, and whether they were known."""
    facts = next((e.parameters for e in done.events if e.record_type == LEAD), {})
    person = done.record.person
    with tenancy.reading():
        name = names(request.scope, [person], PERSON).get(person) if person else None
    if name is None:
        return _("Lead saved.")
    known = _("Lead saved for %(name)s, who was known already.")
    return (known if facts.get("person_known") else _("Lead saved for %(name)s, who is new.")) % {"name": name.title}


def _arrived(request: Any, lead: UUID, sent: dict[str, str]) -> HttpResponse:
    to = reverse("record", args=[type_of(LEAD).slug, lead])
    if request.POST.get("another"):
        to = f"{reverse('lead_capture')}?{urlencoded({name: sent[name] for name in STAYS})}"
    return JsonResponse({"location": to}) if wants_json(request) else HttpResponseRedirect(to)


def _page(
    request: Any, sent: dict[str, str], *, alike: list[Similar] | None = None, refused: Refused | None = None
) -> HttpResponse:
    errors = {one.field or "": str(one.message) for one in refused.all()} if refused else {}
    context = {
        "rtype": type_of(PERSON),
        "sent": sent,
        "intake": sent.get("intake") or str(uuid7()),
        "alike": alike or [],
        "asked": bool(alike) or bool(request.POST.get("asked")),
        "refused": refused,
        "errors": errors,
        "names": NAMES,
    }
    template = "sales/_capture.html" if wants_json(request) else "sales/capture.html"
    with tenancy.reading():
        return render(request, template, context, status=refused.status if refused else 200)
